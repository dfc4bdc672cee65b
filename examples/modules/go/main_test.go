package main

import (
	"errors"
	"reflect"
	"testing"

	"thalweg"
)

// Nulls: the delay of row 3, the distance of row 2.
var columns = []thalweg.Given{
	thalweg.Column("delay", []int32{45, 30, 31, 0, 90}, thalweg.Bits{0b10111}),
	thalweg.Column("distance", []float64{100, 200, 0, 300, -1}, thalweg.Bits{0b11011}),
}

func TestLateFlightsAreKeptInKilometres(t *testing.T) {
	outcome, err := thalweg.Run("{}", columns...)
	if err != nil {
		t.Fatal(err)
	}
	rows := []map[string]any{
		{"delay": int32(45), "distance": 160.9344},
		{"delay": int32(31), "distance": nil},
	}
	if !reflect.DeepEqual(outcome.Rows, rows) {
		t.Errorf("rows %v", outcome.Rows)
	}
	if refused := map[int]string{4: "the distance is negative"}; !reflect.DeepEqual(outcome.Refused, refused) {
		t.Errorf("refused %v", outcome.Refused)
	}
}

func TestTheConfigurationIsChecked(t *testing.T) {
	for config, key := range map[string]string{`{"min": "x"}`: "min", `{"mn": 1}`: "mn"} {
		_, err := thalweg.Run(config, columns...)
		var wrong *thalweg.ConfigError
		if !errors.As(err, &wrong) || wrong.Key != key {
			t.Errorf("%s: %v", config, err)
		}
	}
}

package main

import (
	"testing"

	"thalweg"
)

func TestDistancesAreScaled(t *testing.T) {
	distances := thalweg.Column("distance", []float64{100, 0, -1}, thalweg.Bits{0b101})
	outcome, err := thalweg.Run(`{"factor": 1.609344}`, distances)
	if err != nil {
		t.Fatal(err)
	}
	if len(outcome.Rows) != 2 || outcome.Rows[0]["distance"] != 160.9344 || outcome.Rows[1]["distance"] != nil {
		t.Errorf("rows %v", outcome.Rows)
	}
	if outcome.Refused[2] != "a distance of -1" {
		t.Errorf("refused %v", outcome.Refused)
	}
}

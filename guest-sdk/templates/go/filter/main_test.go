package main

import (
	"testing"

	"thalweg"
)

func TestLateFlightsAreKept(t *testing.T) {
	delays := thalweg.Column("delay", []int32{45, 10, 0, 30}, thalweg.Bits{0b1011})
	outcome, err := thalweg.Run(`{"min": 30}`, delays)
	if err != nil {
		t.Fatal(err)
	}
	if len(outcome.Rows) != 2 || outcome.Rows[0]["delay"] != int32(45) || outcome.Rows[1]["delay"] != int32(30) {
		t.Errorf("rows %v", outcome.Rows)
	}
}

// A module in Go: keeps the flights that left late, with their distance in kilometres.
package main

import "thalweg"

type settings struct {
	Min    int32   `json:"min" doc:"More minutes of delay than these are late."`
	Factor float64 `json:"factor" doc:"Kilometres in one unit of the distance."`
}

func init() {
	defaults := settings{Min: 30, Factor: 1.609344}
	thalweg.Export("keeps the flights that left late, with their distance in kilometres", defaults, open)
}

func open(plan *thalweg.Plan, settings settings) (thalweg.Apply, error) {
	delay := thalweg.Read[int32](plan, "delay")
	distance := thalweg.Read[float64](plan, "distance")
	output := thalweg.Write[float64](plan, "distance")

	return func(batch thalweg.Batch) (thalweg.Answer, error) {
		delays, delayed := delay.Of(batch)
		distances, measured := distance.Of(batch)
		keep := thalweg.NewBits(batch.Rows)
		var refusals thalweg.Refusals
		for row, minutes := range delays {
			if minutes <= settings.Min || !delayed.At(row) {
				continue
			}
			keep.Set(row)
			if distances[row] < 0 && measured.At(row) {
				refusals.Push(row, "the distance is negative")
			}
			distances[row] *= settings.Factor
		}
		return plan.Replaced(keep, refusals, output.Column(distances, measured)), nil
	}, nil
}

// The host calls what is exported; a program needs a main all the same.
func main() {}

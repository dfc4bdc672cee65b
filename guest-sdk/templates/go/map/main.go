// A map: gives distances in another unit.
package main

import (
	"fmt"

	"thalweg"
)

// What can be set: `--set factor=1.852` at the command line, `config = { factor = 1.852 }` in a chain file.
type settings struct {
	Factor float64 `json:"factor" doc:"How many of the new unit are one of the old."`
}

func init() {
	thalweg.Export("gives distances in another unit, and refuses what is no distance", settings{Factor: 1}, open)
}

func open(plan *thalweg.Plan, settings settings) (thalweg.Apply, error) {
	input := thalweg.Read[float64](plan, "distance")
	output := thalweg.Write[float64](plan, "distance")

	return func(batch thalweg.Batch) (thalweg.Answer, error) {
		distances, valid := input.Of(batch)
		var refusals thalweg.Refusals
		for row, distance := range distances {
			if valid.At(row) && distance < 0 {
				refusals.Push(row, fmt.Sprintf("a distance of %v", distance))
			}
			distances[row] = distance * settings.Factor
		}
		return plan.Replaced(nil, refusals, output.Column(distances, valid)), nil
	}, nil
}

// The host calls what is exported; a program needs a main all the same.
func main() {}

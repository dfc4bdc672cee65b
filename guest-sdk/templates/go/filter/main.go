// A filter: keeps flights that left late.
package main

import "thalweg"

// What can be set: `--set min=45` at the command line, `config = { min = 45 }` in a chain file.
type settings struct {
	Min int32 `json:"min" doc:"Minutes from which a flight is late."`
}

func init() {
	thalweg.Export("keeps flights that left late", settings{Min: 30}, open)
}

func open(plan *thalweg.Plan, settings settings) (thalweg.Apply, error) {
	delay := thalweg.Read[int32](plan, "delay")

	return func(batch thalweg.Batch) (thalweg.Answer, error) {
		delays, valid := delay.Of(batch)
		keep := thalweg.NewBits(batch.Rows)
		for row, minutes := range delays {
			if valid.At(row) && minutes >= settings.Min {
				keep.Set(row)
			}
		}
		return thalweg.Kept(keep, thalweg.Refusals{}), nil
	}, nil
}

// The host calls what is exported; a program needs a main all the same.
func main() {}

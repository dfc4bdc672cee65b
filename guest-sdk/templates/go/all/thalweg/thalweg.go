// Package thalweg makes a module in Go short: the configuration as a struct, columns by their names as slices of Go's
// types, and the answers.
package thalweg

import (
	"thalweg/bindings/export_thalweg_module_transform"
	"thalweg/bindings/thalweg_module_transform"
	"thalweg/bindings/thalweg_module_types"
	"thalweg/wit/types"
)

type (
	// Batch is the rows of one call, as the columns that the plan reads.
	Batch = thalweg_module_types.Batch
	// Answer is what became of a batch.
	Answer = thalweg_module_transform.Answer
	// Apply answers a batch. An error refuses the whole batch.
	Apply = func(batch Batch) (Answer, error)
)

// Export sets what the component is, from a function init of package main. summary says what the module does, defaults is
// a struct with the configuration where nothing is set (see the tags json and doc in Schema), and open says which columns
// the module reads and writes and returns the function that answers a batch.
func Export[Settings any](summary string, defaults Settings, open func(*Plan, Settings) (Apply, error)) {
	export_thalweg_module_transform.Exported = &module[Settings]{summary, defaults, open, nil}
}

type module[Settings any] struct {
	summary  string
	defaults Settings
	open     func(*Plan, Settings) (Apply, error)
	apply    Apply
}

func (module *module[Settings]) Describe() thalweg_module_transform.Description {
	return thalweg_module_transform.Description{Summary: module.summary, Parameters: Schema(module.defaults)}
}

func (module *module[Settings]) Open(context thalweg_module_transform.Context) export_thalweg_module_transform.Opened {
	defer lastWords()
	plan, err := module.start(context)
	if err != nil {
		return types.Err[thalweg_module_transform.Plan](code(err))
	}
	return types.Ok[thalweg_module_transform.Plan, thalweg_module_transform.ErrorCode](plan)
}

func (module *module[Settings]) start(context thalweg_module_transform.Context) (thalweg_module_transform.Plan, error) {
	settings := module.defaults
	if err := configure(context.Config, &settings); err != nil {
		return thalweg_module_transform.Plan{}, err
	}
	plan := newPlan(context)
	apply, err := module.open(plan, settings)
	if err != nil {
		return thalweg_module_transform.Plan{}, err
	}
	module.apply = apply
	return plan.finish()
}

func (module *module[Settings]) Apply(batch Batch) export_thalweg_module_transform.Applied {
	defer lastWords()
	answer, err := module.apply(batch)
	if err != nil {
		return types.Err[Answer](code(err))
	}
	return types.Ok[Answer, thalweg_module_transform.ErrorCode](answer)
}

// Kept is the answer of a filter: the rows whose bit is set.
func Kept(keep Bits, refusals Refusals) Answer {
	selection := thalweg_module_transform.MakeSelectionRows(keep)
	return Answer{Outcome: thalweg_module_transform.MakeOutcomeKept(selection), Refused: refusals.finish()}
}

// Refusals are rows that the module refuses, each with a reason.
type Refusals struct {
	refused  thalweg_module_transform.Refusals
	messages map[string]uint32
}

// Push refuses a row; rows come rising.
func (refusals *Refusals) Push(row int, message string) {
	cause, known := refusals.messages[message]
	if !known {
		if refusals.messages == nil {
			refusals.messages = map[string]uint32{}
		}
		cause = uint32(len(refusals.refused.Messages))
		refusals.messages[message] = cause
		refusals.refused.Messages = append(refusals.refused.Messages, message)
	}
	refusals.refused.Rows = append(refusals.refused.Rows, uint32(row))
	refusals.refused.Causes = append(refusals.refused.Causes, cause)
}

func (refusals *Refusals) finish() types.Option[thalweg_module_transform.Refusals] {
	if len(refusals.refused.Rows) == 0 {
		return types.None[thalweg_module_transform.Refusals]()
	}
	return types.Some(refusals.refused)
}

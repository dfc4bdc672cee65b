package thalweg

import (
	"fmt"
	"slices"

	"thalweg/bindings/thalweg_module_transform"
	"thalweg/bindings/thalweg_module_types"
	"thalweg/wit/types"
)

// Plan is which columns a module reads and which it writes.
type Plan struct {
	// One is set by a module that must see all batches in order.
	One    bool
	input  thalweg_module_types.Schema
	reads  []uint32
	writes []thalweg_module_types.Field
	// The names of the written columns in the order of the output.
	written []string
	failed  error
}

func newPlan(context thalweg_module_transform.Context) *Plan {
	return &Plan{input: context.Input}
}

func (plan *Plan) find(name string) int {
	return slices.IndexFunc(plan.input.Columns, func(at uint32) bool { return plan.input.Fields[at].Name == name })
}

// Input is a column that is read, with values of one of Go's types.
type Input[T Native] struct {
	place int
}

// Read reads a column whose values fit T. Where there is none, the module does not open.
func Read[T Native](plan *Plan, name string) Input[T] {
	place := plan.find(name)
	switch expected := dataType[T](); {
	case place < 0:
		plan.fail("there is no column %s", name)
	case plan.input.Fields[plan.input.Columns[place]].DataType.Tag() != expected.Tag():
		plan.fail("column %s is of another type than %s", name, typeName(expected))
	}
	plan.reads = append(plan.reads, uint32(place))
	return Input[T]{len(plan.reads) - 1}
}

func (plan *Plan) fail(format string, arguments ...any) {
	if plan.failed == nil {
		plan.failed = &InputError{fmt.Sprintf(format, arguments...)}
	}
}

// Output is a column that is written, with values of one of Go's types.
type Output[T Native] struct {
	name string
	plan *Plan
}

// Write writes a column that may have nulls: in place of the one of that name, or behind the last.
func Write[T Native](plan *Plan, name string) Output[T] {
	plan.writes = append(plan.writes, thalweg_module_types.Field{Name: name, DataType: dataType[T](), Nullable: true})
	return Output[T]{name, plan}
}

func (plan *Plan) finish() (thalweg_module_transform.Plan, error) {
	finished := thalweg_module_transform.Plan{Reads: plan.reads, Instances: thalweg_module_transform.Instances_Any}
	if plan.One {
		finished.Instances = thalweg_module_transform.Instances_One
	}
	type output = types.Tuple2[thalweg_module_types.Schema, []thalweg_module_transform.Source]
	if len(plan.writes) == 0 {
		finished.Output = types.None[output]()
		return finished, plan.failed
	}
	schema := thalweg_module_types.Schema{
		Fields: slices.Clone(plan.input.Fields), Columns: slices.Clone(plan.input.Columns), PrimaryKey: plan.input.PrimaryKey,
	}
	written := map[string]bool{}
	for _, field := range plan.writes {
		written[field.Name] = true
		place := plan.find(field.Name)
		switch {
		case place < 0:
			schema.Columns = append(schema.Columns, uint32(len(schema.Fields)))
			schema.Fields = append(schema.Fields, field)
		case isFlat(schema.Fields[schema.Columns[place]].DataType):
			schema.Fields[schema.Columns[place]] = field
		default:
			plan.fail("column %s cannot be replaced, for its type", field.Name)
		}
	}
	sources := make([]thalweg_module_transform.Source, len(schema.Columns))
	for place, at := range schema.Columns {
		if name := schema.Fields[at].Name; written[name] {
			plan.written = append(plan.written, name)
			sources[place] = thalweg_module_transform.MakeSourceWritten()
		} else {
			sources[place] = thalweg_module_transform.MakeSourceInput(uint32(place))
		}
	}
	finished.Output = types.Some(output{F0: schema, F1: sources})
	return finished, plan.failed
}

// Replaced is the answer of a map: the rows whose bit is set (nil keeps all), with a value a row in each written column.
func (plan *Plan) Replaced(keep Bits, refusals Refusals, columns ...Written) Answer {
	ordered := make([]thalweg_module_types.Column, len(plan.written))
	for _, column := range columns {
		ordered[slices.Index(plan.written, column.name)] = column.column
	}
	selection := thalweg_module_transform.MakeSelectionAll()
	if keep != nil {
		selection = thalweg_module_transform.MakeSelectionRows(keep)
	}
	replaced := types.Tuple2[thalweg_module_transform.Selection, []thalweg_module_types.Column]{F0: selection, F1: ordered}
	return Answer{Outcome: thalweg_module_transform.MakeOutcomeReplaced(replaced), Refused: refusals.finish()}
}

//go:build !wasm

package thalweg

import (
	"fmt"

	"thalweg/bindings/export_thalweg_module_transform"
	"thalweg/bindings/thalweg_module_transform"
	"thalweg/bindings/thalweg_module_types"
	"thalweg/wit/types"
)

// Given is a column of rows that a test gives to the module.
type Given struct {
	field  thalweg_module_types.Field
	column thalweg_module_types.Column
	rows   int
}

// Column is a column for Run, with a value a row. valid says which are no nulls; nil means that none is.
func Column[T Native](name string, values []T, valid Bits) Given {
	written := Output[T]{name: name}.Column(values, valid)
	return Given{thalweg_module_types.Field{Name: name, DataType: dataType[T](), Nullable: true}, written.column, len(values)}
}

// Outcome is what became of the rows of a test.
type Outcome struct {
	// Rows are those that go on: each column's value by its name, nil for a null.
	Rows []map[string]any
	// Refused has the reason for each row that was refused.
	Refused map[int]string
}

// Run runs rows through the module that was exported, without a host. config is a JSON object.
func Run(config string, columns ...Given) (Outcome, error) {
	context := thalweg_module_transform.Context{Table: "test.rows", Config: config}
	for at, column := range columns {
		context.Input.Fields = append(context.Input.Fields, column.field)
		context.Input.Columns = append(context.Input.Columns, uint32(at))
	}
	opened := export_thalweg_module_transform.Open(context)
	if opened.Tag() == types.ResultErr {
		return Outcome{}, fault(opened.Err())
	}
	plan := opened.Ok()
	batch := Batch{Rows: uint32(columns[0].rows)}
	for _, place := range plan.Reads {
		batch.Columns = append(batch.Columns, columns[place].column)
	}
	applied := export_thalweg_module_transform.Apply(batch)
	if applied.Tag() == types.ResultErr {
		return Outcome{}, fault(applied.Err())
	}
	return outcome(plan, applied.Ok(), columns), nil
}

func outcome(plan thalweg_module_transform.Plan, answer Answer, columns []Given) Outcome {
	outcome := Outcome{Refused: map[int]string{}}
	if answer.Refused.Tag() == types.OptionSome {
		refused := answer.Refused.Some()
		for at, row := range refused.Rows {
			outcome.Refused[int(row)] = refused.Messages[refused.Causes[at]]
		}
	}
	keep, written := Bits(nil), []thalweg_module_types.Column(nil)
	if answer.Outcome.Tag() == thalweg_module_transform.Outcome_Replaced {
		replaced := answer.Outcome.Replaced()
		keep, written = selected(replaced.F0), replaced.F1
	} else {
		keep = selected(answer.Outcome.Kept())
	}
	names, after := output(plan, written, columns)
	for row := range columns[0].rows {
		if _, refused := outcome.Refused[row]; refused || !keep.At(row) {
			continue
		}
		values := map[string]any{}
		for at, column := range after {
			values[names[at]] = value(column, row, columns[0].rows)
		}
		outcome.Rows = append(outcome.Rows, values)
	}
	return outcome
}

func selected(selection thalweg_module_transform.Selection) Bits {
	if selection.Tag() == thalweg_module_transform.Selection_Rows {
		return selection.Rows()
	}
	return nil
}

// The names and columns after the module.
func output(plan thalweg_module_transform.Plan, written []thalweg_module_types.Column, columns []Given) (names []string, after []thalweg_module_types.Column) {
	if plan.Output.Tag() == types.OptionNone {
		for _, column := range columns {
			names, after = append(names, column.field.Name), append(after, column.column)
		}
		return names, after
	}
	output := plan.Output.Some()
	for place, source := range output.F1 {
		names = append(names, output.F0.Fields[output.F0.Columns[place]].Name)
		if source.Tag() == thalweg_module_transform.Source_Input {
			after = append(after, columns[source.Input()].column)
		} else {
			after, written = append(after, written[0]), written[1:]
		}
	}
	return names, after
}

func value(column thalweg_module_types.Column, row, rows int) any {
	if column.Validity.Tag() == types.OptionSome && !Bits(column.Validity.Some()).At(row) {
		return nil
	}
	switch values := unpack(column.Values, rows).(type) {
	case []bool:
		return values[row]
	case []int8:
		return values[row]
	case []int16:
		return values[row]
	case []int32:
		return values[row]
	case []int64:
		return values[row]
	case []float32:
		return values[row]
	case []float64:
		return values[row]
	case []string:
		return values[row]
	default:
		panic("no Native type")
	}
}

func fault(code thalweg_module_transform.ErrorCode) error {
	switch code.Tag() {
	case thalweg_module_transform.ErrorCode_InvalidConfig:
		return &ConfigError{code.InvalidConfig().F0, code.InvalidConfig().F1}
	case thalweg_module_transform.ErrorCode_UnsuitableInput:
		return &InputError{code.UnsuitableInput()}
	default:
		return fmt.Errorf("%s", code.Other())
	}
}

package thalweg

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

type none struct{}

// A module that copies column a, of a type, to a new column b.
func copies[T Native](plan *Plan, _ none) (Apply, error) {
	a, b := Read[T](plan, "a"), Write[T](plan, "b")
	return func(batch Batch) (Answer, error) {
		values, valid := a.Of(batch)
		return plan.Replaced(nil, Refusals{}, b.Column(values, valid)), nil
	}, nil
}

func comesBack[T Native](t *testing.T, values ...T) {
	t.Helper()
	Export("", none{}, copies[T])
	outcome, err := Run("{}", Column("a", values, Bits{0b101}))
	if err != nil {
		t.Fatal(err)
	}
	for row, expected := range []any{values[0], nil, values[2]} {
		if found := outcome.Rows[row]["b"]; found != expected {
			t.Errorf("row %d is %v, not %v", row, found, expected)
		}
	}
}

func TestEveryTypeComesBackAsItWentIn(t *testing.T) {
	comesBack(t, true, false, false)
	comesBack[int8](t, -128, 0, 127)
	comesBack[int16](t, -1, 0, 2)
	comesBack[int32](t, -3, 0, 4)
	comesBack[int64](t, -1<<63, 0, 1<<63-1)
	comesBack[float32](t, 0.5, 0, -2)
	comesBack(t, 0.1, 0, -0.25)
	comesBack(t, "", "", "Tübingen 🛫")
}

func TestColumnsAreWrittenInTheOrderOfTheTable(t *testing.T) {
	Export("", none{}, func(plan *Plan, _ none) (Apply, error) {
		c, b, a := Write[string](plan, "c"), Write[string](plan, "b"), Write[string](plan, "a")
		return func(Batch) (Answer, error) {
			one := func(output Output[string], text string) Written { return output.Column([]string{text}, nil) }
			return plan.Replaced(nil, Refusals{}, one(a, "A"), one(b, "B"), one(c, "C")), nil
		}, nil
	})
	given := []int32{1}
	outcome, err := Run("{}", Column("a", given, nil), Column("x", given, nil), Column("b", given, nil))
	expected := []map[string]any{{"a": "A", "x": int32(1), "b": "B", "c": "C"}}
	if err != nil || !reflect.DeepEqual(outcome.Rows, expected) {
		t.Errorf("%v, %v", outcome.Rows, err)
	}
}

func TestAColumnThatIsMissingOrOfAnotherTypeIsNamed(t *testing.T) {
	Export("", none{}, copies[int32])
	for _, given := range []Given{Column("b", []int32{1}, nil), Column("a", []string{"x"}, nil)} {
		_, err := Run("{}", given)
		var missing *InputError
		if !errors.As(err, &missing) || !strings.Contains(missing.Missing, "column a") {
			t.Errorf("%v", err)
		}
	}
}

func TestAPanicIsLoggedBeforeItEndsTheInstance(t *testing.T) {
	Export("", none{}, func(*Plan, none) (Apply, error) { panic("out of luck") })
	defer func() {
		if recover() == nil || len(Logged) != 1 || Logged[0] != "out of luck" {
			t.Errorf("logged %v", Logged)
		}
	}()
	Run("{}", Column("a", []int32{1}, nil))
}

func TestTheConfigurationDescribesItself(t *testing.T) {
	settings := struct {
		Min  int32  `json:"min" doc:"The least."`
		Unit string `json:"unit"`
	}{30, "km"}
	schema := Schema(settings)
	for _, part := range []string{`"min":{"default":30,"description":"The least.","type":"integer"}`, `"unit":{"default":"km"`} {
		if !strings.Contains(schema, part) {
			t.Errorf("%s lacks %s", schema, part)
		}
	}
}

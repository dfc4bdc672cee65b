// Package types has what the contract's bindings need and Go lacks: options, results and tuples.
package types

// The cases of an Option.
const (
	OptionNone uint8 = iota
	OptionSome
)

// Option is a value or none.
type Option[T any] struct {
	some  bool
	value T
}

// None is no value.
func None[T any]() Option[T] {
	return Option[T]{}
}

// Some is a value.
func Some[T any](value T) Option[T] {
	return Option[T]{some: true, value: value}
}

// Tag says which case it is.
func (option Option[T]) Tag() uint8 {
	if option.some {
		return OptionSome
	}
	return OptionNone
}

// Some is the value, which must be there.
func (option Option[T]) Some() T {
	if !option.some {
		panic("an option without a value")
	}
	return option.value
}

// The cases of a Result.
const (
	ResultOk uint8 = iota
	ResultErr
)

// Result is a value or an error.
type Result[T, E any] struct {
	failed bool
	value  T
	err    E
}

// Ok is a value.
func Ok[T, E any](value T) Result[T, E] {
	return Result[T, E]{value: value}
}

// Err is an error.
func Err[T, E any](err E) Result[T, E] {
	return Result[T, E]{failed: true, err: err}
}

// Tag says which case it is.
func (result Result[T, E]) Tag() uint8 {
	if result.failed {
		return ResultErr
	}
	return ResultOk
}

// Ok is the value, of a result without an error.
func (result Result[T, E]) Ok() T {
	return result.value
}

// Err is the error, of a result without a value.
func (result Result[T, E]) Err() E {
	return result.err
}

// Tuple2 is two values.
type Tuple2[A, B any] struct {
	F0 A
	F1 B
}

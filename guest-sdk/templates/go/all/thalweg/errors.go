package thalweg

import (
	"fmt"

	"thalweg/bindings/thalweg_module_transform"
	"thalweg/wit/types"
)

// ConfigError says that the configuration is wrong.
type ConfigError struct {
	// Key is the key that is wrong; empty where it is the whole.
	Key string
	// Expected says what is expected.
	Expected string
}

func (err *ConfigError) Error() string {
	return fmt.Sprintf("configuration %q: %s", err.Key, err.Expected)
}

// InputError says that the input lacks a column, or has it with another type.
type InputError struct {
	// Missing says what is missing.
	Missing string
}

func (err *InputError) Error() string {
	return err.Missing
}

func code(err error) thalweg_module_transform.ErrorCode {
	switch err := err.(type) {
	case *ConfigError:
		pair := types.Tuple2[string, string]{F0: err.Key, F1: err.Expected}
		return thalweg_module_transform.MakeErrorCodeInvalidConfig(pair)
	case *InputError:
		return thalweg_module_transform.MakeErrorCodeUnsuitableInput(err.Missing)
	default:
		return thalweg_module_transform.MakeErrorCodeOther(err.Error())
	}
}

// A panic ends the instance, and its message would be lost: it is logged first, and the host then names it as the cause.
func lastWords() {
	if message := recover(); message != nil {
		Log(Error, fmt.Sprint(message))
		panic(message)
	}
}

package thalweg

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Schema is the JSON Schema of a configuration: a struct whose fields have the tags json, with the key's name, and doc.
// Each key may be left out; it then has the value of defaults.
func Schema(defaults any) string {
	value := reflect.ValueOf(defaults)
	properties := map[string]any{}
	for at := range value.NumField() {
		field := value.Type().Field(at)
		properties[key(field)] = map[string]any{
			"type":        jsonType(field.Type),
			"description": field.Tag.Get("doc"),
			"default":     value.Field(at).Interface(),
		}
	}
	schema, err := json.Marshal(map[string]any{
		"type": "object", "properties": properties, "additionalProperties": false,
	})
	if err != nil {
		panic(fmt.Sprintf("the configuration cannot be described: %v", err))
	}
	return string(schema)
}

func key(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if name == "" {
		return field.Name
	}
	return name
}

func jsonType(of reflect.Type) string {
	switch of.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	default:
		return "integer"
	}
}

// Reads a configuration over the defaults; the error names the key.
func configure(text string, settings any) error {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(settings)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &wrong):
		return &ConfigError{wrong.Field, fmt.Sprintf("must be a value of type %s", jsonType(wrong.Type))}
	}
	// encoding/json names an unknown key only in its text.
	if _, rest, found := strings.Cut(err.Error(), `unknown field "`); found {
		return &ConfigError{strings.TrimSuffix(rest, `"`), "there is no such key"}
	}
	return &ConfigError{"", err.Error()}
}

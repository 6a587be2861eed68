package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"quintet/engine"
)

// MaxDepth is how deep objects and arrays may stand in each other.
const MaxDepth = 64

// Decode reads one JSON value into dst and refuses what encoding/json lets
// pass: a member that stands twice, one spelt in another case, an unknown
// member, something after the value, null among the values of an array or a map
// that cannot be null, nesting beyond MaxDepth, invalid UTF-8.
// Types that read themselves are left to their own rules.
func Decode(data []byte, dst any) error {
	t := reflect.TypeOf(dst).Elem()
	s := scan{data: data, root: shapeOf(t)}
	if err := s.check(); err != nil {
		return notJSON(err)
	}
	if string(bytes.TrimSpace(data)) == "null" && t.Kind() == reflect.Struct {
		return refuse(engine.FieldError{Location: "body", Message: "is null and should be " + article(t)})
	}
	err := json.Unmarshal(data, dst)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return notJSON(describe(syntax))
	}
	if s.unknown != "" {
		return refuse(engine.FieldError{Location: s.unknown, Message: "unknown field"})
	}
	if err == nil && s.null != "" {
		return refuse(engine.FieldError{Location: s.null, Message: "is null and should be a value"})
	}
	if err == nil {
		return nil
	}
	field := engine.FieldError{Location: "body", Message: strings.TrimPrefix(err.Error(), "json: ")}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field = engine.FieldError{Location: strings.TrimSuffix("body."+wrong.Field, "."), Message: "is " + found(wrong.Value) + " and should be " + article(wrong.Type)}
	}
	return refuse(field)
}

func notJSON(err error) error {
	return engine.Errorf(engine.Malformed, "malformed_json", "%s", err)
}

func refuse(field engine.FieldError) error {
	return &engine.Error{Kind: engine.Invalid, Code: "validation_failed", Detail: field.Location + ": " + field.Message, Fields: []engine.FieldError{field}}
}

// found says what encoding/json describes as in "string" or "number 1.5".
func found(value string) string {
	if number, ok := strings.CutPrefix(value, "number "); ok {
		return number
	}
	if value == "object" || value == "array" {
		return "an " + value
	}
	return "a " + value
}

func article(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number in its range"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a number"
}

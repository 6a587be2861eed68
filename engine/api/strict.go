package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"quintet/engine"
)

// MaxDepth is how deep objects and arrays may stand in each other.
const MaxDepth = 64

// Decode reads one JSON value into dst and refuses what encoding/json lets
// pass: a member that stands twice, one spelt in another case, an unknown
// member, something after the value, nesting beyond MaxDepth, invalid UTF-8.
func Decode(data []byte, dst any) error {
	if err := CheckJSON(data); err != nil {
		return engine.Errorf(engine.Malformed, "malformed_json", "%s", err)
	}
	if t := reflect.TypeOf(dst).Elem(); string(bytes.TrimSpace(data)) == "null" && t.Kind() == reflect.Struct {
		return refuse(engine.FieldError{Location: "body", Message: "is null and should be " + article(t)})
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(dst)
	if err == nil {
		err = checkCase(data, reflect.TypeOf(dst))
	}
	if err == nil {
		return nil
	}
	field := engine.FieldError{Location: "body", Message: err.Error()}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field = engine.FieldError{Location: strings.TrimSuffix("body."+wrong.Field, "."), Message: "is " + found(wrong.Value) + " and should be " + article(wrong.Type)}
	}
	field.Message = strings.TrimPrefix(field.Message, "json: ")
	return refuse(field)
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

// checkCase refuses members that match a field only when case is ignored, as
// encoding/json does. It follows structs, pointers and slices.
func checkCase(data []byte, t reflect.Type) error {
	switch t.Kind() {
	case reflect.Pointer:
		return checkCase(data, t.Elem())
	case reflect.Slice, reflect.Array:
		var items []json.RawMessage
		if json.Unmarshal(data, &items) != nil {
			return nil // bytes in base64, or a type that reads itself
		}
		for _, item := range items {
			if err := checkCase(item, t.Elem()); err != nil {
				return err
			}
		}
		return nil
	case reflect.Struct:
		return checkMembers(data, t)
	}
	return nil
}

func checkMembers(data []byte, t reflect.Type) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return nil // a type that reads itself, such as time.Time
	}
	known := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		known[name] = f.Type
	}
	for name, value := range members {
		field, ok := known[name]
		if !ok {
			return fmt.Errorf("unknown field %q", name)
		}
		if err := checkCase(value, field); err != nil {
			return err
		}
	}
	return nil
}

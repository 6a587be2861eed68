package web

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"quintet/engine/api"
)

func TestStrictJSON(t *testing.T) {
	var v struct {
		Inner struct{ N int }
	}
	for text, want := range map[string]string{
		`{"Inner":{"N":1}}`:         "",
		`{"Inner":`:                 "at byte",
		`{} x`:                      "after the JSON value",
		``:                          "cut off",
		`{"Inner":{"N":"hunter2"}}`: "Inner.N cannot hold a string",
		`{"a":1,"a":1}`:             "twice",
	} {
		err := strictJSON.Unmarshal([]byte(text), &v)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// TestStrictJSONNumber: the value that validates a body has no field to name.
func TestStrictJSONNumber(t *testing.T) {
	var v any
	if err := strictJSON.Unmarshal([]byte(`{"weight":1e999}`), &v); err == nil || err.Error() != "there can be no number 1e999 here" {
		t.Errorf("got %v", err)
	}
}

// FuzzStrictJSON holds that strict JSON is encoding/json, but for what
// api.CheckJSON refuses.
func FuzzStrictJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x\\\"",null,{"b":-1.5e3}]}`, `{"a":1,"a":2}`, `{"a" :1,"\u0061":2}`, "[[[]]] x", "\"\xff\"", `{"a":"}{"}`, `"\`, `1e400`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var ours, theirs any
		errOurs, errTheirs := strictJSON.Unmarshal(data, &ours), json.Unmarshal(data, &theirs)
		if want := errTheirs == nil && api.CheckJSON(data) == nil; (errOurs == nil) != want {
			t.Fatalf("got %v, want taken: %v", errOurs, want)
		}
		if errOurs == nil && !reflect.DeepEqual(ours, theirs) {
			t.Fatalf("got %v, want %v", ours, theirs)
		}
	})
}

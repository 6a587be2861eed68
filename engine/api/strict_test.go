package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"quintet/engine/api"
)

// strictByTokens is the rule of CheckJSON written with encoding/json's tokens:
// slow, and the oracle of the one-pass scan.
func strictByTokens(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if !utf8.Valid(data) || !strictValue(d, 0) {
		return false
	}
	_, err := d.Token()
	return err == io.EOF
}

func strictValue(d *json.Decoder, depth int) bool {
	token, err := d.Token()
	if err != nil {
		return false
	}
	open, ok := token.(json.Delim)
	if !ok {
		return true
	}
	if depth++; depth > api.MaxDepth {
		return false
	}
	names := map[string]bool{}
	for d.More() {
		if open == '{' {
			token, err := d.Token()
			if err != nil {
				return false
			}
			name, isName := token.(string)
			if !isName || names[name] {
				return false
			}
			names[name] = true
		}
		if !strictValue(d, depth) {
			return false
		}
	}
	_, err = d.Token()
	return err == nil
}

// decodeByTwo is the rule of Decode written with encoding/json's own decoder
// and a second pass that compares the spelling: the oracle of the shapes.
func decodeByTwo(data []byte, dst any) bool {
	if !strictByTokens(data) || string(bytes.TrimSpace(data)) == "null" {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(dst) == nil && spelt(data, reflect.TypeOf(dst).Elem())
}

func spelt(data []byte, t reflect.Type) bool {
	var items []json.RawMessage
	var members map[string]json.RawMessage
	switch t.Kind() {
	case reflect.Pointer:
		return spelt(data, t.Elem())
	case reflect.Slice:
		_ = json.Unmarshal(data, &items)
	case reflect.Map, reflect.Struct:
		_ = json.Unmarshal(data, &members)
	}
	for _, item := range items {
		isNumber := t.Elem().Kind() == reflect.Int
		if isNumber && string(item) == "null" || !spelt(item, t.Elem()) {
			return false
		}
	}
	for name, value := range members {
		of := t
		if t.Kind() == reflect.Map {
			of = t.Elem()
		} else if i := slices.IndexFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return f.Tag.Get("json") == name }); i >= 0 {
			of = reflect.VisibleFields(t)[i].Type
		} else {
			return false
		}
		if !spelt(value, of) {
			return false
		}
	}
	return true
}

func FuzzDecode(f *testing.F) {
	type inner struct {
		B []int `json:"b"`
	}
	type body struct {
		A  string           `json:"a"`
		In *inner           `json:"in"`
		L  []inner          `json:"l"`
		M  map[string]inner `json:"m"`
		R  json.RawMessage  `json:"r"`
		T  time.Time        `json:"t"`
		N  []body           `json:"n"`
	}
	for _, seed := range []string{
		`{"a":"x","in":{"b":[1]},"l":[{"b":[]},{}],"m":{"B":{"b":null}},"r":{"B":{"b":1}},"t":"2026-01-02T03:04:05Z"}`, `{"A":"x"}`, `{"in":{"B":[]}}`,
		`{"l":[{"b":[]},{"B":[]}]}`, `{"m":{"x":{"B":[]}}}`, `{"n":[{"n":[{"A":""}]},{"a":""}]}`, `{"l":{"b":1}}`, `{"in":[{"b":1}]}`, `{"a":1.5}`, `[]`, `null`, `{"m":[{"x":1}]}`,
		`{"r":[{"a":1},{"a":2}],"q":1}`, `{"a" "A":1}`, `{"n":[[{"A":1}]]}`, `{"in":null,"l":null,"\u0061":"x"}`, `{"in":{"b":[1,null]}}`, `{"n":[null],"r":[null]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got, want body
		ok, wanted := api.Decode(data, &got) == nil, decodeByTwo(data, &want)
		if ok != wanted {
			t.Fatalf("%q: accepted %v; by two passes %v", data, ok, wanted)
		}
		if ok && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: read %v; by two passes %v", data, got, want)
		}
	})
}

func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,{"b":null}],"c":"\u0041"}`, `[`, `{"a":1,"a":2}`, "\xff", `{"a":1,"\u0061":2}`, `1 2`, `{"a":{"b":1},"b":1}`,
		`{"a" :"b","b":"a"}`, `["a","a"]`, ` [ -0.5e+1 , 1E5,0 ]`, `01`, `-`, `1.`, `.5`, `1e`, `tru`, `nullx`, `"\x"`, `"\u12G4"`, "\"\x1f\"", `{"a":1,}`, `[1,]`, `{a:1}`, `{"a"}`, `{,}`, `{"a":1}}`, `{"\ud800":1,"\ud801":2}`, `{"a\":1,"a":2}`, `{"":1}`, ` {} `, `{"a":"}{"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, want := api.CheckJSON(data) == nil, strictByTokens(data); got != want {
			t.Fatalf("%q: accepted %v; by tokens %v", data, got, want)
		}
		holdObject(t, data)
	})
}

// holdObject reads an object by encoding/json, too.
func holdObject(t *testing.T, data []byte) {
	var want map[string]json.RawMessage
	o, err := api.ParseObject(data)
	if (err == nil) != (api.CheckJSON(data) == nil) {
		t.Fatalf("%q: %v as an object, and %v as a value", data, err, api.CheckJSON(data))
	}
	if isObject := err == nil && json.Unmarshal(data, &want) == nil && want != nil; isObject != (o != nil) {
		t.Fatalf("%q: an object %v, by encoding/json %v", data, o != nil, isObject)
	} else if !isObject {
		return
	}
	var compact bytes.Buffer
	if _ = json.Compact(&compact, data); o.Compact != (compact.String() == string(data)) {
		t.Fatalf("%q: compact %v", data, o.Compact)
	}
	if len(o.Members) != len(want) {
		t.Fatalf("%q: %d members, by encoding/json %d", data, len(o.Members), len(want))
	}
	for _, m := range o.Members {
		if value, has := want[m.Name]; !has || !bytes.Equal(value, m.Value) {
			t.Fatalf("%q: the member %q is %s, by encoding/json %s", data, m.Name, m.Value, value)
		}
	}
}

package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
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

func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,{"b":null}],"c":"\u0041"}`, `[`, `{"a":1,"a":2}`, "\xff", `{"a":1,"\u0061":2}`, `1 2`, `{"a":{"b":1},"b":1}`,
		`{"a" :"b","b":"a"}`, `["a","a"]`, `{"a":1}}`, `{"\ud800":1,"\ud801":2}`, `{"a\":1,"a":2}`, `{"":1}`, ` {} `, `{"a":"}{"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, want := api.CheckJSON(data) == nil, strictByTokens(data); got != want {
			t.Fatalf("%q: accepted %v; by tokens %v", data, got, want)
		}
	})
}

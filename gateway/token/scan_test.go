package token_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"quintet/gateway/token"
)

func TestScan(t *testing.T) {
	f := func(name, data string, want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got, ok := token.Scan([]byte(data), 3)
			if refused := len(want) == 1 && want[0] == "refused"; ok == refused {
				t.Fatalf("accepted: %v", ok)
			} else if !refused && fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("members %q; want %q", got, want)
			}
		})
	}
	const refused = "refused"
	f("OK/empty", `{}`)
	f("OK/space", " \t\r\n{ \"a\" : 1 , \"b\" : \"x\" } \n", "a", "1", "b", `"x"`)
	f("OK/all kinds", `{"a":null,"b":true,"c":false,"d":-0.5e+10,"e":[],"f":{},"g":""}`, "a", "null", "b", "true", "c", "false", "d", "-0.5e+10", "e", "[]", "f", "{}", "g", `""`)
	f("OK/escapes", `{"a":"\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00"}`, "a", `"\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00"`)
	f("OK/names that differ by case", `{"a":1,"A":2}`, "a", "1", "A", "2")
	f("OK/the same name at two levels", `{"a":{"a":1}}`, "a", `{"a":1}`)
	f("OK/as deep as allowed", `{"a":[{}]}`, "a", `[{}]`)

	f("Err/nothing", ``, refused)
	f("Err/an array", `[]`, refused)
	f("Err/a string", `"a"`, refused)
	f("Err/cut off", `{"a":1`, refused)
	f("Err/cut off in a string", `{"a":"`, refused)
	f("Err/cut off in an escape", `{"a":"\`, refused)
	f("Err/cut off in a number", `{"a":-`, refused)
	f("Err/behind the object", `{} x`, refused)
	f("Err/two objects", `{}{}`, refused)
	f("Err/a zero behind", "{}\x00", refused)
	f("Err/BOM", "\ufeff{}", refused)
	f("Err/twice", `{"a":1,"a":1}`, refused)
	f("Err/twice below", `{"x":{"a":1,"a":1}}`, refused)
	f("Err/twice in an array", `{"x":[{"a":1,"a":1}]}`, refused)
	f("Err/twice by escape", `{"a":1,"\u0061":1}`, refused)
	f("Err/name with an escape", `{"\u0061":1}`, refused)
	f("Err/name beyond ASCII", `{"ſub":1}`, refused)
	f("Err/name with a control character", "{\"a\x7f\":1}", refused)
	f("Err/too deep", `{"a":[[[]]]}`, refused)
	f("Err/5,000 deep", `{"a":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}`, refused)
	f("Err/invalid UTF-8", "{\"a\":\"\xff\"}", refused)
	f("Err/half a surrogate", `{"a":"\ud800"}`, refused)
	f("Err/half a surrogate, second", `{"a":"\ude00"}`, refused)
	f("Err/two first halves", `{"a":"\ud800\ud800"}`, refused)
	f("Err/control character", "{\"a\":\"\n\"}", refused)
	f("Err/unknown escape", `{"a":"\x41"}`, refused)
	f("Err/trailing comma", `{"a":1,}`, refused)
	f("Err/missing comma", `{"a":1 "b":2}`, refused)
	f("Err/missing colon", `{"a" 1}`, refused)
	f("Err/leading zero", `{"a":01}`, refused)
	f("Err/plus", `{"a":+1}`, refused)
	f("Err/no digits behind the point", `{"a":1.}`, refused)
	f("Err/no exponent", `{"a":1e}`, refused)
	f("Err/NaN", `{"a":NaN}`, refused)
	f("Err/single quotes", `{'a':1}`, refused)
	f("Err/comment", `{"a":1/**/}`, refused)
	many := &bytes.Buffer{}
	for i := range token.MaxMembers {
		fmt.Fprintf(many, `"%d":0,`, i)
	}
	f("Err/too many members", "{"+many.String()+`"last":0}`, refused)
}

// FuzzScan holds the scanner against encoding/json: it accepts nothing that
// encoding/json refuses, reads the same where both accept, and refuses no
// object without a reason of its own.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, `{"a":"b","c":[1,2,{"d":null}]}`, `{"a":1,"a":2}`, `{"sub":"a","ſub":"b"}`, `{"a":"\ud83d\ude00"}`,
		`{"exp":1e400}`, `{"a":-0}`, "{\"a\":\"\xff\"}", `{"a":{"b":{"c":{"d":{}}}}}`, ` { } `, `{"":0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const depth = 4
		parts, ok := token.Scan(data, depth)
		reason := whyNot(data, depth)
		switch {
		case ok && reason != "":
			t.Fatalf("accepted although %s: %q", reason, data)
		case !ok && reason == "" && bytes.IndexByte(data, '\\') < 0: // escapes have rules of their own
			t.Fatalf("refused without a reason: %q", data)
		case !ok:
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(data, &members); err != nil || len(members) != len(parts)/2 {
			t.Fatalf("encoding/json reads %d members, %v; we read %d: %q", len(members), err, len(parts)/2, data)
		}
		for i := 0; i < len(parts); i += 2 {
			if string(members[parts[i]]) != parts[i+1] {
				t.Fatalf("member %q: %q; encoding/json reads %q", parts[i], parts[i+1], members[parts[i]])
			}
		}
	})
}

// whyNot says by means of encoding/json why data should be refused.
func whyNot(data []byte, depth int) string {
	if !json.Valid(data) || bytes.TrimLeft(data, " \t\r\n")[0] != '{' {
		return "it is no JSON object"
	}
	if !bytes.Equal(bytes.ToValidUTF8(data, nil), data) {
		return "it is not UTF-8"
	}
	d := json.NewDecoder(bytes.NewReader(data))
	return whyNotValue(d, depth)
}

func whyNotValue(d *json.Decoder, depth int) string {
	d.UseNumber()
	opening, _ := d.Token()
	if opening != json.Delim('{') && opening != json.Delim('[') {
		return ""
	}
	if depth == 0 {
		return "it is too deep"
	}
	names := map[string]bool{}
	for d.More() {
		if opening == json.Delim('{') {
			token, _ := d.Token()
			name := token.(string)
			if names[name] {
				return "a name stands twice"
			}
			names[name] = true
			for _, c := range name {
				if c < ' ' || c > '~' {
					return "a name is not printable ASCII"
				}
			}
		}
		if reason := whyNotValue(d, depth-1); reason != "" {
			return reason
		}
	}
	_, _ = d.Token()
	if len(names) > token.MaxMembers {
		return "it has too many members"
	}
	return ""
}

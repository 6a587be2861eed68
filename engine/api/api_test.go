package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quintet/engine"
	"quintet/engine/api"
)

func codeOf(err error) string {
	if own, ok := errors.AsType[*engine.Error](err); ok {
		return own.Code
	}
	return fmt.Sprint(err)
}

func TestNames(t *testing.T) {
	f := func(name string, ok bool) {
		t.Helper()
		if err := api.CheckName("queue", name); (err == nil) != ok {
			t.Errorf("name %q: %v; want ok %v", name, err, ok)
		}
	}
	f("a", true)
	f("a-b_c9", true)
	f(strings.Repeat("a", 63), true)
	f("", false)
	f("A", false)
	f("9a", false)
	f("a.b", false)
	f("a\n", false)
	f(strings.Repeat("a", 64), false)
	for id, ok := range map[string]bool{"a": true, "A.b_c~d-1": true, strings.Repeat("x", 128): true, "": false, "a/b": false, "a%2f": false, "ä": false, strings.Repeat("x", 129): false} {
		if err := api.CheckID("document", id); (err == nil) != ok {
			t.Errorf("id %q: %v; want ok %v", id, err, ok)
		}
	}
}

func TestDuration(t *testing.T) {
	f := func(text string, want time.Duration) {
		t.Helper()
		d, err := api.ParseDuration(text)
		if err != nil || time.Duration(d) != want {
			t.Errorf("%q reads as %v, %v; want %v", text, time.Duration(d), err, want)
		}
	}
	f("0s", 0)
	f("250ms", 250*time.Millisecond)
	f("90s", 90*time.Second)
	f("15m", 15*time.Minute)
	f("2d", 48*time.Hour)
	f("1w", 7*24*time.Hour)
	f("292y", 292*365*24*time.Hour)
	for _, bad := range []string{"", "s", "5", "-5s", "+5s", "1.5s", "5 s", "5S", "5sm", "5µs", "1h30m", "293y", "99999999999999999999s", "0x5s", "1_0s"} {
		if d, err := api.ParseDuration(bad); err == nil {
			t.Errorf("%q reads as %v; want a refusal", bad, d)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := api.Duration(time.Duration(rapid.Int64Range(0, 1<<40).Draw(rt, "ms")) * time.Millisecond)
		if back, err := api.ParseDuration(d.String()); err != nil || back != d {
			rt.Fatalf("%v writes %q and reads back as %v, %v", time.Duration(d), d, time.Duration(back), err)
		}
	})
}

func TestPage(t *testing.T) {
	key := func(n int) []byte { return []byte{byte(n)} }
	page := api.NewList([]int{1, 2, 3}, 2, key)
	if len(page.Items) != 2 || page.Next == nil {
		t.Fatalf("a full page is %v", page)
	}
	if from, err := api.ParseCursor(*page.Next); err != nil || from[0] != 2 {
		t.Errorf("the cursor stands for %v, %v; want the last item's key", from, err)
	}
	empty, err := json.Marshal(api.NewList[int](nil, 2, key))
	if err != nil || string(empty) != `{"items":[],"next":null}` {
		t.Errorf("an empty list is %s, %v", empty, err)
	}
	for _, bad := range []string{"!", "a", "AA==", strings.Repeat("A", 4000)} {
		if _, err := api.ParseCursor(bad); codeOf(err) != "invalid_cursor" {
			t.Errorf("cursor %.10q: %v", bad, err)
		}
	}
	for limit, ok := range map[int]bool{0: true, 1: true, 1000: true, -1: false, 1001: false} {
		if _, err := api.CheckLimit(limit); (err == nil) != ok {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

type thing struct {
	Name  string  `json:"name"`
	Count int     `json:"count,omitempty"`
	Inner *thing  `json:"inner,omitempty"`
	Tags  []thing `json:"tags,omitempty"`

	Numbers []float32 `json:"numbers,omitempty"`
}

func TestDecode(t *testing.T) {
	f := func(name, body, wantCode, wantDetail string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			var dst thing
			err := api.Decode([]byte(body), &dst)
			if wantCode == "" && err == nil {
				return
			}
			if codeOf(err) != wantCode || !strings.Contains(err.Error(), wantDetail) {
				t.Errorf("error %v; want %s with %q", err, wantCode, wantDetail)
			}
		})
	}
	f("OK", `{"name":"a","inner":{"name":"b"}}`, "", "")
	f("OK/white space", " {\"name\":\"a\"}\n", "", "")
	f("Err/empty", ``, "malformed_json", "cut off")
	f("Err/cut", `{"name":"a"`, "malformed_json", "cut off")
	f("Err/trailing", `{"name":"a"} x`, "malformed_json", "after the JSON value")
	f("Err/two values", `{}{}`, "malformed_json", "after the JSON value")
	f("Err/twice", `{"name":"a","name":"b"}`, "malformed_json", `"name" stands twice`)
	f("Err/twice inside", `{"inner":{"name":"a","name":"b"}}`, "malformed_json", "twice")
	f("Err/twice by escape", `{"name":"a","n\u0061me":"b"}`, "malformed_json", "twice")
	f("Err/not UTF-8", "{\"name\":\"\xff\"}", "malformed_json", "UTF-8")
	f("Err/deep", strings.Repeat("[", 65)+strings.Repeat("]", 65), "malformed_json", "deep")
	f("Err/unknown", `{"nme":"a"}`, "validation_failed", "body.nme: unknown field")
	f("Err/another case", `{"Name":"a"}`, "validation_failed", "body.Name: unknown field")
	f("Err/another case inside", `{"inner":{"NAME":"a"}}`, "validation_failed", "body.inner.NAME: unknown field")
	f("Err/another case in a list", `{"tags":[{"name":"a"},{"NAME":"b"}]}`, "validation_failed", "body.tags[1].NAME: unknown field")
	f("Err/long s", `{"tagſ":[]}`, "validation_failed", "unknown field")
	f("Err/wrong type", `{"count":"7"}`, "validation_failed", "body.count: is a string and should be a whole number")
	f("Err/fraction", `{"count":1.5}`, "validation_failed", "body.count: is 1.5 and should be a whole number in its range")
	f("Err/null", ` null `, "validation_failed", "body: is null and should be an object")
	f("Err/null in a list", `{"tags":[{"numbers":[1,2]},{"numbers":[1, null,3]}]}`, "validation_failed", "body.tags[1].numbers[1]: is null")
	f("OK/null for a list", `{"tags":null,"inner":null,"count":null}`, "", "")
	f("Err/not an object", `[]`, "validation_failed", "should be an object")
}

func TestLines(t *testing.T) {
	f := func(name, body, want, wantCode string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			var got []string
			err := api.Lines(strings.NewReader(body), 3, 20, func(line int, raw []byte) error {
				got = append(got, fmt.Sprintf("%d:%s", line, raw))
				return nil
			})
			if strings.Join(got, " ") != want || err == nil != (wantCode == "") || err != nil && codeOf(err) != wantCode {
				t.Errorf("%q, %v; want %q, %q", got, err, want, wantCode)
			}
		})
	}
	f("OK/empty", "", "", "")
	f("OK/lines", "{}\n{\"a\":1}\n", "1:{} 2:{\"a\":1}", "")
	f("OK/no last newline, CRLF, blank", "1\r\n\r\n2", "1:1 3:2", "")
	f("OK/array", " [1, {\"a\":2}]\n", "1:1 2:{\"a\":2}", "")
	f("OK/lines are not judged here", "{\n]", "1:{ 2:]", "")
	f("Err/too many lines", "1\n2\n3\n4", "1:1 2:2 3:3", "too_many_lines")
	f("Err/too many elements", "[1,2,3,4]", "1:1 2:2 3:3", "too_many_lines")
	f("Err/long line", strings.Repeat("1", 30), "", "line_too_large")
	f("Err/long element", "["+strings.Repeat("1", 30)+"]", "", "line_too_large")
	f("Err/array cut", "[1,", "1:1", "malformed_json")
	f("Err/array broken", "[1 2]", "1:1", "malformed_json")
	f("Err/after the array", "[1] 2", "1:1", "malformed_json")
}

func TestBulk(t *testing.T) {
	b := api.NewBulk()
	b.Accept()
	for i := range 150 {
		b.Reject(i+1, engine.Errorf(engine.Invalid, "bad", "no good"))
	}
	b.Reject(151, errors.New("secret path /etc"))
	if b.Accepted != 1 || b.Rejected != 151 || len(b.Errors) != 100 || b.Errors[0] != (api.LineError{Line: 1, Code: "bad", Detail: "no good"}) {
		t.Errorf("bulk answer %+v", b)
	}
	if e := api.NewLineError(1, errors.New("secret path /etc")); strings.Contains(e.Detail, "secret") {
		t.Errorf("an internal error shows %q", e.Detail)
	}
}

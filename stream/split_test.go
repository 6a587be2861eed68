package stream_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"quintet/stream"
)

func TestSplit(t *testing.T) {
	f := func(name, body string, oneValue bool, want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got, err := stream.Texts([]byte(body), oneValue)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
	f("OKEmpty", "", false)
	f("OKBlank", " \r\n\t\n", false)
	f("OKLines", "a\nb", false, "a", "b")
	f("OKLastFeed", "a\nb\n", false, "a", "b")
	f("OKCRLF", "a\r\n\r\n b \r\n", false, "a", "b")
	f("OKObject", " {\n} ", true, "{\n}")
	f("OKObjectIsLines", "{\n}", false, "{", "}")
	f("OKArray", "[{},{}]", true, "{}", "{}")
	f("OKArrayAsLines", "\n [ {} , {\"a\":[1,{}]} ] \n", false, "{}", `{"a":[1,{}]}`)
	f("OKArrayTexts", `["a,]\"",1,[2,3]]`, true, `"a,]\""`, "1", "[2,3]")
	f("OKArrayEmpty", "[ ]", true)
}

func TestSplitErr(t *testing.T) {
	for _, body := range []string{"[", "[{}", "[{},", "[{},]", "[,{}]", "[{}]]", "[{}] {}", `["a`, "[}]", "[{}}]", `["\`} {
		t.Run("Err"+body, func(t *testing.T) {
			if _, err := stream.Texts([]byte(body), true); codeOf(err) != "malformed_json" {
				t.Errorf("%q: %v", body, err)
			}
		})
	}
}

// FuzzSplit holds that a valid array is cut into its elements.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"[]", "[1]", `[{"a":"]"},[2,[3]]]`, `["\\\"",{}]`, " [ null , true ] "} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var want []json.RawMessage
		trimmed := strings.TrimLeft(string(body), " \t\r\n")
		if !strings.HasPrefix(trimmed, "[") || json.Unmarshal(body, &want) != nil {
			_, _ = stream.Texts(body, true) // must not panic
			return
		}
		got, err := stream.Texts(body, true)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%q: %q, %v", body, got, err)
		}
		for i := range want {
			if got[i] != string(want[i]) {
				t.Fatalf("%q: element %d is %q", body, i, got[i])
			}
		}
	})
}

func TestInfer(t *testing.T) {
	f := func(name, body string, dimensions, measures []string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			d, err := stream.Infer([]byte(body))
			if err != nil || d.Time != "ts" || !slices.Equal(d.Dimensions, dimensions) || !slices.Equal(d.Measures, measures) {
				t.Errorf("%+v, %v; want %v and %v", d, err, dimensions, measures)
			}
		})
	}
	f("OK", `{"ts":1,"type":"a","ms":2}`, []string{"type"}, []string{"ms"})
	f("OKLater", "{\"ts\":1}\n{\"ms\":2}\n{\"type\":\"a\"}", []string{"type"}, []string{"ms"})
	f("OKMixed", "{\"code\":200}\n{\"code\":\"abc\"}", []string{"code"}, nil)
	f("OKNull", "{\"ms\":null}\n{\"ms\":1}", nil, []string{"ms"})
	f("OKOnlyNull", `{"x":null}`, nil, nil)
	f("OKNested", "{\"x\":\"a\"}\n{\"x\":{}}", nil, nil)
	f("OKLongText", "{\"x\":\"a\"}\n{\"x\":\""+strings.Repeat("b", 257)+"\"}", nil, nil)
	f("OKBool", `{"ok":true}`, nil, nil)
	f("OKBoolAndNumber", "{\"ok\":true}\n{\"ok\":1}", nil, nil)
	f("OKOddNames", `{"a b":"x","":1,"_offset":2,"9":3,"_ok":"y"}`, []string{"_ok"}, nil)
	f("OKBadLine", "{\n{\"ms\":1}", nil, []string{"ms"})
	f("OKCap", `{"ts":1`+manyMembers(20)+`}`, nil, []string{"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11", "m12", "m13", "m14", "m15"})
}

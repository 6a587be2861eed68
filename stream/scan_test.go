package stream_test

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"quintet/stream"
)

// fields is what scanner tests read events by. The names share heads and lengths.
var fields = stream.Definition{Time: "ts", Dimensions: []string{"type", "tyre", "country_of_x", "country_of_y"}, Measures: []string{"ms", "value"}}

func TestScanOK(t *testing.T) {
	f := func(name, line string, want stream.Scanned, quick bool) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got, wasQuick, err := stream.Scan(fields, []byte(line))
			if err != nil {
				t.Fatal(err)
			}
			want.Dims = append(want.Dims, make([]string, 4-len(want.Dims))...)
			want.Has = append(want.Has, make([]bool, 4-len(want.Has))...)
			want.Values = append(want.Values, make([]float64, 2-len(want.Values))...)
			want.Known = append(want.Known, make([]bool, 2-len(want.Known))...)
			if !equalScanned(got, want) {
				t.Errorf("%+v; want %+v", got, want)
			}
			if wasQuick != quick {
				t.Errorf("quick path: %v", wasQuick)
			}
		})
	}
	at := func(seconds int64) stream.Scanned { return stream.Scanned{At: seconds * 1e9} }
	text := func(values ...string) stream.Scanned {
		s := at(5)
		for _, v := range values {
			s.Dims, s.Has = append(s.Dims, v), append(s.Has, true)
		}
		return s
	}
	number := func(v float64) stream.Scanned {
		return stream.Scanned{At: 5e9, Values: []float64{v}, Known: []bool{true}}
	}

	f("OK", `{"ts":5,"type":"view","ms":12}`, stream.Scanned{At: 5e9, Dims: []string{"view"}, Has: []bool{true}, Values: []float64{12}, Known: []bool{true}}, true)
	f("OKSpaces", "{ \"ts\"\t: 5\r\n, \"type\" : \"view\" }", text("view"), true)
	f("OKUnknown", `{"ts":5,"a":"x","b":-1.5e3,"c":true,"d":null,"typo":"y"}`, at(5), true)
	f("OKAllTexts", `{"country_of_y":"4","country_of_x":"3","tyre":"2","type":"1","ts":5}`, text("1", "2", "3", "4"), true)
	f("OKEmptyText", `{"ts":5,"type":""}`, text(""), true)
	f("OKNumberDimension", `{"ts":5,"type":-2.50}`, text("-2.50"), true)
	f("OKBoolDimension", `{"ts":5,"type":false}`, text("false"), true)
	f("OKNull", `{"ts":5,"type":null,"ms":null}`, at(5), true)
	f("OKUTF8", `{"ts":5,"type":"größe 漢字 🙂"}`, text("größe 漢字 🙂"), true)

	f("OKEscape", `{"ts":5,"type":"a\"\\\u00e9\n"}`, text("a\"\\é\n"), false)
	f("OKSurrogates", `{"ts":5,"type":"\ud83d\ude42"}`, text("🙂"), false)
	f("OKLoneSurrogate", `{"ts":5,"type":"\ud83dx"}`, text("\ufffdx"), false)
	f("OKEscapedName", `{"\u0074s":5,"t\u0079pe":"view"}`, text("view"), false)
	f("OKNested", `{"ts":5,"props":{"type":"no","a":[1,{}]},"type":"view"}`, text("view"), false)
	f("OKNestedTwins", `{"ts":5,"props":{"a":1,"a":2}}`, at(5), false)
	f("OKManyUnknown", `{"ts":5`+manyMembers(40)+`}`, at(5), false)
	f("OKDeep", `{"ts":5,"a":`+strings.Repeat("[", 63)+strings.Repeat("]", 63)+`}`, at(5), false)

	f("OKSeconds", `{"ts":99999999}`, at(99999999), true)
	f("OKMillis", `{"ts":100000000000}`, at(100000000), true)
	f("OKMicros", `{"ts":1772366400000000}`, at(1772366400), true)
	f("OKNanos", `{"ts":1772366400000000001}`, stream.Scanned{At: 1772366400000000001}, true)
	f("OKZero", `{"ts":0}`, at(0), true)
	f("OKRFC3339", `{"ts":"1970-01-01T01:00:05.25+01:00"}`, stream.Scanned{At: 5.25e9}, true)
	f("OKRFC3339Escaped", `{"ts":"1970-01-01T00:00:05\u005a"}`, at(5), false)

	f("OKNegative", `{"ts":5,"ms":-0.25}`, number(-0.25), true)
	f("OKMinusZero", `{"ts":5,"ms":-0}`, number(0), true)
	f("OKExponent", `{"ts":5,"ms":1.5E-3}`, number(1.5e-3), true)
	f("OK53Bits", `{"ts":5,"ms":9007199254740993}`, number(9007199254740992), true)
	f("OK19Digits", `{"ts":5,"ms":9223372036854775807}`, number(9223372036854775807), true)
	f("OK40Digits", `{"ts":5,"ms":1234567890123456789012345678901234567890}`, number(1234567890123456789012345678901234567890), true)
	f("OKSmall", `{"ts":5,"ms":0.0000000000000000000000001}`, number(1e-25), true)
	f("OKUnderflow", `{"ts":5,"ms":1e-400}`, number(0), true)
	f("OKHugeUnknown", `{"ts":5,"x":1e400}`, at(5), true)
}

func TestScanErr(t *testing.T) {
	f := func(name, line, code string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			_, quick, err := stream.Scan(fields, []byte(line))
			if err == nil || quick || codeOf(err) != code {
				t.Errorf("%v; want %s", err, code)
			}
		})
	}
	const bad = "malformed_json"
	f("ErrEmpty", ``, bad)
	f("ErrWord", `null`, bad)
	f("ErrArray", `[]`, bad)
	f("ErrTrailing", `{"ts":5}x`, bad)
	f("ErrTwo", `{"ts":5}{"ts":5}`, bad)
	f("ErrBrace", `{"ts":5}}`, bad)
	f("ErrOpen", `{"ts":5`, bad)
	f("ErrComma", `{"ts":5,}`, bad)
	f("ErrNoComma", `{"ts":5 "a":1}`, bad)
	f("ErrNoColon", `{"ts" 5}`, bad)
	f("ErrNoValue", `{"ts":}`, bad)
	f("ErrBareName", `{ts:5}`, bad)
	f("ErrSingleQuotes", `{'ts':5}`, bad)
	f("ErrLeadingZero", `{"ts":5,"ms":01}`, bad)
	f("ErrPlus", `{"ts":5,"ms":+1}`, bad)
	f("ErrPoint", `{"ts":5,"ms":1.}`, bad)
	f("ErrPointFirst", `{"ts":5,"ms":.5}`, bad)
	f("ErrExponent", `{"ts":5,"ms":1e}`, bad)
	f("ErrMinus", `{"ts":5,"ms":-}`, bad)
	f("ErrNaN", `{"ts":5,"ms":NaN}`, bad)
	f("ErrWordCut", `{"ts":5,"a":tru}`, bad)
	f("ErrControl", "{\"ts\":5,\"a\":\"\x01\"}", bad)
	f("ErrNewline", "{\"ts\":5,\"a\":\"\n\"}", bad)
	f("ErrNUL", "{\"ts\":5}\x00", bad)
	f("ErrBOM", "\ufeff{\"ts\":5}", bad)
	f("ErrUTF8", "{\"ts\":5,\"a\":\"\xff\"}", bad)
	f("ErrSurrogateBytes", "{\"ts\":5,\"a\":\"\xed\xa0\x80\"}", bad)
	f("ErrEscape", `{"ts":5,"a":"\x41"}`, bad)
	f("ErrTwin", `{"ts":5,"type":"a","type":"b"}`, bad)
	f("ErrTwinUnknown", `{"ts":5,"x":1,"x":1}`, bad)
	f("ErrTwinEscaped", `{"ts":5,"t\u0073":5}`, bad)
	f("ErrTwinOfMany", `{"ts":5`+manyMembers(40)+`,"m1":0}`, bad)
	f("ErrDeep", `{"ts":5,"a":`+strings.Repeat("[", 64)+strings.Repeat("]", 64)+`}`, bad)
	f("ErrMembers", `{"ts":5`+manyMembers(256)+`}`, "too_many_members")

	f("ErrNoTime", `{}`, "time_missing")
	f("ErrTimeNull", `{"ts":null}`, "invalid_time")
	f("ErrTimeFraction", `{"ts":1.5}`, "invalid_time")
	f("ErrTimeExponent", `{"ts":1e9}`, "invalid_time")
	f("ErrTimeNegative", `{"ts":-1}`, "invalid_time")
	f("ErrTimeBig", `{"ts":9999999999999999999}`, "invalid_time")
	f("ErrTimeLong", `{"ts":99999999999999999999}`, "invalid_time")
	f("ErrTimeFar", `{"ts":99999999999}`, "invalid_time")
	f("ErrTimeText", `{"ts":"2026-03-01 12:00:00"}`, "invalid_time")
	f("ErrTimeZone", `{"ts":"2026-03-01T12:00:00"}`, "invalid_time")
	f("ErrTimeHour", `{"ts":"2026-03-01T1:00:00Z"}`, "invalid_time")
	f("ErrTimeComma", `{"ts":"2026-03-01T12:00:00,5Z"}`, "invalid_time")
	f("ErrTimeOffset", `{"ts":"2026-03-01T12:00:00+24:00"}`, "invalid_time")
	f("ErrTimeDay", `{"ts":"2026-02-30T12:00:00Z"}`, "invalid_time")
	f("ErrTimeOld", `{"ts":"1969-12-31T23:59:59Z"}`, "invalid_time")
	f("ErrTimeOldByZone", `{"ts":"1970-01-01T00:30:00+01:00"}`, "invalid_time")
	f("ErrTimeNested", `{"ts":[5]}`, "invalid_time")
	f("ErrMeasureText", `{"ts":5,"ms":"1"}`, "invalid_measure")
	f("ErrMeasureBool", `{"ts":5,"ms":true}`, "invalid_measure")
	f("ErrMeasureNested", `{"ts":5,"ms":{}}`, "invalid_measure")
	f("ErrMeasureRange", `{"ts":5,"ms":1e400}`, "invalid_measure")
	f("ErrDimensionNested", `{"ts":5,"type":{}}`, "invalid_dimension")
	f("ErrDimensionLong", `{"ts":5,"type":"`+strings.Repeat("x", 257)+`"}`, "dimension_too_long")
	f("ErrReserved", `{"ts":5,"_offset":1}`, "reserved_member")
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"m` + strconv.Itoa(i) + `":0`)
	}
	return b.String()
}

func equalScanned(a, b stream.Scanned) bool {
	for i := range a.Values {
		if a.Known[i] && math.Float64bits(a.Values[i]) != math.Float64bits(b.Values[i]) {
			return false
		}
	}
	return a.At == b.At && slices.Equal(a.Dims, b.Dims) && slices.Equal(a.Has, b.Has) && slices.Equal(a.Known, b.Known)
}

// reference reads a line with encoding/json and the documented rules on top:
// UTF-8, members that differ, depth 64, at most 256 members.
func reference(d stream.Definition, line []byte) (got stream.Scanned, ok bool) {
	if !utf8.Valid(line) || !json.Valid(line) {
		return got, false
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var members map[string]any
	if dec.Decode(&members) != nil || members == nil || nesting(members) > 64 {
		return got, false
	}
	if n := memberCount(line); n != len(members) || n > 256 {
		return got, false
	}
	if _, reserved := members["_offset"]; reserved {
		return got, false
	}
	if got.At, ok = referenceTime(members[d.Time]); !ok {
		return got, false
	}
	for _, name := range d.Dimensions {
		text, has, ok := referenceText(members[name])
		if !ok {
			return got, false
		}
		got.Dims, got.Has = append(got.Dims, text), append(got.Has, has)
	}
	for _, name := range d.Measures {
		value, has, ok := referenceNumber(members[name])
		if !ok {
			return got, false
		}
		got.Values, got.Known = append(got.Values, value), append(got.Known, has)
	}
	return got, true
}

var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func referenceTime(v any) (at int64, ok bool) {
	switch v := v.(type) {
	case string:
		when, err := time.Parse(time.RFC3339, v)
		if err != nil || !rfc3339.MatchString(v) || when.Unix() < 0 || when.Year() > 2261 {
			return 0, false
		}
		return when.UnixNano(), when.Year() >= 1970
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil || n < 0 || v.String()[0] == '-' {
			return 0, false
		}
		for _, unit := range []struct{ below, factor int64 }{{1e11, 1e9}, {1e14, 1e6}, {1e17, 1e3}} {
			if n < unit.below {
				return n * unit.factor, n*unit.factor/unit.factor == n && n < 9e18/unit.factor
			}
		}
		return n, true
	}
	return 0, false
}

func referenceText(v any) (text string, has, ok bool) {
	switch v := v.(type) {
	case nil:
		return "", false, true
	case string:
		return v, true, len(v) <= 256
	case json.Number:
		return v.String(), true, len(v) <= 256
	case bool:
		return strconv.FormatBool(v), true, true
	}
	return "", false, false
}

func referenceNumber(v any) (f float64, has, ok bool) {
	switch v := v.(type) {
	case nil:
		return 0, false, true
	case json.Number:
		f, err := v.Float64()
		return f + 0, true, err == nil
	}
	return 0, false, false
}

func nesting(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, m := range v {
			deepest = max(deepest, nesting(m))
		}
	case []any:
		for _, m := range v {
			deepest = max(deepest, nesting(m))
		}
	default:
		return 0
	}
	return deepest + 1
}

// memberCount counts the members of a valid object, twins included.
func memberCount(line []byte) (n int) {
	d := json.NewDecoder(bytes.NewReader(line))
	_, _ = d.Token()
	for d.More() {
		var skipped json.RawMessage
		if _, err := d.Token(); err != nil || d.Decode(&skipped) != nil {
			return -1
		}
		n++
	}
	return n
}

// FuzzScan holds the scanner to encoding/json: the same lines, the same values.
func FuzzScan(f *testing.F) {
	whole := `{"ts":1772366400123,"type":"view","tyre":1,"country_of_x":"DE","ms":-1.25e2,"value":9007199254740993,"x":{"a":["b\u00e9",null]}}`
	for i := range whole {
		f.Add([]byte(whole[:i])) // cut at every byte
	}
	for _, seed := range []string{
		whole, whole + "\r\n", "\ufeff" + whole, whole + "\x00", `{"ts":"2026-03-01T12:00:00.5Z"}`, `{"ts":5,"ms":1e400}`, `{"ts":5,"ms":-0}`,
		`{"ts":9223372036854775807}`, `{"ts":5,"type":"\ud83d"}`, `{"ts":5,"type":"\ud83d\ude42"}`, `{"ts":5,"ms":01}`, `{"ts":5,"a":1,"a":2}`,
		`{"ts":5,"t\u0079pe":"a","type":"b"}`, "{\"ts\":5,\"type\":\"\xff\"}", `{"ts":5,"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
		`{"ts":5,"_offset":3}`, `{"ts":5,"ms":0.1e-5,"value":123456789012345678}`, `{"ts":5,"type":true,"tyre":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		line = bytes.Trim(line, " \t\r\n")
		want, ok := reference(fields, line)
		got, quick, err := stream.Scan(fields, line)
		if (err == nil) != ok {
			t.Fatalf("%q: %v (quick %v), and encoding/json says %v", line, err, quick, ok)
		}
		if ok && !equalScanned(got, want) {
			t.Fatalf("%q: %+v (quick %v), and encoding/json says %+v", line, got, quick, want)
		}
	})
}

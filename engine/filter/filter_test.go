package filter_test

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/filter"
)

// fields has one of each kind, and two that are called like words.
var fields = filter.Fields{Location: "body.filter", Noun: "a field of the collection", Kind: func(name string) filter.Kind {
	return map[string]filter.Kind{
		"tags": filter.Text, "or": filter.Text, "In": filter.Text, "type": filter.Label, "year": filter.Number, "x.y-z_0": filter.Number, "ok": filter.Bool, "at": filter.Time,
	}[name]
}}

// write writes a filter with every bracket that it can have.
func write(e filter.Expression) string {
	switch e := e.(type) {
	case filter.And:
		return "(" + join(" and ", e, write) + ")"
	case filter.Or:
		return "(" + join(" or ", e, write) + ")"
	case filter.Not:
		return "not " + write(e.Inner)
	}
	t := e.(filter.Test)
	values := join(",", t.Values, func(v filter.Value) string {
		if t.Field == "at" && t.Kind == filter.Number && v.IsWhole && v.Float == float64(v.Whole) {
			return "'" + time.UnixMilli(v.Whole).UTC().Format(time.RFC3339Nano) + "'"
		}
		return writeValue(t.Kind, v)
	})
	if len(t.Values) > 1 {
		return t.Field + " in [" + values + "]"
	}
	return t.Field + []string{" exists", " = ", " < ", " <= ", " > ", " >= "}[t.Op] + values
}

func join[T any](op string, all []T, write func(T) string) string {
	var parts []string
	for _, one := range all {
		parts = append(parts, write(one))
	}
	return strings.Join(parts, op)
}

func writeValue(k filter.Kind, v filter.Value) string {
	switch {
	case k == filter.Text || k == filter.Label:
		return "'" + strings.ReplaceAll(v.Text, "'", "''") + "'"
	case k == filter.Bool:
		return fmt.Sprint(v == filter.Value{Whole: 1, IsWhole: true, Float: 1})
	case v.IsWhole:
		return strconv.FormatInt(v.Whole, 10)
	}
	return strconv.FormatFloat(v.Float, 'e', -1, 64)
}

func TestParse(t *testing.T) {
	f := func(name, text, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			e, err := filter.Parse(text, fields)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if got := write(e); got != want {
				t.Errorf("%s is read as %s, expected was %s", text, got, want)
			}
		})
	}
	f("OKPrecedence", "year = 1 or year = 2 and not ok = true or tags exists", "(year = 1 or (year = 2 and not ok = true) or tags exists)")
	f("OKBrackets", "((year<1 or(year>2)))and year>=3", "((year < 1 or year > 2) and year >= 3)")
	f("OKNotBinds", "not year <= 1 and not not (ok = false)", "(not year <= 1 and not not ok = false)")
	f("OKCase", "year = -1.5e3 OR NOT (tags IN ['a', \"b\"]) and ok = TRUE", "(year = -1.5e+03 or (not tags in ['a','b'] and ok = true))")
	f("OKNegated", "tags not exists and tags not in ['a'] and type != ''", "(not tags exists and not tags = 'a' and not type = '')")
	f("OKQuotes", `tags in ['it''s',"it's",'"','a""b',"a""b"]`, `tags in ['it''s','it''s','"','a""b','a"b']`)
	f("OKNamedLikeWords", "or = 'x' or In in ['y', 'z']", "(or = 'x' or In in ['y','z'])")
	f("OKNames", "x.y-z_0=-5", "x.y-z_0 = -5")
	f("OKNumbers", "year in [007, .5, -0, 9223372036854775807, 9223372036854775808]", "year in [7,5e-01,0,9223372036854775807,9.223372036854776e+18]")
	f("OKTimes", `at in ['2024-01-31', "2024-01-31T01:30:00.0019+02:00", '1969-12-31T23:59:59.999Z'] and at not exists and at < '0000-01-01'`,
		"(at in ['2024-01-31T00:00:00Z','2024-01-30T23:30:00.001Z','1969-12-31T23:59:59.999Z'] and not at exists and at < '0000-01-01T00:00:00Z')")
	f("OKSpace", "\t\r\n year\n=\r1 ", "year = 1")
	f("OKDeep", strings.Repeat("(", 32)+"year = 1"+strings.Repeat(")", 32), "year = 1")
	f("OKLong", "tags='"+strings.Repeat("é", 2044)+"a'", "tags = '"+strings.Repeat("é", 2044)+"a'")

	for _, blank := range []string{"", "  ", strings.Repeat("\n", 5000)} {
		if e, err := filter.Parse(blank, fields); e != nil || err != nil {
			t.Errorf("%.10q is read as %v, %v", blank, e, err)
		}
	}
	for _, word := range strings.Fields("and OR Not in exists true False") {
		if !filter.Reserved(word) {
			t.Errorf("%s may name a field", word)
		}
	}
}

func TestErrors(t *testing.T) {
	f := func(name, text, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			e, err := filter.Parse(text, fields)
			refusal := &engine.Error{Kind: engine.Invalid, Code: "invalid_filter", Detail: "body.filter: " + want, Fields: []engine.FieldError{{Location: "body.filter", Message: want}}}
			if e != nil || !reflect.DeepEqual(err, error(refusal)) {
				t.Errorf("%.60s is read as %v, %v; expected was %s", text, e, err, want)
			}
		})
	}
	f("Field", "yeer = 1", `at character 1 "yeer" stands where a field of the collection, not or ( is expected`)
	f("FieldCase", "YEAR = 1", `at character 1 "YEAR" stands where a field of the collection, not or ( is expected`)
	f("FieldNumber", "1 = 1", `at character 1 "1" stands where a field of the collection, not or ( is expected`)
	f("And", "year = 1 and", `ends at character 13 where a field of the collection, not or ( is expected`)
	f("Operator", "year", `ends at character 5 where = != < <= > >= in, not in or exists is expected`)
	f("OperatorText", "year '='", `at character 6 "'='" stands where = != < <= > >= in, not in or exists is expected`)
	f("OperatorNone", "year <> 1", `at character 7 ">" stands where a number, as year has, is expected`)
	f("OrderBool", "ok < true", `at character 4 "<" stands where = != in, not in or exists, as ok has no order, is expected`)
	f("Number", "year = 'x'", `at character 8 "'x'" stands where a number, as year has, is expected`)
	f("NumberHex", "year = 0x1p4", `at character 8 "0x1p4" stands where a number, as year has, is expected`)
	f("NumberHuge", "year = 1e999", `at character 8 "1e999" stands where a number, as year has, is expected`)
	f("Text", "tags = 5", `at character 8 "5" stands where a text in quotes, as tags has, is expected`)
	f("Bool", "ok = 1", `at character 6 "1" stands where true or false without quotes, as ok has, is expected`)
	f("BoolText", "ok = 'true'", `at character 6 "'true'" stands where true or false without quotes, as ok has, is expected`)
	for _, text := range []string{"'yesterday'", "2024", "'2024-02-30'", "'2024-01-31T08:00:00'", "'0000-01-01T00:00:00+01:00'", "''"} {
		f("Time", "year = 1 or at >= "+text, `at character 19 "`+text+`" stands where a time in quotes, like '2024-01-31T08:00:00Z' or '2024-01-31', as at has, is expected`)
	}
	f("Rest", "year = 1 year = 2", `at character 10 "year" stands where and, or, or the end is expected`)
	f("Bracket", "(year = 1", `ends at character 10 where ) is expected`)
	f("List", "year in 5", `at character 9 "5" stands where [ is expected`)
	f("ListComma", "year in [5 6]", `at character 12 "6" stands where , or ] is expected`)
	f("ListOpen", "year in [5", `ends at character 11 where , or ] is expected`)
	f("ListEmpty", "year in []", `at character 10 "]" stands where a number, as year has, is expected`)
	f("NotTwice", "year not = 5", `at character 10 "=" stands where in or exists is expected`)
	f("Quote", "tags = 'x", `at character 8 a text begins that has no closing quote`)
	f("Sign", "tags = 'ü' & x", `at character 12 '&' is not expected`)
	f("Cut", "tags "+strings.Repeat("x", 200), `at character 6 "`+strings.Repeat("x", 80)+`" stands where = != < <= > >= in, not in or exists is expected`)
	f("Deep", strings.Repeat("(", 33)+"year = 1", `at character 34 it nests more than 32 deep`)
	f("DeepNot", strings.Repeat("not ", 33)+"year = 1", `at character 133 it nests more than 32 deep`)
	f("Long", strings.Repeat(" ", 4089)+"year = 1", `has 4097 bytes and may have 4096`)
}

func TestCompile(t *testing.T) {
	// A row is a year; 0 is none, and compared all the same.
	test := func(test *filter.Test) func(int) bool {
		return func(year int) bool {
			return test.Op == filter.Exists && year > 0 || test.Holds(func(v *filter.Value) int { return year - int(v.Whole) })
		}
	}
	f := func(text, want string) {
		t.Helper()
		e, err := filter.Parse(text, fields)
		if err != nil {
			t.Fatal(err)
		}
		pass, got := filter.Compile(e, test), ""
		for year := range 6 {
			if pass(year) {
				got += strconv.Itoa(year)
			}
		}
		if got != want {
			t.Errorf("%s holds for the years %s, expected was %s", text, got, want)
		}
	}
	f("year = 3", "3")
	f("year != 3", "01245")
	f("year < 3", "012")
	f("year <= 3", "0123")
	f("year > 3", "45")
	f("year >= 3", "345")
	f("year in [1, 7, 3]", "13")
	f("year not in [1, 7, 3]", "0245")
	f("year exists", "12345")
	f("year < 2 or year > 4 or year = 3", "0135")
	f("year < 5 and year > 1 and year != 3", "24")
	f("year = 5 or year > 0 and not (year > 1 or year = 9)", "15")
}

// FuzzParse holds that a filter is refused with a place, or means the same
// when it is written anew, and its opposite when "not" stands before it.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"year = 1", "year >= -1.5e3 and not (tags in ['a', \"b\"])", "type != 'it''s' or ok = true", "tags exists", "or not exists", "year not in [1,2]", "((", "'", "not", "year not in [", "year = \xff", "tags='\xff'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := filter.Parse(text, fields)
		if err != nil {
			if e != nil || !strings.Contains(err.Error(), "character") && !strings.Contains(err.Error(), "may have") {
				t.Errorf("%q is refused without a place: %v", text, err)
			}
			return
		}
		if e == nil {
			return
		}
		for anew, want := range map[string]filter.Expression{write(e): e, "not (" + text + ")": filter.Not{Inner: e}} {
			got, err := filter.Parse(anew, fields)
			switch {
			case err != nil && !strings.Contains(err.Error(), "nests") && !strings.Contains(err.Error(), "may have"):
				t.Errorf("%q is read, and refused as %q: %v", text, anew, err)
			case err == nil && !reflect.DeepEqual(got, want):
				t.Errorf("%q is read as %v, and as %v when it is written as %q", text, want, got, anew)
			}
		}
	})
}

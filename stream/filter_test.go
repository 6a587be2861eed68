package stream_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quintet/stream"
)

func TestFilter(t *testing.T) {
	b := newBed(t, limits())
	b.define("visits", stream.Definition{Dimensions: []string{"type", "country", "or"}, Measures: []string{"ms"}})
	b.send("visits",
		`{"ts":`+b.at(0)+`,"type":"view","country":"DE"}`,
		`{"ts":`+b.at(0)+`,"type":"view","country":"it's"}`,
		`{"ts":`+b.at(0)+`,"type":"buy","or":"x"}`,
		`{"ts":`+b.at(0)+`,"type":"","country":"DE"}`,
	)
	ask := func(filter string) (types []string, err error) {
		_, err = b.s.Query(background, b.acme, "visits", stream.Query{Filter: filter})
		if err != nil {
			return nil, err
		}
		a := b.query("visits", stream.Query{To: b.clock.Now().Add(time.Minute).Format(time.RFC3339), Filter: filter, GroupBy: []string{"type", "country"}})
		for _, s := range a.Series {
			name := *s.Group["type"] + "/"
			if c := s.Group["country"]; c != nil {
				name += *c
			}
			types = append(types, name)
		}
		slices.Sort(types)
		return types, nil
	}
	f := func(name, filter string, want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			if got, err := ask(filter); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %q, %v; want %q", filter, got, err, want)
			}
		})
	}
	f("OKEmpty", "  ", "/DE", "buy/", "view/DE", "view/it's")
	f("OKEqual", "type = 'view'", "view/DE", "view/it's")
	f("OKDoubleQuotes", `type="view"`, "view/DE", "view/it's")
	f("OKDoubled", "country = 'it''s'", "view/it's")
	f("OKOtherQuote", `country = "it's"`, "view/it's")
	f("OKEmptyText", "type = ''", "/DE")
	f("OKNotEqual", "type != 'view'", "/DE", "buy/")
	f("OKMissing", "country != 'DE'", "buy/", "view/it's")
	f("OKIn", "type in ['buy', \"\"]", "/DE", "buy/")
	f("OKNotIn", "country not in ['DE','FR']", "buy/", "view/it's")
	f("OKAnd", "type = 'view' and country = 'DE'", "view/DE")
	f("OKOrAndAnd", "type = 'buy' or type = 'view' and country = 'DE'", "buy/", "view/DE")
	f("OKParentheses", "(type = 'buy' or type = 'view') and country = 'DE'", "view/DE")
	f("OKNot", "not not (type = 'buy')", "buy/")
	f("OKNotBinds", "not type = 'buy' and country = 'DE'", "/DE", "view/DE")
	f("OKNameLikeWord", "or = 'x'", "buy/")

	e := func(name, filter, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			if _, err := ask(filter); codeOf(err) != "invalid_query" || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %s", filter, err, want)
			}
		})
	}
	e("ErrName", "kind = 'a'", `"kind" stands where a dimension`)
	e("ErrMeasure", "ms = '1'", "a dimension of the stream")
	e("ErrBareText", "type = view", "a text in quotes")
	e("ErrNumber", "type = 1", "a text in quotes")
	e("ErrOperator", "type > 'a'", "stands where =")
	e("ErrOpenText", "type = 'a", "no closing quote")
	e("ErrEnd", "type = 'a' and", "it ends where")
	e("ErrRest", "type = 'a' 'b'", "and, or, or the end")
	e("ErrParenthesis", "(type = 'a'", "it ends where )")
	e("ErrList", "type in 'a'", "where [")
	e("ErrListEmpty", "type in []", "a text in quotes")
	e("ErrListOpen", "type in ['a'", ", or ]")
	e("ErrNotEqualTwice", "type not = 'a'", "not in")
	e("ErrDeep", strings.Repeat("(", 40)+"type = 'a'"+strings.Repeat(")", 40), "too deep")
	e("ErrLong", "type = '"+strings.Repeat("a", 4096)+"'", "4096 bytes")
}

// FuzzFilter holds that no text makes the parser fail otherwise than by an error.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{"a = 'a' and not (b in ['c', \"d\"]) or e != ''", "(((", "not", "a not in [", "'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if accepted, err := stream.ParseFilter(text); accepted && err != nil || !accepted && err == nil && strings.TrimSpace(text) != "" {
			t.Errorf("%q: %v, %v", text, accepted, err)
		}
	})
}

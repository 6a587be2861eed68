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
	f("OKOtherQuote", `country = "it's"`, "view/it's")
	f("OKEmptyText", "type = ''", "/DE")
	f("OKNotEqual", "type != 'view'", "/DE", "buy/")
	f("OKMissing", "country != 'DE'", "buy/", "view/it's")
	f("OKIn", "type in ['buy', \"\"]", "/DE", "buy/")
	f("OKNotIn", "country not in ['DE','FR']", "buy/", "view/it's")
	f("OKAnd", "type = 'view' and country = 'DE'", "view/DE")
	f("OKParentheses", "(type = 'buy' or type = 'view') and country = 'DE'", "view/DE")
	f("OKNameLikeWord", "or = 'x'", "buy/")

	f("OKExists", "country exists and or not exists", "/DE", "view/DE", "view/it's")

	e := func(name, filter, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			if _, err := ask(filter); codeOf(err) != "invalid_filter" || !strings.Contains(err.Error(), "body.filter: "+want) {
				t.Errorf("%s: %v; want %s", filter, err, want)
			}
		})
	}
	e("ErrMeasure", "ms = '1'", `at character 1 "ms" stands where a dimension of the stream, not or ( is expected`)
	e("ErrNumber", "type = 1", `at character 8 "1" stands where a text in quotes, as type has, is expected`)
	e("ErrOrder", "type > 'a'", `at character 6 ">" stands where = != in, not in or exists, as type has no order, is expected`)
}

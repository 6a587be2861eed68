package search_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"quintet/search"
)

// TestSortedPages reads sorted searches of every mode page by page, over parts
// of both kinds: each matching document once, in the order of two fields, those
// without a value last and of equal ones the newest first.
func TestSortedPages(t *testing.T) {
	b := &bed{t: t, dir: memory(t) + "/data", model: &fake{}, options: search.Options{FlushRows: 12}}
	b.open()
	t.Cleanup(b.close)
	b.define("c", `{"fields":[{"name":"text","type":"text"},{"name":"k","type":"keyword"},{"name":"n","type":"int"}]}`)
	type document struct {
		id    string
		k     string // "" = none
		n     int
		order int
	}
	var all []document
	for i := range 31 {
		d := document{id: fmt.Sprint("d", i), n: i % 4, order: i}
		m := map[string]any{"id": d.id, "text": "common words", "n": d.n}
		if i%5 > 0 {
			d.k = string(rune('a' + i%3))
			m["k"] = d.k
		}
		b.post("c", jsonOf(m))
		if all = append(all, d); i == 20 {
			_, err := b.s.Maintain(background, 0)
			must(t, err)
		}
	}
	want := slices.Clone(all)
	slices.SortFunc(want, func(x, y document) int {
		if (x.k == "") != (y.k == "") {
			return strings.Compare(y.k, x.k) // the one without comes last
		}
		return cmp.Or(strings.Compare(x.k, y.k), cmp.Compare(y.n, x.n), cmp.Compare(y.order, x.order))
	})
	for _, q := range []string{`"q":""`, `"q":"common","mode":"keyword"`, `"q":"common","mode":"semantic"`, `"q":"common","mode":"hybrid"`} {
		at := 0
		for cursor := "null"; ; {
			f := b.search("c", `{`+q+`,"sort":["k","-n"],"limit":4,"explain":true,"facets":["k"],"cursor":`+cursor+`}`)
			for _, h := range f.Hits {
				if at == len(want) || h.ID != want[at].id {
					t.Fatalf("%s: hit %d is %s", q, at, h.ID)
				}
				at++
			}
			if f.Found != len(all) || f.Next == nil {
				break
			}
			cursor = jsonOf(*f.Next)
		}
		if at != len(want) {
			t.Errorf("%s: %d of %d documents", q, at, len(want))
		}
	}
}

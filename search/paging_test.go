package search_test

import (
	"fmt"
	"testing"

	"quintet/search"
)

// TestPagesWhileScoresShift pages through documents whose scores are equal while
// the statistics of words change, by writes and by merges: what is not written
// meanwhile comes once.
func TestPagesWhileScoresShift(t *testing.T) {
	f := func(name, query string, between func(b *bed, page int)) {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.define("c", `{"fields":[{"name":"t","type":"text"}],"embed":["t"]}`)
			document := func(i int) string { return fmt.Sprintf(`{"id":"d%d","t":"wool coat"}`, i) }
			for range 2 { // so that there are dead rows
				for i := range 60 {
					b.post("c", document(i))
				}
			}
			came := map[string]int{}
			var cursor *string
			for page := 1; page == 1 || cursor != nil; page++ {
				if page > 30 {
					t.Fatal("the pages have no end")
				}
				q := search.Query{Q: "coat", Mode: query, Limit: 7, Cursor: cursor}
				a := b.search("c", jsonOf(q))
				for _, h := range a.Hits {
					came[h.ID]++
				}
				cursor = a.Next
				between(b, page)
			}
			for i := range 60 {
				if id := fmt.Sprintf("d%d", i); came[id] != 1 {
					t.Errorf("%s came %d times", id, came[id])
				}
			}
		})
	}
	for _, mode := range []string{"keyword", "hybrid"} {
		f("OK/merge/"+mode, mode, func(b *bed, page int) { must(b.t, b.s.Merge(background, b.acme, "c")) })
		f("OK/writes/"+mode, mode, func(b *bed, page int) {
			b.post("c", fmt.Sprintf(`{"id":"new%d","t":"wool coat"}`, page), `{"id":"other","t":"rain"}`)
		})
		f("OK/last deleted/"+mode, mode, func(b *bed, page int) {
			if page == 1 {
				b.do("DELETE", "/v1/collections/c/documents/d53", "").want(204)
			}
		})
	}
}

// TestPagesOfEqualVectors pages through more vectors of one score than a search
// looks at by itself: each document comes once, the newest first.
func TestPagesOfEqualVectors(t *testing.T) {
	const documents = 700
	f := func(precision string, exact, merged bool) {
		t.Run(fmt.Sprintf("%s/exact %v/merged %v", precision, exact, merged), func(t *testing.T) {
			b := newBed(t)
			b.define("c", `{"fields":[{"name":"v","type":"vector(4)"},{"name":"n","type":"int"}],"precision":"`+precision+`"}`)
			var lines []string
			for i := range documents {
				lines = append(lines, fmt.Sprintf(`{"id":"d%d","v":[1,2,3,4.5],"n":%d}`, i, i))
			}
			b.post("c", append(lines, `{"id":"other","v":[-1,2,3,4]}`)...)
			if merged {
				must(t, b.s.Merge(background, b.acme, "c"))
			}
			q := search.Query{Mode: "semantic", Vector: []float32{1, 1, 1, 2}, Limit: 60, Exact: exact}
			wanted := documents
			for wanted > 0 {
				a := b.search("c", jsonOf(q))
				if len(a.Hits) == 0 {
					t.Fatalf("a page has no hits, and %d are left", wanted)
				}
				for _, h := range a.Hits {
					if wanted--; wanted >= 0 && h.ID != fmt.Sprintf("d%d", wanted) {
						t.Fatalf("%s comes in the place of d%d", h.ID, wanted)
					}
				}
				if q.Cursor = a.Next; q.Cursor == nil && wanted > 0 {
					t.Fatalf("the pages end, and %d are left", wanted)
				}
			}
		})
	}
	for _, precision := range []string{"int8", "float32"} {
		f(precision, false, false)
		f(precision, true, false)
		f(precision, false, true)
		f(precision, true, true)
	}
}

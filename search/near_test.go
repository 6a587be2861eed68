package search_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// clustered draws vectors around a few centres, as real ones lie.
func clustered(rng *rand.Rand, centres [][]float64) []float64 {
	v := make([]float64, len(centres[0]))
	for i, x := range centres[rng.IntN(len(centres))] {
		v[i] = x + rng.NormFloat64()/2
	}
	return v
}

// TestGraph searches a collection that is large enough for a graph, under
// filters of every width: there are always as many hits as match, and nearly
// always the nearest.
func TestGraph(t *testing.T) {
	for precision, scan := range map[string]string{"int8": "scan", "float32": "exact"} {
		t.Run(precision, func(t *testing.T) { testGraph(t, precision, scan) })
	}
}

func testGraph(t *testing.T, precision, scan string) {
	const count, dimensions, queries = 9_000, 16, 20
	b := newBed(t)
	b.define("c", fmt.Sprintf(`{"fields":[{"name":"v","type":"vector(%d)"},{"name":"n","type":"int"},{"name":"near","type":"bool"}],"precision":"%s"}`, dimensions, precision))
	rng := rand.New(rand.NewPCG(1, 1))
	centres := make([][]float64, 40)
	for i := range centres {
		centres[i] = make([]float64, dimensions)
		for j := range centres[i] {
			centres[i][j] = rng.NormFloat64()
		}
	}
	var docs []string
	for i := range count {
		v := clustered(rng, centres)
		docs = append(docs, jsonOf(map[string]any{"id": fmt.Sprint(i), "v": v, "n": i, "near": v[0] > 1}))
	}
	b.post("c", docs[:6_000]...)
	must(t, b.s.Merge(background, b.acme, "c"))
	b.post("c", docs[5_900:]...) // a hundred are written again
	must(t, b.s.Merge(background, b.acme, "c"))
	for _, c := range []struct {
		filter, way string
		count       int
	}{
		{"", "graph", count}, {"n < 8600", "filtered graph", 8600}, {"n < 1200", scan, 1200}, {"near = true", scan, -1}, {"n in [3, 5, 7]", scan, 3}, {"n < 0", scan, 0},
	} {
		hits, nearest := 0, 0
		for range queries {
			q := map[string]any{"vector": clustered(rng, centres), "mode": "semantic", "filter": c.filter, "explain": true}
			found := b.search("c", jsonOf(q))
			if c.count >= 0 && (found.Found != c.count || len(found.Hits) != min(10, c.count)) {
				t.Fatalf("%q: %d hits, found %d", c.filter, len(found.Hits), found.Found)
			}
			if found.Explain.Precision != precision {
				t.Fatalf("the precision is %q", found.Explain.Precision)
			}
			if way := found.Explain.Segments[0].Vectors; way != c.way {
				t.Fatalf("%q is searched by %s, expected was %s", c.filter, way, c.way)
			}
			q["exact"] = true
			ids := " " + b.search("c", jsonOf(q)).ids() + " "
			for _, h := range found.Hits {
				if nearest++; strings.Contains(ids, " "+h.ID+" ") {
					hits++
				}
			}
		}
		if float64(hits) < 0.95*float64(nearest) {
			t.Errorf("%q: %d of the %d nearest were found", c.filter, hits, nearest)
		}
	}
	if !b.s.MeasureSample() {
		t.Fatal("no search was handed over to be made again")
	}
	info, err := b.s.Collection(background, b.acme, "c")
	must(t, err)
	if r := info.Recall; r == nil || r.Samples != 1 || r.At != 10 || r.Value < 0.7 || r.Low > r.Value || r.High < r.Value {
		t.Errorf("the recall is %+v", info.Recall)
	}
	pages := map[string]bool{}
	q := map[string]any{"vector": clustered(rng, centres), "limit": 1000, "mode": "semantic"}
	for range 10 {
		found := b.search("c", jsonOf(q))
		for _, h := range found.Hits {
			if pages[h.ID] {
				t.Fatalf("%s is on two pages", h.ID)
			}
			pages[h.ID] = true
		}
		if found.Next == nil {
			break
		}
		q["cursor"] = *found.Next
	}
	if len(pages) < count*99/100 { // what one page misses, no other has
		t.Errorf("%d documents on all pages", len(pages))
	}
}

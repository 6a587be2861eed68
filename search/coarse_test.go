package search_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestCoarse holds searches by code against those by numbers where a code of
// one scale for all says little: of vectors that are far from the origin, or of
// very different lengths.
func TestCoarse(t *testing.T) {
	const documents, dimensions, queries, limit = 400, 12, 20, 5
	for name, length := range map[string]func(rng *rand.Rand) (scale, shift float64){
		"even":       func(*rand.Rand) (float64, float64) { return 1, 0 },
		"far":        func(*rand.Rand) (float64, float64) { return 1, 200 },
		"of lengths": func(rng *rand.Rand) (float64, float64) { return math.Exp(1.5 * rng.NormFloat64()), 0 },
		"some long":  func(rng *rand.Rand) (float64, float64) { return math.Pow(1000, float64(rng.IntN(100)/99)), 0 },
	} {
		for _, metric := range []string{"cosine", "dot", "euclid"} {
			b, rng := newBed(t), rand.New(rand.NewPCG(1, 2))
			b.define("v", fmt.Sprintf(`{"fields":[{"name":"v","type":"vector(%d)"}],"metric":"%s"}`, dimensions, metric))
			draw := func() (v []float64) {
				scale, shift := length(rng)
				for range dimensions {
					v = append(v, shift+scale*rng.NormFloat64())
				}
				return v
			}
			var docs []string
			for i := range documents {
				docs = append(docs, jsonOf(map[string]any{"id": fmt.Sprint("d", i), "v": draw()}))
			}
			b.post("v", docs...)
			for _, state := range []string{"in memory", "in memory again", "merged", "restarted"} {
				if state == "merged" {
					must(t, b.s.Merge(background, b.acme, "v"))
				}
				hits := 0
				for range queries {
					q := map[string]any{"vector": draw(), "mode": "semantic", "limit": limit}
					list := b.search("v", jsonOf(q))
					q["exact"] = true
					want := map[string]bool{}
					for _, h := range b.search("v", jsonOf(q)).Hits {
						want[h.ID] = true
					}
					for _, h := range list.Hits {
						if want[h.ID] {
							hits++
						}
					}
				}
				if recall := float64(hits) / (queries * limit); recall < 0.97 {
					t.Errorf("%s, %s, %s: recall %.2f", name, metric, state, recall)
				}
				b.reopen()
			}
			b.close()
		}
	}
}

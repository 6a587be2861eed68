package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"quintet/search/bitset"
	"quintet/search/graph"
)

// TestNearest holds the exact answer against all scores in order: for every
// share that is admitted, from none to all, on every kernel, by both metrics.
func TestNearest(t *testing.T) {
	for _, rows := range []int{0, 1, 63, 64, 257, 1_500} {
		v, queries := clustered(14, rows, 64, 9, 2)
		for name, v := range map[string]graph.Vectors{"dot": v, "Euclid": euclid(v)} {
			for _, kernel := range graph.Kernels() {
				t.Run(fmt.Sprint(rows, " ", name, " ", kernel), func(t *testing.T) {
					graph.Force(t, kernel)
					rng := rand.New(rand.NewPCG(14, uint64(rows)))
					sets := []bitset.Set{nil, {}, bitset.Full(rows)}
					for _, share := range []float64{.01, .1, .3, .9} {
						sets = append(sets, admit(rng, v, nil, "random", share))
					}
					var s graph.Scratch
					for _, q := range queries {
						for _, admitted := range sets {
							for _, breadth := range []int{-1, 0, 1, 10, 200, rows + 1} {
								if found := v.Nearest(&s, q, breadth, admitted); !slices.Equal(found, exact(v, q, max(0, breadth), admitted)) {
									t.Fatalf("%d of %d admitted: %v", breadth, admitted.Count(), found)
								}
							}
						}
					}
				})
			}
		}
	}
}

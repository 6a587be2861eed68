package search

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"quintet/search/bitset"
)

// TestMergedGraph merges a part of 900 rows, few of which are dead, with a
// smaller one whose versions lie between. Rows have up to three vectors. The
// graph grows out of that of the larger, and leads to every vector.
func TestMergedGraph(t *testing.T) {
	for _, precision := range []Precision{Int8, Float32} {
		sc := newSchema(&record{Declared: []Field{{Name: "v", Type: "vector(24)"}}, Metric: Cosine, Precision: precision})
		rng := rand.New(rand.NewPCG(8, 8))
		draw := around(rng, 24, 30)
		seal := func(count int, first, step uint64) *part {
			b := newSealing(sc)
			for i := range uint64(count) {
				r := &row{values: make([]value, len(sc.fields))}
				binary.BigEndian.PutUint64(r.version[8:], first+step*i)
				for range rng.IntN(4) {
					v, err := sc.space.check("v", draw())
					if err != nil {
						t.Fatal(err)
					}
					r.numbers = sc.space.append(r.numbers, v)
				}
				b.add(r)
			}
			g, _, err := b.seal(t.Context(), version{})
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		large, small := seal(900, 2, 2), seal(300, 1, 4)
		live := []bitset.Set{bitset.Full(300), bitset.Full(900)}
		for row := uint32(7); row < 900; row += 30 {
			live[1].Remove(row)
		}
		b, err := newMerge(t.Context(), sc, []*part{small, large}, live)
		if err != nil {
			t.Fatal(err)
		}
		if b.parent.graph != large.vectors.graph {
			t.Errorf("%s: the graph does not grow out of that of the larger part", precision)
		}
		merged, _, err := b.seal(t.Context(), version{1})
		if err != nil {
			t.Fatal(err)
		}
		missed, v := 0, merged.vectors
		for n := range uint32(v.count()) {
			numbers := make([]float32, sc.space.dimensions)
			sc.space.floats(numbers, v.vector(n))
			found := v.walk(newProbe(sc.space, numbers), 10, nil, newScratch())
			if !slices.ContainsFunc(found, func(f near) bool { return f.vector == n }) {
				missed++
			}
		}
		if missed > v.count()/100 {
			t.Errorf("%s: the graph does not lead to %d of %d vectors", precision, missed, v.count())
		}
	}
}

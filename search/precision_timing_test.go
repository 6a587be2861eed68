package search

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// BenchmarkPrecision finds the ten nearest of 20,000 vectors of 384 numbers, in
// both precisions, through the graph and the best 24 compared by their numbers,
// beside a scan of all by the same precision. A walk takes the time of "rows"
// vectors of that scan, which is what walkCost estimates.
func BenchmarkPrecision(b *testing.B) {
	const count, queries, k, breadth = 20_000, 100, 10, leastBreadth
	var exact [queries][]uint32
	for _, precision := range []Precision{Float32, Int8} {
		s := space{Dimensions, Cosine, precision}
		draw := around(rand.New(rand.NewPCG(7, 8)), Dimensions, 400)
		checked := func() []float32 {
			v, err := s.check("v", draw())
			if err != nil {
				b.Fatal(err)
			}
			return v
		}
		v := drawn(s, count, checked)
		began := time.Now()
		if err := v.link(b.Context(), parent{}); err != nil {
			b.Fatal(err)
		}
		built := time.Since(began)
		var probes []*probe
		for range queries {
			probes = append(probes, newProbe(s, checked()))
		}
		memory, hits := newScratch(), 0
		for q, p := range probes {
			if precision == Float32 {
				exact[q] = vectorsOf(nearestOf(slices.Clone(v.scan(p, k, nil, true, memory)), k))
			}
			for _, n := range v.rescored(p, breadth, memory)[:k] {
				if slices.Contains(exact[q], n.vector) {
					hits++
				}
			}
		}
		scan := time.Duration(0)
		b.Run(string(precision)+"/scan", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				v.scan(probes[i%queries], breadth, nil, precision == Float32, memory)
			}
			scan = b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(scan.Nanoseconds())/count, "ns/vector")
		})
		b.Run(string(precision)+"/graph", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				v.rescored(probes[i%queries], breadth, memory)
			}
			b.ReportMetric(float64(hits)/(queries*k), "recall@10")
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(scan)*count/breadth, "rows/breadth")
			b.ReportMetric(float64(v.memory())/count, "B/vector")
			b.ReportMetric(float64(built.Microseconds())/count, "built-µs/vector")
		})
	}
}

// rescored is a walk whose best are compared by their numbers, as a search does.
func (v *vectors) rescored(p *probe, breadth int, memory *scratch) []near {
	list := v.walk(p, breadth, nil, memory)[:leastRescore]
	for i := range list {
		list[i].score = float32(v.space.score(p.vector, v.vector(list[i].vector)))
	}
	slices.SortFunc(list, func(a, b near) int {
		if a.score > b.score {
			return -1
		}
		return 1
	})
	return list
}

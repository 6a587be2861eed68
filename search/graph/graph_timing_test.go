package graph_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"quintet/search/bitset"
	"quintet/search/graph"
)

// The benchmarks run over the 100,000 word vectors of the folder QUINTET_VECTORS
// (see scripts/vectors), and over 20,000 synthetic rows of 384 dimensions, which
// need none. The baseline is the exact scan in the same run; hnswlib and vek
// stand in scripts.

var benchmarkBreadths = []int{20, 40, 60, 80, 120, 240}

// BenchmarkWords is a search of the ten nearest words, the best 24 to 40
// rescored, beside a scan of all, on every kernel.
func BenchmarkWords(b *testing.B) {
	w := needWords(b)
	g := build(b, w.vectors, graph.Options{})
	for _, kernel := range graph.Kernels() {
		b.Run(kernel, func(b *testing.B) {
			graph.Force(b, kernel)
			b.Run("scan", func(b *testing.B) { benchmarkScan(b, w.vectors, w.queries) })
			for _, breadth := range benchmarkBreadths {
				b.Run(fmt.Sprint("breadth-", breadth), func(b *testing.B) {
					var s graph.Scratch
					var best [40]graph.Neighbour
					var scores [40]float32
					hits := 0
					for q := range w.queries {
						hits += w.rescored(q, g.Search(&s, w.queries[q], breadth, nil), &best, &scores)
					}
					b.ReportAllocs()
					for i := 0; b.Loop(); i++ {
						q := i % len(w.queries)
						w.rescored(q, g.Search(&s, w.queries[q], breadth, nil), &best, &scores)
					}
					b.ReportMetric(float64(hits)/float64(10*len(w.queries)), "recall@10")
				})
			}
		})
	}
}

// BenchmarkFilteredWords is a search with a filter beside one without and beside
// a gathering of all that is admitted. At which count the last is no longer the
// fastest, a planner must know.
func BenchmarkFilteredWords(b *testing.B) {
	w := needWords(b)
	g := build(b, w.vectors, graph.Options{})
	rng := rand.New(rand.NewPCG(1, 5))
	const breadth = 60
	b.Run("unfiltered", func(b *testing.B) {
		var s graph.Scratch
		for i := 0; b.Loop(); i++ {
			g.Search(&s, w.queries[i%len(w.queries)], breadth, nil)
		}
	})
	for _, share := range []float64{.01, .03, .05, .1, .2, .3, .5, .7, .9} {
		var admitted bitset.Set
		var rows []uint32
		for row := range uint32(w.vectors.Rows()) {
			if rng.Float64() < share {
				admitted.Add(row)
				rows = append(rows, row)
			}
		}
		scores := make([]int32, len(rows))
		b.Run(fmt.Sprintf("%.0f%%/walk", 100*share), func(b *testing.B) {
			var s graph.Scratch
			sum := 0.0
			for q := 0; q < len(w.queries); q += 10 {
				sum += recall(g.Search(&s, w.queries[q], breadth, admitted), exact(w.vectors, w.queries[q], 10, admitted))
			}
			for i := 0; b.Loop(); i++ {
				g.Search(&s, w.queries[i%len(w.queries)], breadth, admitted)
			}
			b.ReportMetric(sum*10/float64(len(w.queries)), "recall@10")
		})
		b.Run(fmt.Sprintf("%.0f%%/gather", 100*share), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				w.vectors.Gather(w.queries[i%len(w.queries)], rows, scores)
			}
		})
	}
}

// BenchmarkWide is the same at the 384 dimensions of the text model.
func BenchmarkWide(b *testing.B) {
	v, queries := clustered(20, 20_000, 384, 400, 200)
	g := build(b, v, graph.Options{Breadth: 100})
	b.Run("scan", func(b *testing.B) { benchmarkScan(b, v, queries) })
	for _, breadth := range []int{20, 60} {
		b.Run(fmt.Sprint("breadth-", breadth), func(b *testing.B) {
			var s graph.Scratch
			for i := 0; b.Loop(); i++ {
				g.Search(&s, queries[i%len(queries)], breadth, nil)
			}
		})
	}
}

// BenchmarkBuild builds 8,000 rows, by one worker and by two, and out of a graph
// of the first half.
func BenchmarkBuild(b *testing.B) {
	v, _ := clustered(21, 8_000, 100, 200, 0)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprint("workers-", workers), func(b *testing.B) {
			for b.Loop() {
				build(b, v, graph.Options{Workers: workers})
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*v.Rows()), "µs/row")
		})
	}
	b.Run("grown-from-half", func(b *testing.B) {
		half := v
		half.Codes = v.Codes[:len(v.Codes)/2]
		g, moved := build(b, half, graph.Options{}), make([]uint32, half.Rows())
		for row := range moved {
			moved[row] = uint32(row)
		}
		for b.Loop() {
			if _, err := g.Grow(b.Context(), v, moved, graph.Options{}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*v.Rows()), "µs/row")
	})
}

func benchmarkScan(b *testing.B, v graph.Vectors, queries [][]int8) {
	scores := make([]int32, v.Rows())
	for i := 0; b.Loop(); i++ {
		v.Scan(queries[i%len(queries)], 0, v.Rows(), scores)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*v.Rows()), "ns/row")
}

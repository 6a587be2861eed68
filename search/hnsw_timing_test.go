//go:build !windows

package search_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/coder/hnsw"

	"quintet/search/embed"
	"quintet/search/graph"
)

// BenchmarkGraph is coder/hnsw with its defaults beside the graph and the scan
// that this package uses, over the same random unit vectors, and how many of the
// ten nearest each finds. Random vectors are the hard case for a graph.
// coder/hnsw does not build on Windows.
func BenchmarkGraph(b *testing.B) {
	const count, queries, k, breadth = 2_000, 50, 10, 100
	rng := rand.New(rand.NewPCG(1, 1))
	vectors := make([][]float32, count)
	theirs := hnsw.NewGraph[int]()
	codes := graph.Vectors{Stride: embed.Dim}
	for i := range vectors {
		vectors[i] = randomUnit(rng)
		theirs.Add(hnsw.MakeNode(i, vectors[i]))
		for _, c := range codesOf(vectors[i]) {
			codes.Codes = append(codes.Codes, byte(int(c)+128))
		}
	}
	ours, err := graph.Build(background, codes, graph.Options{})
	must(b, err)
	var s graph.Scratch
	scores := make([]int32, count)
	var byTheirs, byOurs int
	for range queries {
		v := randomUnit(rng)
		nearest := nearestOf(vectors, v)[:k]
		for _, node := range theirs.Search(v, k) {
			if slices.Contains(nearest, node.Key) {
				byTheirs++
			}
		}
		for _, n := range ours.Search(&s, codesOf(v), breadth, nil)[:2*k] {
			if slices.Contains(nearest, int(n.Row)) {
				byOurs++
			}
		}
	}
	v := randomUnit(rng)
	query := codesOf(v)
	b.Run("coder-hnsw", func(b *testing.B) {
		for b.Loop() {
			theirs.Search(v, k)
		}
		b.ReportMetric(float64(byTheirs)/(queries*k), "recall@10")
	})
	b.Run("graph", func(b *testing.B) {
		for b.Loop() {
			ours.Search(&s, query, breadth, nil)
		}
		b.ReportMetric(float64(byOurs)/(queries*k), "recall@10")
	})
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			codes.Scan(query, 0, count, scores)
		}
	})
}

// nearestOf orders vectors by their dot product with one.
func nearestOf(vectors [][]float32, v []float32) []int {
	nearest := make([]int, len(vectors))
	for i := range nearest {
		nearest[i] = i
	}
	slices.SortFunc(nearest, func(x, y int) int {
		return int(math.Copysign(1, dot(vectors[y], v)-dot(vectors[x], v)))
	})
	return nearest
}

// codesOf are 8 bits of each number, by the same scale for all.
func codesOf(v []float32) []int8 {
	codes := make([]int8, len(v))
	for i, x := range v {
		codes[i] = int8(max(-127, min(127, math.RoundToEven(float64(x)*635))))
	}
	return codes
}

func randomUnit(rng *rand.Rand) []float32 {
	v, sum := make([]float32, embed.Dim), 0.0
	for i := range v {
		v[i] = float32(rng.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

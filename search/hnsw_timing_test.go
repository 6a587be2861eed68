//go:build !windows

package search_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/coder/hnsw"

	"quintet/search/embed"
)

// BenchmarkGraph is coder/hnsw with its defaults beside the exact scan that
// this package uses, over the same random unit vectors, and how many of the
// ten nearest it finds. Random vectors are the hard case for a graph. It does
// not build on Windows.
func BenchmarkGraph(b *testing.B) {
	const count, queries, k = 2_000, 50, 10
	rng := rand.New(rand.NewPCG(1, 1))
	vectors, codes := make([][]float32, count), make([]byte, count*embed.Dim)
	graph := hnsw.NewGraph[int]()
	for i := range vectors {
		vectors[i] = randomUnit(rng)
		embed.Quantise(vectors[i], codes[i*embed.Dim:(i+1)*embed.Dim])
		graph.Add(hnsw.MakeNode(i, vectors[i]))
	}
	query, scores, found := make([]int8, embed.Dim), make([]int32, count), 0
	for range queries {
		v := randomUnit(rng)
		nearest := make([]int, count)
		for i := range nearest {
			nearest[i] = i
		}
		slices.SortFunc(nearest, func(x, y int) int {
			return int(math.Copysign(1, dot(vectors[y], v)-dot(vectors[x], v)))
		})
		for _, node := range graph.Search(v, k) {
			if slices.Contains(nearest[:k], node.Key) {
				found++
			}
		}
	}
	v := randomUnit(rng)
	b.Run("coder-hnsw", func(b *testing.B) {
		for b.Loop() {
			graph.Search(v, k)
		}
		b.ReportMetric(float64(found)/(queries*k), "recall@10")
	})
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			embed.QuantiseQuery(v, query)
			embed.ScanInt8(query, codes, scores)
		}
	})
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

//go:build !windows

package search_test

import (
	"cmp"
	"math"
	oldrand "math/rand"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/coder/hnsw"

	"quintet/search/graph"
)

// BenchmarkGraph is coder/hnsw with its defaults beside the graph and the scan
// that this package uses, over the same 20,000 vectors of 100 dimensions around
// 500 centres, and how many of the ten nearest each finds, for queries that are
// none of the vectors. coder/hnsw does not build on Windows.
func BenchmarkGraph(b *testing.B) {
	const count, dimensions, queries, k, breadth, compared = 20_000, 100, 200, 10, 100, 24
	all := aroundCentres(count+queries, dimensions, 500)
	vectors, asked := all[:count], all[count:]
	theirs := hnsw.NewGraph[int]()
	theirs.Rng = oldrand.New(oldrand.NewSource(1))
	codes := graph.Vectors{Stride: 2 * graph.Block}
	began := time.Now()
	for i, v := range vectors {
		theirs.Add(hnsw.MakeNode(i, v))
	}
	theirBuild := time.Since(began)
	began = time.Now()
	for _, v := range vectors {
		for _, c := range codesOf(v, codes.Stride) {
			codes.Codes = append(codes.Codes, byte(int(c)+128))
		}
	}
	ours, err := graph.Build(background, codes, graph.Options{})
	must(b, err)
	ourBuild := time.Since(began)

	var s graph.Scratch
	scores := make([]int32, count)
	type near struct {
		row   uint32
		score float64
	}
	var best []near
	search := func(query []float32, codes []int8) []near {
		best = best[:0]
		for _, n := range ours.Search(&s, codes, breadth, nil)[:compared] {
			best = append(best, near{n.Row, dot(vectors[n.Row], query)})
		}
		slices.SortFunc(best, func(x, y near) int { return cmp.Compare(y.score, x.score) })
		return best[:k]
	}
	var byTheirs, byOurs int
	for _, q := range asked {
		least := dot(vectors[nearestOf(vectors, q)[k-1]], q)
		for _, node := range theirs.Search(q, k) {
			if dot(node.Value, q) >= least {
				byTheirs++
			}
		}
		for _, n := range search(q, codesOf(q, codes.Stride)) {
			if n.score >= least {
				byOurs++
			}
		}
	}
	report := func(b *testing.B, found int, build time.Duration) {
		b.ReportAllocs()
		b.ReportMetric(float64(found)/(queries*k), "recall@10")
		b.ReportMetric(float64(build.Microseconds())/count, "build-µs/vector")
	}
	b.Run("coder-hnsw", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			theirs.Search(asked[i%queries], k)
		}
		report(b, byTheirs, theirBuild)
	})
	b.Run("graph", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			q := asked[i%queries]
			search(q, codesOf(q, codes.Stride))
		}
		report(b, byOurs, ourBuild)
	})
	query := codesOf(asked[0], codes.Stride)
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			codes.Scan(query, 0, count, scores)
		}
	})
}

// aroundCentres draws unit vectors that lie in groups, as real ones do.
func aroundCentres(count, dimensions, groups int) [][]float32 {
	rng := rand.New(rand.NewPCG(1, 1))
	centres := make([][]float64, groups)
	for i := range centres {
		centres[i] = make([]float64, dimensions)
		for j := range centres[i] {
			centres[i][j] = rng.NormFloat64()
		}
	}
	all := make([][]float32, count)
	for i := range all {
		all[i] = unit(clustered(rng, centres))
	}
	return all
}

// nearestOf orders vectors by their dot product with one.
func nearestOf(vectors [][]float32, v []float32) []int {
	nearest, scores := make([]int, len(vectors)), make([]float64, len(vectors))
	for i := range nearest {
		nearest[i], scores[i] = i, dot(vectors[i], v)
	}
	slices.SortFunc(nearest, func(x, y int) int { return cmp.Compare(scores[y], scores[x]) })
	return nearest
}

// codesOf are 8 bits of each number, by the same scale for all, and zeros up to
// the stride.
func codesOf(v []float32, stride int) []int8 {
	codes := make([]int8, stride)
	for i, x := range v {
		codes[i] = int8(max(-127, min(127, math.RoundToEven(float64(x)*300))))
	}
	return codes
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

package graph_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"quintet/search/bitset"
	"quintet/search/graph"
)

// clustered draws rows around some centres, and as many queries as asked, all
// of length 1 before they are rounded.
func clustered(seed uint64, rows, dimensions, centres, queries int) (graph.Vectors, [][]int8) {
	rng := rand.New(rand.NewPCG(seed, 2))
	around := make([][]float64, centres)
	for i := range around {
		around[i] = normal(rng, dimensions, nil)
	}
	stride := (dimensions + graph.Block - 1) / graph.Block * graph.Block
	v := graph.Vectors{Codes: slices.Repeat([]byte{128}, rows*stride), Stride: stride}
	for row := range rows {
		for i, x := range normal(rng, dimensions, around[rng.IntN(centres)]) {
			v.Codes[row*stride+i] = byte(int(x*127*3) + 128)
		}
	}
	asked := make([][]int8, queries)
	for i := range asked {
		asked[i] = make([]int8, stride)
		for j, x := range normal(rng, dimensions, around[rng.IntN(centres)]) {
			asked[i][j] = int8(x * 127 * 3)
		}
	}
	return v, asked
}

// normal draws a vector of length 1, at most a third in any direction.
func normal(rng *rand.Rand, dimensions int, centre []float64) []float64 {
	v, sum := make([]float64, dimensions), 0.0
	for i := range v {
		v[i] = rng.NormFloat64()
		if centre != nil {
			v[i] = centre[i]*math.Sqrt(float64(dimensions)) + v[i]
		}
		sum += v[i] * v[i]
	}
	for i := range v {
		v[i] = max(-.33, min(.33, v[i]/math.Sqrt(sum)))
	}
	return v
}

// euclid sets the biases that order rows by their distance.
func euclid(v graph.Vectors) graph.Vectors {
	v.Bias = make([]int32, v.Rows())
	for row := range v.Bias {
		for _, c := range v.Codes[row*v.Stride:][:v.Stride] {
			v.Bias[row] += (int32(c) - 128) * (int32(c) - 128)
		}
		v.Bias[row] /= 2
	}
	return v
}

// exact is the answer that a search should give. It scores by Scan, which
// FuzzKernels holds against plain loops.
func exact(v graph.Vectors, query []int8, k int, admitted bitset.Set) []graph.Neighbour {
	var all []graph.Neighbour
	scores := make([]int32, v.Rows())
	v.Scan(query, 0, v.Rows(), scores)
	for row, score := range scores {
		if admitted == nil || admitted.Has(uint32(row)) {
			all = append(all, graph.Neighbour{Row: uint32(row), Score: score})
		}
	}
	slices.SortFunc(all, better)
	return all[:min(k, len(all))]
}

func better(a, b graph.Neighbour) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Row, b.Row))
}

// recall is the share of the wanted that is found; one as good as the last
// wanted counts.
func recall(found, want []graph.Neighbour) float64 {
	if len(want) == 0 {
		return 1
	}
	hits := 0
	for _, f := range found[:min(len(found), len(want))] {
		if f.Score >= want[len(want)-1].Score {
			hits++
		}
	}
	return float64(hits) / float64(len(want))
}

// sound holds what every answer is: true scores, in order, no row twice, none
// that is not admitted.
func sound(t testing.TB, v graph.Vectors, query []int8, found []graph.Neighbour, admitted bitset.Set) {
	t.Helper()
	if !slices.IsSortedFunc(found, better) {
		t.Fatalf("not in order: %v", found)
	}
	seen := map[uint32]bool{}
	for _, f := range found {
		if seen[f.Row] || admitted != nil && !admitted.Has(f.Row) || f.Score != plainScore(v, query, f.Row) {
			t.Fatalf("row %d (score %d) does not belong", f.Row, f.Score)
		}
		seen[f.Row] = true
	}
}

func build(t testing.TB, v graph.Vectors, o graph.Options) *graph.Graph {
	t.Helper()
	g, err := graph.Build(t.Context(), v, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// drawRows draws so many of all rows, in order.
func drawRows(rng *rand.Rand, all, n int) []uint32 {
	var rows []uint32
	for _, row := range rng.Perm(all)[:n] {
		rows = append(rows, uint32(row))
	}
	slices.Sort(rows)
	return rows
}

// pick makes vectors of some rows of others.
func pick(v graph.Vectors, rows []uint32) graph.Vectors {
	some := graph.Vectors{Codes: []byte{}, Stride: v.Stride}
	for _, row := range rows {
		some.Codes = append(some.Codes, v.Codes[int(row)*v.Stride:][:v.Stride]...)
		if v.Bias != nil {
			some.Bias = append(some.Bias, v.Bias[row])
		}
	}
	return some
}

// leave lets a share of rows go: Gone stands in their place.
func leave(rng *rand.Rand, rows []uint32, share float64) []uint32 {
	left := slices.Clone(rows)
	for i := range left {
		if rng.Float64() < share {
			left[i] = graph.Gone
		}
	}
	return left
}

// extend adds rows that are neither among those that were nor among those that
// are left, so that they are size in all, in order. Where that is all rows, those
// that went come again.
func extend(rng *rand.Rand, all int, were, left []uint32, size int) []uint32 {
	rows := slices.DeleteFunc(slices.Clone(left), func(row uint32) bool { return row == graph.Gone })
	for _, row := range rng.Perm(all) {
		if len(rows) < size && !slices.Contains(rows, uint32(row)) && (size == all || !slices.Contains(were, uint32(row))) {
			rows = append(rows, uint32(row))
		}
	}
	slices.Sort(rows)
	return rows
}

// renumber says which place rows have among others.
func renumber(among, rows []uint32) []uint32 {
	places := slices.Clone(rows)
	for i, row := range rows {
		if at, found := slices.BinarySearch(among, row); found {
			places[i] = uint32(at)
		}
	}
	return places
}

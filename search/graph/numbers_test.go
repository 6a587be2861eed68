package graph_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"quintet/search/binary32"
	"quintet/search/bitset"
	"quintet/search/graph"
)

// numbers draws rows of float32 around some centres, and as many queries as
// asked; some rows are equal. Every third vector is twice as long.
func numbers(seed uint64, form graph.Form, rows, dimensions, centres, queries int) (graph.Vectors, [][]float32) {
	rng := rand.New(rand.NewPCG(seed, 3))
	around := make([][]float64, centres)
	for i := range around {
		around[i] = normal(rng, dimensions, nil)
	}
	draw := func(i int) []float32 {
		v := make([]float32, dimensions)
		for j, x := range normal(rng, dimensions, around[rng.IntN(centres)]) {
			if v[j] = float32(x); i%3 == 0 && form == graph.Float32Distance {
				v[j] *= 2
			}
		}
		return v
	}
	v := graph.Vectors{Form: form, Stride: binary32.Size * dimensions}
	for row := range rows {
		if row > 9 && row%50 == 0 {
			v.Codes = append(v.Codes, v.Codes[:v.Stride]...)
		} else {
			v.Codes = binary32.Append(v.Codes, draw(row))
		}
	}
	asked := make([][]float32, queries)
	for i := range asked {
		asked[i] = draw(i)
	}
	return v, asked
}

func scoreOf(v graph.Vectors, query []float32, row uint32) float32 {
	if b := v.Codes[int(row)*v.Stride:]; v.Form == graph.Float32Dot {
		return binary32.Dot(query, b)
	} else {
		return -binary32.Distance(query, b)
	}
}

// TestNumbers holds the walk over float32 against a scan: true scores in order,
// none that is not admitted, and nearly all of the ten nearest.
func TestNumbers(t *testing.T) {
	for name, form := range map[string]graph.Form{"dot": graph.Float32Dot, "distance": graph.Float32Distance} {
		t.Run(name, func(t *testing.T) {
			v, queries := numbers(1, form, 3000, 50, 40, 40)
			g := build(t, v, graph.Options{Seed: 1})
			half, tenth := bitset.New(v.Rows()), bitset.New(v.Rows())
			for row := range uint32(v.Rows()) {
				if row%2 == 0 {
					half.Add(row)
				}
				if row%10 == 3 {
					tenth.Add(row)
				}
			}
			var s graph.Scratch
			for _, admitted := range []bitset.Set{nil, half, tenth} {
				hits := 0
				for _, q := range queries {
					hits += hitsOfNumbers(t, v, q, g.SearchNumbers(&s, q, 100, admitted), admitted)
				}
				if share := float64(hits) / float64(10*len(queries)); share < .97 {
					t.Errorf("recall of %.3f with %d of %d rows", share, admitted.Count(), v.Rows())
				}
			}
			if n := testing.AllocsPerRun(10, func() { g.SearchNumbers(&s, queries[0], 100, nil) }); n > 0 {
				t.Errorf("a search allocates %v times", n)
			}
		})
	}
}

// hitsOfNumbers counts how many of the ten first are among the ten nearest, or
// as near.
func hitsOfNumbers(t *testing.T, v graph.Vectors, q []float32, found []graph.Neighbour, admitted bitset.Set) (hits int) {
	t.Helper()
	var all []float32
	for row := range uint32(v.Rows()) {
		if admitted == nil || admitted.Has(row) {
			all = append(all, scoreOf(v, q, row))
		}
	}
	slices.Sort(all)
	seen := map[uint32]bool{}
	for i, n := range found {
		if seen[n.Row] || admitted != nil && !admitted.Has(n.Row) || n.Float() != scoreOf(v, q, n.Row) || i > 0 && n.Float() > found[i-1].Float() {
			t.Fatalf("row %d (score %v) does not belong at %d", n.Row, n.Float(), i)
		}
		seen[n.Row] = true
		if i < 10 && n.Float() >= all[len(all)-10] {
			hits++
		}
	}
	return hits
}

// TestNumbersFormat holds that links over numbers are read back as they were,
// and that the same numbers make the same links.
func TestNumbersFormat(t *testing.T) {
	v, _ := numbers(2, graph.Float32Distance, 400, 3, 5, 0)
	links := build(t, v, graph.Options{Seed: 7}).Append(nil)
	if again := build(t, v, graph.Options{Seed: 7}).Append(nil); !slices.Equal(links, again) {
		t.Error("the same vectors have other links")
	}
	g, err := graph.Open(links, v)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(g.Append(nil), links) {
		t.Error("the links changed on their way")
	}
	for name, bad := range map[string]graph.Vectors{
		"half a number": {Form: v.Form, Codes: v.Codes, Stride: 6},
		"half a row":    {Form: v.Form, Codes: v.Codes[:len(v.Codes)-4], Stride: v.Stride},
		"a bias":        {Form: v.Form, Codes: v.Codes, Stride: v.Stride, Bias: make([]int32, 400)},
		"another form":  {Form: 9, Codes: v.Codes, Stride: v.Stride},
	} {
		if _, err := graph.Open(links, bad); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

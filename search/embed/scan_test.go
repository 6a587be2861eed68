package embed_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"quintet/search/embed"
)

func TestQuantise(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	v := []float32{0, .1, -.1, .2, -.2, .3, -1, 1e30, nan, inf, -inf, 1. / 1270 * .99, 1. / 1270 * 1.01, 3. / 1270}
	want := []int8{0, 64, -64, 127, -127, 127, -127, 127, 0, 127, -127, 0, 1, 2}
	codes, query := make([]byte, len(v)), make([]int8, len(v))
	embed.Quantise(v, codes)
	embed.QuantiseQuery(v, query)
	for i := range v {
		if query[i] != want[i] || int(codes[i]) != int(want[i])+128 {
			t.Errorf("%v became %d and %d, not %d", v[i], query[i], codes[i], want[i])
		}
	}
}

// TestScoresAreCosines compares the scores of the golden vectors with their
// cosines in float32: within .01, or .06 where a coordinate was cut, as those
// of the empty text and of "hello" are.
func TestScoresAreCosines(t *testing.T) {
	texts := goldens(t)
	codes := make([]byte, len(texts)*embed.Dim)
	cut := make([]bool, len(texts))
	for i, g := range texts {
		embed.Quantise(g.Embedding, codes[i*embed.Dim:][:embed.Dim])
		cut[i] = slices.Max(g.Embedding) > .21 || slices.Min(g.Embedding) < -.21
	}
	query, scores := make([]int8, embed.Dim), make([]int32, len(texts))
	for i, g := range texts[2:] {
		embed.QuantiseQuery(g.Embedding, query)
		embed.ScanInt8(query, codes, scores)
		for j, s := range scores[2:] {
			bound := .01
			if cut[i+2] || cut[j+2] {
				bound = .06
			}
			if e := math.Abs(float64(s)/(embed.CodeScale*embed.CodeScale) - cosine(g.Embedding, texts[j+2].Embedding)); e > bound {
				t.Errorf("texts %d and %d: off by %.4f", i+2, j+2, e)
			}
		}
	}
}

func TestScanAllocatesNothing(t *testing.T) {
	v, codes := make([]float32, embed.Dim), make([]byte, 8*embed.Dim)
	for _, kernel := range embed.Kernels() {
		embed.Force(t, kernel)
		n := testing.AllocsPerRun(10, func() {
			var query [embed.Dim]int8
			var scores [8]int32
			embed.QuantiseQuery(v, query[:])
			embed.Quantise(v, codes[:embed.Dim])
			embed.ScanInt8(query[:], codes, scores[:])
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", kernel, n)
		}
	}
}

func TestScanRefuses(t *testing.T) {
	for name, f := range map[string]func(){
		"a short query":  func() { embed.ScanInt8(make([]int8, embed.Dim-1), nil, nil) },
		"a part of rows": func() { embed.ScanInt8(make([]int8, embed.Dim), make([]byte, embed.Dim+1), make([]int32, 1)) },
		"too few scores": func() { embed.ScanInt8(make([]int8, embed.Dim), make([]byte, 2*embed.Dim), make([]int32, 1)) },
		"too few codes":  func() { embed.ScanInt8(make([]int8, embed.Dim), make([]byte, embed.Dim), make([]int32, 2)) },
		"short codes":    func() { embed.Quantise(make([]float32, 2), make([]byte, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it ran")
				}
			}()
			f()
		})
	}
	embed.ScanInt8(make([]int8, embed.Dim), nil, nil) // no rows
}

func FuzzScan(f *testing.F) {
	f.Add(uint64(1), uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, rows uint8) {
		r := rand.New(rand.NewPCG(seed, seed))
		query, codes, scores := make([]int8, embed.Dim), make([]byte, int(rows)*embed.Dim), make([]int32, rows)
		for i := range query {
			query[i] = int8(r.IntN(256) - 128)
		}
		for i := range codes {
			codes[i] = byte(r.IntN(256))
		}
		embed.ScanInt8(query, codes, scores)
		for i, got := range scores {
			var want int32
			for j, q := range query {
				want += int32(q) * (int32(codes[i*embed.Dim+j]) - 128)
			}
			if got != want {
				t.Fatalf("row %d of %d: %d, not %d", i, rows, got, want)
			}
		}
	})
}

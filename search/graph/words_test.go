package graph_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"quintet/search/graph"
)

// words are the vectors that scripts/vectors makes, read once.
var words = sync.OnceValues(func() (w wordSet, err error) {
	folder := os.Getenv("QUINTET_VECTORS")
	if w.base, err = read[float32](folder, "base.f32"); err != nil {
		return w, err
	}
	if w.query, err = read[float32](folder, "query.f32"); err != nil {
		return w, err
	}
	if w.truth, err = read[uint32](folder, "truth.u32"); err != nil {
		return w, err
	}
	w.scale = wordScale(w.base)
	w.vectors = graph.Vectors{Stride: wordStride, Codes: make([]byte, len(w.base)/wordDim*wordStride)}
	for row := range w.vectors.Rows() {
		for i := range wordStride {
			code := 0.0
			if i < wordDim {
				code = w.code(w.base[row*wordDim+i])
			}
			w.vectors.Codes[row*wordStride+i] = byte(int(code) + 128)
		}
	}
	for from := 0; from < len(w.query); from += wordDim {
		q := make([]int8, wordStride)
		for i := range wordDim {
			q[i] = int8(w.code(w.query[from+i]))
		}
		w.queries = append(w.queries, q)
	}
	return w, nil
})

const (
	wordDim    = 100
	wordStride = 128
	wordTruth  = 100 // nearest rows of each query
)

type wordSet struct {
	base, query []float32
	truth       []uint32
	scale       float64
	vectors     graph.Vectors
	queries     [][]int8
}

func (w *wordSet) code(x float32) float64 {
	return max(-127, min(127, math.RoundToEven(float64(x)*w.scale)))
}

// wordScale makes the 99.95 % quantile of the coordinates 127.
func wordScale(base []float32) float64 {
	sizes := make([]float64, len(base))
	for i, x := range base {
		sizes[i] = math.Abs(float64(x))
	}
	slices.Sort(sizes)
	return 127 / sizes[int(.9995*float64(len(sizes)))]
}

// needWords skips, visibly, where there are no vectors.
func needWords(t testing.TB) *wordSet {
	t.Helper()
	if os.Getenv("QUINTET_VECTORS") == "" {
		t.Skip("QUINTET_VECTORS names no folder made by scripts/vectors")
	}
	w, err := words()
	if err != nil {
		t.Fatal(err)
	}
	return &w
}

func read[T any](folder, name string) ([]T, error) {
	b, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	values := make([]T, len(b)/4)
	_, err = binary.Decode(b, binary.LittleEndian, values)
	return values, err
}

// rescored orders the best of what was found by the exact product, and returns
// how many of the ten nearest are among its first ten.
func (w *wordSet) rescored(query int, found []graph.Neighbour, best *[40]graph.Neighbour, exact *[40]float32) (hits int) {
	n := copy(best[:], found)
	q := w.query[query*wordDim:][:wordDim]
	for i, f := range best[:n] {
		v := w.base[int(f.Row)*wordDim:][:wordDim]
		var s0, s1, s2, s3 float32
		for j := 0; j < wordDim; j += 4 {
			s0 += q[j] * v[j]
			s1 += q[j+1] * v[j+1]
			s2 += q[j+2] * v[j+2]
			s3 += q[j+3] * v[j+3]
		}
		exact[i] = s0 + s1 + s2 + s3
	}
	for i := range min(10, n) {
		for j := i + 1; j < n; j++ {
			if exact[j] > exact[i] {
				exact[i], exact[j], best[i], best[j] = exact[j], exact[i], best[j], best[i]
			}
		}
		if slices.Contains(w.truth[query*wordTruth:][:10], best[i].Row) {
			hits++
		}
	}
	return hits
}

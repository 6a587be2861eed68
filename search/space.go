package search

import (
	"math"
	"slices"

	"quintet/search/binary16"
	"quintet/search/embed"
	"quintet/search/graph"
)

// Dimensions is the length of the embedding model's vectors.
const Dimensions = embed.Dim

// Metric says how two vectors are compared.
type Metric string

// The metrics. A greater score is nearer with each of them.
const (
	Cosine Metric = "cosine" // of the angle between them; vectors are brought to length 1
	Dot    Metric = "dot"    // the dot product
	Euclid Metric = "euclid" // minus the distance
)

// space is where the vectors of a collection are: how many numbers each has,
// and what is near.
type space struct {
	dimensions int
	metric     Metric
}

// bytes is what a vector takes as it is stored, in binary16.
func (s space) bytes() int { return binary16.Size * s.dimensions }

// stride is how many codes a row of the index has: whole blocks of the kernels.
func (s space) stride() int { return (s.dimensions + graph.Block - 1) / graph.Block * graph.Block }

// check refuses what cannot be compared, and makes the rest what is stored and
// compared: of length 1 where the angle counts.
func (s space) check(location string, v []float32) ([]float32, error) {
	if len(v) != s.dimensions {
		return nil, invalid(location, "has %d numbers, and the vectors of this collection have %d", len(v), s.dimensions)
	}
	sum, most := 0.0, 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
		most = max(most, math.Abs(float64(x)))
	}
	switch {
	case math.IsNaN(sum) || math.IsInf(sum, 0):
		return nil, invalid(location, "has a number that is none, or infinite, or too large")
	case s.metric != Cosine && most > binary16.Most:
		return nil, invalid(location, "has a number above %d, which binary16 cannot hold", binary16.Most)
	case s.metric != Cosine:
		return v, nil
	case sum == 0:
		return nil, invalid(location, "is zero, which has no direction")
	}
	unit := make([]float32, len(v))
	for i, x := range v {
		unit[i] = float32(float64(x) / math.Sqrt(sum))
	}
	return unit, nil
}

// codeZero is the byte of the code 0.
const codeZero = 128

// maxPassages is how many vectors a document has at most.
const maxPassages = 32

// score compares a query with a stored vector.
func (s space) score(q []float32, halves []byte) float64 {
	if s.metric == Euclid {
		return -math.Sqrt(float64(binary16.Distance(q, halves)))
	}
	return float64(binary16.Dot(q, halves))
}

// quantise turns a vector into codes of 8 bits, -127 to 127: v ≈ scale · codes.
// The scale is the vector's own, so that nothing is cut, and 0 for a zero
// vector.
func quantise(v []float32, codes []int8) (scale float32) {
	most := 0.0
	for _, x := range v {
		most = max(most, math.Abs(float64(x)))
	}
	if most == 0 {
		clear(codes)
		return 0
	}
	quantiseBy(v, float32(most/127), codes)
	return float32(most / 127)
}

// quantiseBy turns a vector into codes of a given scale. What lies beyond it
// is cut.
func quantiseBy(v []float32, scale float32, codes []int8) {
	for i, x := range v {
		codes[i] = int8(max(-127, min(127, math.RoundToEven(float64(x)/float64(scale)))))
	}
}

// clipped is the share of numbers that a scale for many vectors cuts: they are
// few and far out, and would make all others coarse.
const clipped = 0.0005

// commonScale returns the scale for many vectors, of some of whose numbers,
// without their sign, it is given a sample. It is never 0.
func commonScale(sample []float32) float32 {
	if len(sample) == 0 {
		return 1
	}
	slices.Sort(sample)
	at := sample[min(len(sample)-1, int(float64(len(sample))*(1-clipped)))]
	if at == 0 {
		at = max(sample[len(sample)-1], 1)
	}
	return at / 127
}

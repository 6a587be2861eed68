package search

import (
	"math"
	"slices"

	"quintet/search/binary16"
	"quintet/search/binary32"
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

// Precision says how the vectors of a collection are kept and found.
type Precision string

// The precisions.
const (
	// Int8 keeps binary16 and finds the nearest by codes of one byte a number.
	Int8 Precision = "int8"
	// Float32 keeps and compares the numbers as they come.
	Float32 Precision = "float32"
)

// space is where the vectors of a collection are: how many numbers each has,
// what is near, and how exactly.
type space struct {
	dimensions int
	metric     Metric
	precision  Precision
}

// bytes is what a vector takes as it is stored, in binary16 or in binary32.
func (s space) bytes() int {
	if s.precision == Float32 {
		return binary32.Size * s.dimensions
	}
	return binary16.Size * s.dimensions
}

// append appends a vector as it is stored.
func (s space) append(b []byte, v []float32) []byte {
	if s.precision == Float32 {
		return binary32.Append(b, v)
	}
	return binary16.Append(b, v)
}

// floats reads stored numbers, as many as dst has.
func (s space) floats(dst []float32, numbers []byte) {
	if s.precision == Float32 {
		binary32.Floats(dst, numbers)
	} else {
		binary16.Floats(dst, numbers)
	}
}

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
	case s.metric != Cosine && s.precision == Float32 && sum > longest*longest:
		return nil, invalid(location, "is longer than %.2g, and float32 cannot compare it with others; make all vectors shorter", float64(longest))
	case s.metric != Cosine && s.precision != Float32 && most > binary16.Most:
		return nil, invalid(location, "has a number above %d, which a collection of the precision %s cannot hold; %s can", binary16.Most, Int8, Float32)
	case s.metric != Cosine, s.precision == Float32 && math.Abs(sum-1) < unit:
		return v, nil
	case sum == 0:
		return nil, invalid(location, "is zero, which has no direction")
	}
	turned := make([]float32, len(v))
	for i, x := range v {
		turned[i] = float32(float64(x) / math.Sqrt(sum))
	}
	return turned, nil
}

const (
	// longest is so long that no sum of products or squares of two vectors leaves
	// float32.
	longest = 1 << 62
	// unit is how far from 1 the square of a length is after rounding to float32.
	// Such a vector is kept as it came.
	unit = 0x1p-22
)

// codeZero is the byte of the code 0.
const codeZero = 128

// maxPassages is how many vectors a document has at most.
const maxPassages = 32

// score compares a query with a stored vector.
func (s space) score(q []float32, numbers []byte) float64 {
	switch {
	case s.precision == Float32 && s.metric == Euclid:
		return -math.Sqrt(float64(binary32.Distance(q, numbers)))
	case s.precision == Float32:
		return float64(binary32.Dot(q, numbers))
	case s.metric == Euclid:
		return -math.Sqrt(float64(binary16.Distance(q, numbers)))
	}
	return float64(binary16.Dot(q, numbers))
}

// scores compares a query with the given ones of many stored vectors: numbers
// that order as the scores do.
func (s space) scores(q []float32, numbers []byte, given []uint32, scores []float32) {
	switch {
	case s.precision == Float32 && s.metric == Euclid:
		binary32.Distances(q, numbers, given, scores)
		for i, d := range scores {
			scores[i] = -d
		}
	case s.precision == Float32:
		binary32.Dots(q, numbers, given, scores)
	default:
		for i, n := range given {
			scores[i] = float32(s.score(q, numbers[s.bytes()*int(n):][:s.bytes()]))
		}
	}
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

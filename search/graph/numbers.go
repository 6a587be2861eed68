package graph

import (
	"fmt"
	"math"
	"unsafe"

	"quintet/search/binary32"
	"quintet/search/bitset"
)

// Form says what the bytes of a row are and how it is scored.
type Form uint8

// The forms. Of numbers, the score is the dot product, or minus the square of
// the distance; a row has Stride bytes without any that fill up, and no bias.
const (
	Int8            Form = iota // codes
	Float32Dot                  // package binary32
	Float32Distance             // likewise
)

// A walk compares scores by int32, and a query is bytes to it. So a float32
// stands for itself by an int32 of the same order, and the memory of a query is
// that of its float32 numbers.

// ordered makes int32 of the float32 in scores, of the same order.
func ordered(scores []int32) {
	for i, bits := range scores {
		scores[i] = flip(bits)
	}
}

// flip is its own inverse: below 0, the greater magnitude is the less.
func flip(bits int32) int32 { return bits ^ bits>>31&math.MaxInt32 }

// Float is the score of a row of numbers.
func (n Neighbour) Float() float32 { return math.Float32frombits(uint32(flip(n.Score))) }

// SearchNumbers is Search for vectors of numbers. The query has as many as a
// row; what is found says its score by Float.
func (g *Graph) SearchNumbers(s *Scratch, query []float32, breadth int, admitted bitset.Set) []Neighbour {
	need(g.vectors.Form != Int8)
	return g.Search(s, asQuery(query), breadth, admitted)
}

// newQuery makes room for a query.
func (v *Vectors) newQuery() []int8 {
	if v.Form == Int8 {
		return make([]int8, v.Stride)
	}
	return asQuery(make([]float32, v.Stride/binary32.Size))
}

// gatherNumbers is gather for numbers.
func (v *Vectors) gatherNumbers(query []int8, rows []uint32, scores []int32) {
	q, floats := asNumbers(query), unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(scores))), len(scores))
	if v.Form == Float32Dot {
		binary32.Dots(q, v.Codes, rows, floats)
	} else {
		binary32.Distances(q, v.Codes, rows, floats)
		for i := range floats {
			floats[i] = -floats[i]
		}
	}
	ordered(scores)
}

// checkNumbers is check for numbers.
func (v *Vectors) checkNumbers() error {
	switch {
	case v.Form > Float32Distance || v.Bias != nil:
		return fmt.Errorf("graph: vectors of form %d with %d biases", v.Form, len(v.Bias))
	case v.Stride <= 0 || v.Stride%binary32.Size != 0 || v.Stride > maxStride:
		return fmt.Errorf("graph: a stride of %d is not whole numbers up to %d bytes", v.Stride, maxStride)
	case len(v.Codes)%v.Stride != 0 || len(v.Codes)/v.Stride > maxRows:
		return fmt.Errorf("graph: %d bytes are not whole rows of %d, or more than %d", len(v.Codes), v.Stride, maxRows)
	}
	return nil
}

func asQuery(v []float32) []int8 {
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(v))), binary32.Size*len(v))
}

func asNumbers(query []int8) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(query))), len(query)/binary32.Size)
}

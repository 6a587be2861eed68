package graph

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"quintet/search/binary32"
)

const (
	// Block is what a stride is a multiple of: a cache line.
	Block = 64

	// zero is the byte of the code 0.
	zero = 128

	maxStride = 1 << 15 // beyond it a dot product could leave int32
	maxRows   = 1 << 30 // a row and a flag share 32 bits
)

// Vectors are quantised vectors, one after another. Row r has the codes
// Codes[r·Stride : (r+1)·Stride], each a byte that stands for itself minus 128.
// Stride is the number of dimensions rounded up to a multiple of Block, at most
// 32,768; what fills up may be any byte, for there the query holds 0.
//
// The score of a row is Σ query[i]·(code[i]-128), minus Bias[row] unless Bias is
// nil; more is nearer. For the cosine the vectors have length 1 and no bias. For
// Euclid's distance the bias is half the squared length of the row's codes: then
// the order of the scores is that of the distances. All scores are exact; those
// with a bias must fit int32.
//
// With another Form the codes are numbers: numbers.go.
//
// Vectors are not copied and must not change. All methods are safe for
// concurrent use and allocate nothing.
type Vectors struct {
	Codes  []byte
	Stride int
	Bias   []int32
	Form   Form // Int8, unless Codes are numbers
}

// Rows is the number of vectors.
func (v Vectors) Rows() int {
	if v.Stride == 0 {
		return 0
	}
	return len(v.Codes) / v.Stride
}

// Scan writes the scores of the rows from…to-1 to scores, which has to-from
// elements. The query has Stride elements. Anything else panics.
func (v Vectors) Scan(query []int8, from, to int, scores []int32) {
	need(v.Form == Int8 && v.check() == nil && len(query) == v.Stride && from >= 0 && from <= to && to <= v.Rows() && len(scores) == to-from)
	if from == to {
		return
	}
	scan(query, v.Codes[from*v.Stride:to*v.Stride], scores)
	if v.Bias != nil {
		for i, b := range v.Bias[from:to] {
			scores[i] -= b
		}
	}
}

// Gather writes the scores of rows, in any order, to scores, which has as many
// elements. The query has Stride elements. Anything else panics.
func (v Vectors) Gather(query []int8, rows []uint32, scores []int32) {
	need(v.Form == Int8 && v.check() == nil && len(query) == v.Stride && len(scores) == len(rows))
	count, highest := v.Rows(), uint32(0)
	for _, row := range rows {
		highest = max(highest, row)
	}
	need(len(rows) == 0 || int(highest) < count)
	v.gather(query, rows, scores)
}

// gather is Gather for what is known to be right.
func (v *Vectors) gather(query []int8, rows []uint32, scores []int32) {
	if len(rows) == 0 {
		return
	}
	if v.Form != Int8 {
		v.gatherNumbers(query, rows, scores)
		return
	}
	gather(query, v.Codes, rows, scores)
	if v.Bias != nil {
		for i, row := range rows {
			scores[i] -= v.Bias[row]
		}
	}
}

// query writes the codes of a row as a query, eight at a time: a quarter of a
// build would go into single bytes.
func (v *Vectors) query(row uint32, query []int8) {
	const zeros = 0x8080808080808080
	if v.Form != Int8 {
		binary32.Floats(asNumbers(query), v.Codes[int(row)*v.Stride:])
		return
	}
	codes := v.Codes[int(row)*v.Stride:][:len(query)]
	signed := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(query))), len(query))
	for len(codes) >= 8 && len(signed) >= 8 {
		binary.LittleEndian.PutUint64(signed, binary.LittleEndian.Uint64(codes)^zeros)
		codes, signed = codes[8:], signed[8:]
	}
}

func (v *Vectors) bias(row uint32) int32 {
	if v.Bias == nil {
		return 0
	}
	return v.Bias[row]
}

// check is asked on every call of a public method, so it has to be cheap.
func (v *Vectors) check() error {
	switch {
	case v.Form != Int8:
		return v.checkNumbers()
	case v.Stride <= 0 || v.Stride%Block != 0 || v.Stride > maxStride:
		return fmt.Errorf("graph: a stride of %d is not a multiple of %d up to %d", v.Stride, Block, maxStride)
	case len(v.Codes)%v.Stride != 0:
		return fmt.Errorf("graph: %d codes are not whole rows of %d", len(v.Codes), v.Stride)
	case len(v.Codes)/v.Stride > maxRows:
		return fmt.Errorf("graph: more than %d rows", maxRows)
	case v.Bias != nil && len(v.Bias) != len(v.Codes)/v.Stride:
		return fmt.Errorf("graph: %d biases for %d rows", len(v.Bias), len(v.Codes)/v.Stride)
	}
	return nil
}

// need guards the assembly, which checks nothing: a kernel that is asked for
// more than its buffers hold must not start.
func need(ok bool) {
	if !ok {
		panic("graph: a query, rows and scores that do not fit the vectors")
	}
}

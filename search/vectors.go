package search

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"quintet/search/binary16"
	"quintet/search/bitset"
	"quintet/search/graph"
)

// vectors are those of a part: for each row any number of them, one behind the
// other, their numbers, by which they are compared in the end, and codes, by
// which the nearest are found first.
//
// While a part grows, every vector has a scale of its own. A sealed part has
// one for all, and a graph. Vectors of float32 have no codes: there graph and
// scan compare the numbers.
type vectors struct {
	space   space
	starts  []uint32 // row → its first vector; one more than there are rows
	rows    []uint32 // vector → row
	numbers []byte   // as they are stored, in binary16 or in binary32
	codes   graph.Vectors
	scales  []float32 // nil in a sealed part
	norms   []float32 // squares of the lengths, for Euclid; nil in a sealed part
	scale   float32
	graph   *graph.Graph
	coarse  bool     // only a scan of all numbers finds the nearest
	sums    codeSums // of a part that grows
	uneven  bool     // some row has not exactly one vector, so their numbers differ
}

func newVectors(s space) *vectors {
	return &vectors{space: s, starts: []uint32{0}, codes: graph.Vectors{Stride: s.stride()}}
}

// count is how many vectors there are.
func (v *vectors) count() int { return len(v.rows) }

// of returns the numbers of a row's vectors.
func (v *vectors) of(row uint32) (from, to uint32) { return v.starts[row], v.starts[row+1] }

// vector returns one as it is stored.
func (v *vectors) vector(n uint32) []byte {
	size := v.space.bytes()
	return v.numbers[int(n)*size : int(n+1)*size]
}

// numbersOf returns the vectors of a row as they are stored, one behind the other.
func (v *vectors) numbersOf(row uint32) []byte {
	from, to := v.of(row)
	size := v.space.bytes()
	return v.numbers[int(from)*size : int(to)*size]
}

// coded reports whether vectors have codes.
func (v *vectors) coded() bool { return v.space.precision != Float32 }

// add appends the vectors of the next row.
func (v *vectors) add(numbers []byte) {
	if !v.coded() {
		v.gather(numbers)
		return
	}
	row := uint32(len(v.starts) - 1)
	one := make([]float32, v.space.dimensions)
	codes := make([]int8, v.codes.Stride)
	for at := 0; at < len(numbers); at += v.space.bytes() {
		binary16.Floats(one, numbers[at:at+v.space.bytes()])
		scale := quantise(one, codes[:len(one)])
		v.scales = append(v.scales, scale)
		v.appendCodes(codes)
		if v.space.metric == Euclid {
			v.norms = append(v.norms, float32(norm(one)))
		}
		v.rows = append(v.rows, row)
		v.coarse = v.sums.add(one, codes, scale, len(v.rows))
	}
	v.end(numbers)
}

// end ends a row.
func (v *vectors) end(numbers []byte) {
	v.uneven = v.uneven || len(numbers) != v.space.bytes()
	v.numbers = append(v.numbers, numbers...)
	v.starts = append(v.starts, uint32(len(v.rows)))
}

func (v *vectors) appendCodes(codes []int8) {
	for _, c := range codes {
		v.codes.Codes = append(v.codes.Codes, byte(int(c)+codeZero))
	}
}

func norm(v []float32) (sum float64) {
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum
}

// gather appends the vectors of the next row as numbers alone, as to a part that
// is to be sealed.
func (v *vectors) gather(numbers []byte) {
	row := uint32(len(v.starts) - 1)
	for range len(numbers) / v.space.bytes() {
		v.rows = append(v.rows, row)
	}
	v.end(numbers)
}

// encodeCodes gives all vectors codes of one scale.
func (v *vectors) encodeCodes() {
	v.scale = v.chooseScale()
	one := make([]float32, v.space.dimensions)
	codes := make([]int8, v.codes.Stride)
	v.codes.Codes = make([]byte, 0, v.count()*v.codes.Stride)
	for n := range uint32(v.count()) {
		binary16.Floats(one, v.vector(n))
		quantiseBy(one, v.scale, codes[:len(one)])
		v.appendCodes(codes)
		if v.space.metric == Euclid {
			v.codes.Bias = append(v.codes.Bias, bias(codes))
		}
	}
}

// bias is half the square of a code's length: the dot product of two codes
// less both of these orders by the distance.
func bias(codes []int8) int32 {
	sum := int32(0)
	for _, c := range codes {
		sum += int32(c) * int32(c)
	}
	return sum / 2
}

// sampled is about how many numbers a scale is chosen by.
const sampled = 1 << 17

func (v *vectors) chooseScale() float32 {
	total := len(v.numbers) / binary16.Size
	step := total/sampled + 1
	if v.space.metric == Dot {
		step = 1 // the longest are the nearest: none may be cut
	}
	for step > 1 && v.space.dimensions%step == 0 {
		step++ // else it would look at some dimensions alone
	}
	sample := make([]float32, 0, total/step+1)
	for i := 0; i < total; i += step {
		sample = append(sample, binary16.Magnitude(v.numbers, i))
	}
	if v.space.metric == Dot && len(sample) > 0 {
		return commonScale([]float32{slices.Max(sample)})
	}
	return commonScale(sample)
}

// memory is what the vectors take, in bytes.
func (v *vectors) memory() int64 {
	n := int64(4*cap(v.starts) + 4*cap(v.rows) + cap(v.numbers) + cap(v.codes.Codes) + 4*(cap(v.codes.Bias)+cap(v.scales)+cap(v.norms)))
	if v.graph != nil {
		n += v.graph.Memory()
	}
	return n
}

// sections are the vectors of a sealed part as its file has them.
func (v *vectors) sections() []section {
	list := []section{{kind: sectionStarts, data: appendWords(nil, v.starts)}, {kind: sectionNumbers, data: v.numbers}}
	if v.graph != nil && v.coded() {
		list = append(list, section{kind: sectionCodes, data: v.codes.Codes})
	}
	if v.graph != nil {
		list = append(list, section{kind: sectionGraph, data: v.graph.Append(nil)})
	}
	return list
}

// link gives a part that is to be sealed its codes and its graph, unless these
// would not lead to the nearest. It takes the time of building a graph, but for
// what the parent has, and stops when ctx ends.
func (v *vectors) link(ctx context.Context, p parent) (err error) {
	if v.coded() {
		v.encodeCodes()
		if v.judge(); v.coarse {
			v.codes.Codes, v.codes.Bias = nil, nil
			return nil
		}
	}
	if v.graph, err = p.grow(ctx, v.walked()); err != nil || v.coded() {
		return err
	}
	return v.judgeWalks(ctx)
}

// walked are the vectors that the graph leads over.
func (v *vectors) walked() graph.Vectors {
	if v.coded() {
		return v.codes
	}
	form := graph.Float32Dot
	if v.space.metric == Euclid {
		form = graph.Float32Distance
	}
	return graph.Vectors{Codes: v.numbers, Stride: v.space.bytes(), Form: form}
}

// openVectors reads the vectors of a sealed part. Codes and graph of coarse
// ones, which an older release wrote, are left out.
func openVectors(s space, info *segmentInfo, f *segmentFile) (v *vectors, err error) {
	v = newVectors(s)
	v.scale, v.coarse, v.numbers = info.Scale, info.Coarse, f.get(sectionNumbers, 0)
	if v.starts, err = readWords(f.get(sectionStarts, 0)); err != nil {
		return nil, err
	}
	if err := v.openRows(info.Rows); err != nil {
		return nil, err
	}
	if len(v.numbers) != v.count()*s.bytes() {
		return nil, fmt.Errorf("%d vectors have %d bytes", v.count(), len(v.numbers))
	}
	if v.coarse {
		return v, nil
	}
	stride := 0
	if v.coded() {
		stride = s.stride()
	}
	codes := f.get(sectionCodes, 0)
	if len(codes) != v.count()*stride {
		return nil, fmt.Errorf("%d vectors have codes of %d bytes", v.count(), len(codes))
	}
	v.codes.Codes = codes
	if v.coded() && s.metric == Euclid {
		v.codes.Bias = biases(codes, stride)
	}
	v.graph, err = graph.Open(f.get(sectionGraph, 0), v.walked())
	return v, err
}

// openRows finds out which row each vector is of.
func (v *vectors) openRows(rows int) error {
	if len(v.starts) != rows+1 || v.starts[0] != 0 {
		return fmt.Errorf("%d rows have the vectors of %d", rows, len(v.starts)-1)
	}
	for row, from := range v.starts[:rows] {
		to := v.starts[row+1]
		if to < from || to-from > maxPassages {
			return fmt.Errorf("row %d has the vectors %d to %d", row, from, to)
		}
		for range to - from {
			v.rows = append(v.rows, uint32(row))
		}
		v.uneven = v.uneven || to-from != 1
	}
	return nil
}

// biases are those of many codes.
func biases(codes []byte, stride int) (list []int32) {
	one := make([]int8, stride)
	for from := 0; from < len(codes); from += stride {
		for i, b := range codes[from : from+stride] {
			one[i] = int8(int(b) - codeZero)
		}
		list = append(list, bias(one))
	}
	return list
}

func appendWords(b []byte, list []uint32) []byte {
	for _, n := range list {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

func readWords(b []byte) ([]uint32, error) {
	if len(b)%4 != 0 {
		return nil, fmt.Errorf("a list of numbers has %d bytes", len(b))
	}
	list := make([]uint32, len(b)/4)
	for i := range list {
		list[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return list, nil
}

// admit turns a set of rows into one of their vectors. Nil are all.
func (v *vectors) admit(rows bitset.Set) bitset.Set {
	if rows == nil || !v.uneven {
		return rows
	}
	set := bitset.New(v.count())
	for row := range rows.All() {
		for n := v.starts[row]; n < v.starts[row+1]; n++ {
			set.Add(n)
		}
	}
	return set
}

package embed

import "math"

// The sizes of the model.
const (
	layers      = 6
	heads       = 12
	headSize    = Dim / heads
	feedForward = 4 * Dim
)

// A matrix is a linear map: out = weights · in, scaled and with a bias. Its
// weights are int8, [outputs][inputs] in the weight file and packed anew where
// the kernels ask for it. Outputs are a multiple of 48, inputs of 64.
type matrix struct {
	outputs, inputs int
	weights         string  // [outputs][inputs] int8, in place
	packed          []int8  // as kernels.pack lays them out
	sums            []int32 // of the weights of an output, for the zero point
	scale, bias     []float32
	reciprocal      []float32 // what an input is multiplied by before it is rounded
}

// matrix reads layer's tensors name.q, .scale, .bias and, where there is one,
// .in.
func (all tensors) matrix(name string, outputs, inputs int, k *kernels) (*matrix, error) {
	t, err := all.get(name+".q", "I8", outputs, inputs)
	if err != nil {
		return nil, err
	}
	m := &matrix{outputs: outputs, inputs: inputs, weights: t.data, sums: make([]int32, outputs), reciprocal: make([]float32, inputs)}
	for o := range m.sums {
		m.sums[o] = sumSigned(t.data[o*inputs : (o+1)*inputs])
	}
	if m.scale, err = all.single(name+".scale", outputs); err != nil {
		return nil, err
	}
	if m.bias, err = all.single(name+".bias", outputs); err != nil {
		return nil, err
	}
	for i := range m.reciprocal {
		m.reciprocal[i] = 1
	}
	if _, divided := all[name+".in"]; divided {
		in, err := all.single(name+".in", inputs)
		if err != nil {
			return nil, err
		}
		for i, v := range in {
			m.reciprocal[i] = 1 / v
		}
	}
	if k.pack != nil {
		m.packed = k.pack(t.data, outputs, inputs)
	}
	return m, nil
}

// temper folds attention's 1/√headSize into the queries.
func (m *matrix) temper() {
	root := float32(1 / math.Sqrt(headSize))
	for o := range Dim {
		m.scale[o] *= root
		m.bias[o] *= root
	}
}

// sumSigned is the sum of a row of int8, a multiple of 8 long: with 128 added
// to each, eight bytes at a time in 16-bit lanes.
func sumSigned(row string) int32 {
	const low = 0x00ff00ff00ff00ff
	var total int32
	for at := 0; at < len(row); at += 8 {
		b := row[at:][:8]
		x := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		x ^= 0x8080808080808080
		x = x&low + x>>8&low
		x += x >> 32
		total += int32(x&0xffff + x>>16&0xffff)
	}
	return total - 128*int32(len(row))
}

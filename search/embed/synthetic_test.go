package embed

import (
	"math/rand/v2"
	"testing"

	"quintet/search/fence"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

// The bytes where sums are largest and signs turn.
var (
	signedExtremes   = []int8{-127, 127, 0, -1, 1}
	unsignedExtremes = []uint8{0, 255, 128, 1, 127}
)

// syntheticMatrix is a matrix of random weights, packed for k. Every fourth
// weight is an extreme one; with extreme they all are, and the same.
func syntheticMatrix(t testing.TB, k *kernels, outputs, inputs int, extreme bool, r *rand.Rand) *matrix {
	weights := make([]byte, outputs*inputs)
	same := signedExtremes[r.IntN(2)]
	for i := range weights {
		w := int8(r.IntN(255) - 127)
		if r.IntN(4) == 0 {
			w = signedExtremes[r.IntN(len(signedExtremes))]
		}
		if extreme {
			w = same
		}
		weights[i] = byte(w)
	}
	m := &matrix{outputs: outputs, inputs: inputs, weights: string(weights),
		sums: fence.Of[int32](t, outputs), scale: fence.Of[float32](t, outputs), bias: fence.Of[float32](t, outputs)}
	for o := range outputs {
		for _, w := range weights[o*inputs:][:inputs] {
			m.sums[o] += int32(int8(w))
		}
		m.scale[o], m.bias[o] = r.Float32()*.01+.001, r.Float32()-.5
	}
	if k.pack != nil {
		m.packed = fence.Of[int8](t, outputs*inputs)
		copy(m.packed, k.pack(m.weights, outputs, inputs))
	}
	return m
}

// emptyActivations is room for k's activations.
func emptyActivations(t testing.TB, k *kernels, rows, inputs int) *activations {
	a := &activations{rows: rows, inputs: inputs, step: fence.Of[float32](t, rows), zero: fence.Of[int32](t, rows)}
	if k.wide {
		a.wide = fence.Of[uint16](t, rows*inputs)
	} else {
		a.narrow = fence.Of[uint8](t, rows*inputs)
	}
	return a
}

// bytes are the activations as they are for every kernel.
func (a *activations) bytes() []uint8 {
	if a.narrow != nil {
		return a.narrow
	}
	narrow := make([]uint8, len(a.wide))
	for i, u := range a.wide {
		narrow[i] = uint8(u)
	}
	return narrow
}

// syntheticActivations are random bytes for k, and the same as the portable
// kernels want them. Zero points are often 0 or 255.
func syntheticActivations(t testing.TB, k *kernels, rows, inputs int, extreme bool, r *rand.Rand) (own, plain *activations) {
	own, plain = emptyActivations(t, k, rows, inputs), emptyActivations(t, &portable, rows, inputs)
	for i := range plain.narrow {
		u := uint8(r.IntN(256))
		if r.IntN(4) == 0 {
			u = unsignedExtremes[r.IntN(len(unsignedExtremes))]
		}
		if extreme {
			u = 255
		}
		plain.narrow[i] = u
		if k.wide {
			own.wide[i] = uint16(u)
		} else {
			own.narrow[i] = u
		}
	}
	for i := range rows {
		zero := int32(r.IntN(256))
		if r.IntN(3) == 0 {
			zero = int32(r.IntN(2) * 255)
		}
		own.step[i], own.zero[i] = r.Float32()*.1+.001, zero
		plain.step[i], plain.zero[i] = own.step[i], zero
	}
	return own, plain
}

// normals are n normally distributed float32, fenced.
func normals(t testing.TB, n int, width float64, r *rand.Rand) []float32 {
	x := fence.Of[float32](t, n)
	for i := range x {
		x[i] = float32(r.NormFloat64() * width)
	}
	return x
}

package embed

// A pair holds one input of four rows: in each word one row in the lower half
// and the next in the upper. Multiplying the word by a weight serves both, and
// the sums of both stay exact, for 255 · 127 · 1536 is below 2^31.
type pair [2]uint64

// multiplyGo takes 4 rows at a time.
func multiplyGo(m *matrix, a *activations, out []float32) {
	var room [feedForward]pair
	pairs := room[:a.inputs]
	for row := 0; row < a.rows; row += 4 {
		pairRows(a, row, pairs)
		for o := range m.outputs {
			s0, s1 := sumPairs(m.weights[o*m.inputs:][:m.inputs], pairs)
			m.finishPair(s0, a, row, o, out)
			m.finishPair(s1, a, row+2, o, out)
		}
	}
}

// finishPair turns the exact sums of row and row+1 into outputs.
func (m *matrix) finishPair(sum uint64, a *activations, row, output int, out []float32) {
	low := int32(uint32(sum))
	high := int32(uint32((sum - uint64(int64(low))) >> 32))
	out[row*m.outputs+output] = m.finish(low, a, row, output)
	out[(row+1)*m.outputs+output] = m.finish(high, a, row+1, output)
}

func (m *matrix) finish(sum int32, a *activations, row, output int) float32 {
	return float32(sum-a.zero[row]*m.sums[output])*a.step[row]*m.scale[output] + m.bias[output]
}

func pairRows(a *activations, row int, pairs []pair) {
	n := len(pairs)
	r0, r1 := a.narrow[row*n:][:n], a.narrow[(row+1)*n:][:n]
	r2, r3 := a.narrow[(row+2)*n:][:n], a.narrow[(row+3)*n:][:n]
	for k := range pairs {
		pairs[k] = pair{uint64(r0[k]) | uint64(r1[k])<<32, uint64(r2[k]) | uint64(r3[k])<<32}
	}
}

// sumPairs is where the portable pass spends its time. Its loop is bound by the
// processor's one multiplier: taking two outputs at once, or inlining it, makes
// registers spill and is slower.
//
//go:noinline
func sumPairs(weights string, pairs []pair) (s0, s1 uint64) {
	pairs = pairs[:len(weights)]
	for k := range pairs {
		p := &pairs[k]
		w := uint64(int64(int8(weights[k])))
		s0 += p[0] * w
		s1 += p[1] * w
	}
	return s0, s1
}

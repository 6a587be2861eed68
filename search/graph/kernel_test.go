package graph_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"quintet/search/fence"
	"quintet/search/graph"
)

// FuzzKernels holds every kernel that runs here against plain loops: all
// numbers of rows and strides, in memory that ends at a fence, at addresses of
// no alignment, with the greatest values.
func FuzzKernels(f *testing.F) {
	for i := range uint64(24) {
		f.Add(i, uint8(i*11), uint8(i), uint8(i), i%3 == 0, i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, seed uint64, many, blocks, skew uint8, extreme, biased bool) {
		rng := rand.New(rand.NewPCG(seed, 1))
		stride, rows := graph.Block*(1+int(blocks)%12), int(many)
		shift := int(skew) % 64
		v := graph.Vectors{Codes: fence.Bytes(t, rows*stride), Stride: stride}
		query := asInt8(fence.Bytes(t, stride+shift))[:stride:stride]
		fill(rng, v.Codes, extreme)
		fill(rng, asBytes(query), extreme)
		if biased {
			v.Bias = make([]int32, rows)
			for i := range v.Bias {
				v.Bias[i] = int32(rng.Uint32() >> 2)
			}
		}
		order := make([]uint32, rows+int(skew)%3)
		for i := range order {
			order[i] = uint32(rng.IntN(max(1, rows)))
		}
		if rows == 0 {
			order = nil
		}
		from := rng.IntN(rows + 1)
		for _, name := range graph.Kernels() {
			graph.Force(t, name)
			scores := asInt32(fence.Bytes(t, 4*len(order)))
			v.Gather(query, order, scores)
			for i, row := range order {
				if want := plainScore(v, query, row); scores[i] != want {
					t.Fatalf("%s: row %d of %d × %d: %d, not %d", name, row, rows, stride, scores[i], want)
				}
			}
			scores = asInt32(fence.Bytes(t, 4*(rows-from)))
			v.Scan(query, from, rows, scores)
			for i := range scores {
				if want := plainScore(v, query, uint32(from+i)); scores[i] != want {
					t.Fatalf("%s: scan of %d × %d from %d: %d at %d, not %d", name, rows, stride, from, scores[i], i, want)
				}
			}
		}
	})
}

// FuzzOffer holds every kernel's beam against one that is sorted anew: of all
// breadths, in memory between fences, with scores that are often equal, up to
// the greatest and the least.
func FuzzOffer(f *testing.F) {
	for i := range uint64(24) {
		f.Add(i, uint8(i*7), uint8(i*5), uint8(i), i%3 == 0)
	}
	f.Fuzz(func(t *testing.T, seed uint64, breadth, many, spread uint8, extreme bool) {
		rng := rand.New(rand.NewPCG(seed, 6))
		draw := func() int32 {
			if extreme {
				return []int32{math.MinInt32, -1, 0, math.MaxInt32}[rng.IntN(4)]
			}
			return int32(rng.IntN(1+int(spread))) - int32(spread)/2
		}
		start := make([]uint64, 1+int(breadth))
		for i := range start {
			start[i] = graph.Key(draw(), uint32(2*i)) | rng.Uint64()&1 // it was followed
			if extreme && rng.IntN(3) == 0 {
				start[i] = math.MaxUint64 // nothing stands there yet
			}
		}
		slices.Sort(start)
		rows, scores := make([]uint32, 1+int(many)), make([]int32, 1+int(many))
		want := slices.Clone(start)
		for i := range rows {
			rows[i], scores[i] = uint32(2*i+1), draw()
			want = append(want, graph.Key(scores[i], rows[i]))
		}
		slices.Sort(want)
		want = want[:len(start)]
		first := slices.IndexFunc(want, func(k uint64) bool { return k != math.MaxUint64 && k>>1&1 == 1 })
		for _, name := range graph.Kernels() {
			graph.Force(t, name)
			b := fence.Bytes(t, 8*len(start))
			best := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), len(start))
			copy(best, start)
			if at := graph.Offer(best, rows, scores); at != first && first >= 0 || !slices.Equal(best, want) {
				t.Fatalf("%s: %d rows to a beam of %d: %x from %d on, not %x from %d on", name, len(rows), len(start), best, at, want, first)
			}
		}
	})
}

func fill(rng *rand.Rand, b []byte, extreme bool) {
	for i := range b {
		b[i] = byte(rng.Uint32())
		if extreme {
			b[i] = []byte{0, 127, 128, 255}[rng.IntN(4)]
		}
	}
	if extreme && rng.IntN(2) == 0 {
		for i := range b {
			b[i] = b[0]
		}
	}
}

func plainScore(v graph.Vectors, query []int8, row uint32) (score int32) {
	for i, q := range query {
		score += int32(q) * (int32(v.Codes[int(row)*v.Stride+i]) - 128)
	}
	if v.Bias != nil {
		score -= v.Bias[row]
	}
	return score
}

// TestWideStrides holds the widest vectors there may be, at their greatest.
func TestWideStrides(t *testing.T) {
	const stride = 1 << 15
	for _, name := range graph.Kernels() {
		graph.Force(t, name)
		for _, q := range []int8{-128, 127} {
			v := graph.Vectors{Codes: slices.Concat(make([]byte, stride), slices.Repeat([]byte{255}, stride)), Stride: stride}
			query, scores := slices.Repeat([]int8{q}, stride), make([]int32, 2)
			v.Gather(query, []uint32{0, 1}, scores)
			if want := []int32{-128 * int32(q) * stride, 127 * int32(q) * stride}; !slices.Equal(scores, want) {
				t.Errorf("%s: %d, not %d", name, scores, want)
			}
		}
	}
}

// TestWhatDoesNotFit holds that no kernel starts on buffers that are too small.
func TestWhatDoesNotFit(t *testing.T) {
	v := graph.Vectors{Codes: make([]byte, 3*64), Stride: 64}
	q, scores := make([]int8, 64), make([]int32, 3)
	for name, call := range map[string]func(){
		"a short query":        func() { v.Scan(q[:63], 0, 3, scores) },
		"rows beyond the end":  func() { v.Scan(q, 1, 4, scores) },
		"rows below 0":         func() { v.Scan(q, -1, 2, scores) },
		"rows in reverse":      func() { v.Scan(q, 2, 1, nil) },
		"too few scores":       func() { v.Scan(q, 0, 3, scores[:2]) },
		"a row beyond the end": func() { v.Gather(q, []uint32{3}, scores[:1]) },
		"fewer scores":         func() { v.Gather(q, []uint32{0, 1}, scores[:1]) },
		"no stride":            func() { graph.Vectors{Codes: v.Codes}.Scan(q, 0, 3, scores) },
		"half a block":         func() { graph.Vectors{Codes: v.Codes, Stride: 32}.Scan(q[:32], 0, 3, scores) },
		"half a row":           func() { graph.Vectors{Codes: v.Codes[:100], Stride: 64}.Scan(q, 0, 1, scores[:1]) },
		"a bias too few":       func() { graph.Vectors{Codes: v.Codes, Stride: 64, Bias: scores[:2]}.Scan(q, 0, 1, scores[:1]) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", name)
				}
			}()
			call()
		}()
	}
	v.Gather(q, nil, nil)
	v.Scan(q, 3, 3, nil)
	graph.Vectors{Stride: 64}.Scan(q, 0, 0, nil)
}

func asInt8(b []byte) []int8 {
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}
func asBytes(q []int8) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(q))), len(q))
}

func asInt32(b []byte) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

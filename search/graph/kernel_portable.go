package graph

import "encoding/binary"

const (
	// pair is what two codes of a word leave that are multiplied at once.
	pair = 0x000000ff_000000ff

	// portableBlock is how many dimensions are laid out on the stack.
	portableBlock = 256
)

// layout holds part of a query as dot wants it: word 4j+k is
// query[8j+k]·2³² + query[8j+k+4].
type layout [portableBlock / 2]uint64

// lay fills the layout and returns the sum of the query's part.
func (l *layout) lay(query []int8) (sum int32) {
	for j := 0; j+8 <= len(query); j += 8 {
		q, words := query[j:j+8:j+8], l[j/2:j/2+4]
		for k := range 4 {
			words[k] = uint64(int64(q[k])<<32 + int64(q[k+4]))
			sum += int32(q[k]) + int32(q[k+4])
		}
	}
	return sum
}

// dot is Σ query·code over len(codes) dimensions by half as many
// multiplications. With a, b two codes and p, q their part of the query,
//
//	(a + b·2³²) · (q + p·2³²) = a·q + (a·p + b·q)·2³² + b·p·2⁶⁴
//
// and the last term falls off. Sums of the first fit 31 bits and a sign, up to
// maxStride dimensions; taken away, the upper half is left.
func (l *layout) dot(codes []byte) int32 {
	var s, t, u, v uint64
	for from := 0; from+Block <= len(codes); from += Block {
		block, words := (*[Block]byte)(codes[from:]), (*[Block / 2]uint64)(l[from/2:])
		for j := 0; j < Block; j += 16 { // constant bounds: the compiler drops its checks
			c, d := binary.LittleEndian.Uint64(block[j:j+8]), binary.LittleEndian.Uint64(block[j+8:j+16])
			w := (*[8]uint64)(words[j/2 : j/2+8])
			s += (c & pair) * w[0]
			t += (c >> 8 & pair) * w[1]
			u += (c >> 16 & pair) * w[2]
			v += (c >> 24 & pair) * w[3]
			s += (d & pair) * w[4]
			t += (d >> 8 & pair) * w[5]
			u += (d >> 16 & pair) * w[6]
			v += (d >> 24 & pair) * w[7]
		}
	}
	sum := int64(s + t + u + v)
	return int32((sum - int64(int32(sum))) >> 32)
}

func gatherGo(query []int8, codes []byte, rows []uint32, scores []int32) {
	var l layout
	stride := len(query)
	for from := 0; from < stride; from += portableBlock {
		part := query[from:min(stride, from+portableBlock)]
		shift := l.lay(part) * zero
		if from == 0 {
			clear(scores[:len(rows)])
		}
		for i, row := range rows {
			scores[i] += l.dot(codes[int(row)*stride+from:][:len(part)]) - shift
		}
	}
}

func scanGo(query []int8, codes []byte, scores []int32) {
	var l layout
	stride := len(query)
	for from := 0; from < stride; from += portableBlock {
		part := query[from:min(stride, from+portableBlock)]
		shift := l.lay(part) * zero
		if from == 0 {
			clear(scores)
		}
		for i := range scores {
			scores[i] += l.dot(codes[i*stride+from:][:len(part)]) - shift
		}
	}
}

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
	var s, t uint64
	words := l[:len(codes)/2]
	for len(codes) >= 8 && len(words) >= 4 {
		c := binary.LittleEndian.Uint64(codes)
		s += (c & pair) * words[0]
		t += (c >> 8 & pair) * words[1]
		s += (c >> 16 & pair) * words[2]
		t += (c >> 24 & pair) * words[3]
		codes, words = codes[8:], words[4:]
	}
	sum := int64(s + t)
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

package inverted

import "encoding/binary"

// An occurrence is one place of a row where a term stands, with the weight of
// its field.
type occurrence struct {
	position uint32
	weight   float32
}

// track writes or reads the occurrences of a term in one row: how far each is
// from the one before, and, where that changes, the number of its weight. Each
// row begins at position 0 with weight 0. Neither knows how many weights there
// are, so a memory can learn of a new one at any time.
type track struct{ position, weight uint32 }

func (t *track) append(b []byte, position, weight uint32) []byte {
	distance := uint64(position-t.position) << 1
	t.position = position
	if weight == t.weight {
		return binary.AppendUvarint(b, distance)
	}
	t.weight = weight
	return binary.AppendUvarint(binary.AppendUvarint(b, distance|1), uint64(weight))
}

// next returns nil where b has no further occurrence.
func (t *track) next(b []byte) []byte {
	distance, b := uvarint(b)
	if b != nil && distance&1 != 0 {
		var weight uint64
		weight, b = uvarint(b)
		t.weight = uint32(weight)
	}
	t.position += uint32(distance >> 1)
	return b
}

// split cuts off the occurrences of a row, of which the number is known.
func split(tracks []byte, count uint32) (first, rest []byte) {
	var t track
	rest = tracks
	for range count {
		rest = t.next(rest)
	}
	return tracks[:len(tracks)-len(rest)], rest
}

// appendOccurrences reads all of a row. Damaged ones end the list.
func appendOccurrences(all []occurrence, b []byte, weights []float32) []occurrence {
	var t track
	for len(b) > 0 {
		if b = t.next(b); b == nil || int(t.weight) >= len(weights) {
			break
		}
		all = append(all, occurrence{t.position, weights[t.weight]})
	}
	return all
}

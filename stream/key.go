package stream

import "encoding/binary"

// A key is the values of some dimensions as one run of bytes, in their order:
// for each the length plus one as a uvarint and the bytes, or a single 0 where
// it is missing. Equal keys are equal values.

// otherKey stands for all series beyond the cap. No uvarint ends in 0xff.
const otherKey = "\xff"

func appendDimension(key, value []byte) []byte {
	if value == nil {
		return append(key, 0)
	}
	if n := len(value) + 1; n < 0x80 {
		key = append(key, byte(n))
	} else {
		key = binary.AppendUvarint(key, uint64(n))
	}
	return append(key, value...)
}

// appendKey appends the key of all dimensions of an event.
func appendKey(key []byte, dims [][]byte) []byte {
	for _, d := range dims {
		key = appendDimension(key, d)
	}
	return key
}

// splitKey puts the values of a key into dims, nil where one is missing. The
// values share the key's bytes.
func splitKey(key []byte, dims [][]byte) {
	for i := range dims {
		dims[i] = nil
		n, width := binary.Uvarint(key)
		if width <= 0 {
			return // the key of another shape, which callers have ruled out
		}
		key = key[width:]
		if n > 0 {
			dims[i], key = key[:n-1:n-1], key[n-1:]
		}
	}
}

package inverted

import "encoding/binary"

// Terms mostly begin as their words do, so their spellings keep only the end.

func appendSpellings(b []byte, word string, terms []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(terms)))
	for _, term := range terms {
		shared := 0
		for shared < min(len(word), len(term)) && word[shared] == term[shared] {
			shared++
		}
		b = append(b, byte(shared), byte(len(term)-shared))
		b = append(b, term[shared:]...)
	}
	return b
}

// spellings yields the terms of a word and returns what stands behind them,
// nil where they are damaged.
func spellings(b, word []byte, yield func(term string)) []byte {
	count, b := uvarint(b)
	if count == 0 {
		return nil
	}
	for range count {
		if len(b) < 2 {
			return nil
		}
		shared, own := int(b[0]), int(b[1])
		b = b[2:]
		if shared > len(word) || own > len(b) {
			return nil
		}
		yield(string(word[:shared]) + string(b[:own]))
		b = b[own:]
	}
	return b
}

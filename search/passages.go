package search

import (
	"encoding/binary"

	"quintet/search/embed"
)

// A text that is longer than the model reads is embedded in passages, which
// overlap. Their places in the embedded text stand in bucketPassages, and the
// vectors of all but the first, which stands in the document.

const (
	formatPassages = 1
	passagesHead   = 1 + 1
	passagePlace   = 4 + 4
)

// span is where a passage is in the embedded text, in bytes.
type span struct{ start, end int }

func encodePassages(s space, passages []embed.Passage, vectors [][]float32) []byte {
	b := make([]byte, 0, passagesHead+len(passages)*(passagePlace+s.bytes()))
	b = append(b, formatPassages, byte(len(passages)))
	for _, p := range passages {
		b = binary.LittleEndian.AppendUint32(b, uint32(p.Start))
		b = binary.LittleEndian.AppendUint32(b, uint32(p.End))
	}
	for _, v := range vectors[1:] {
		b = s.append(b, v)
	}
	return b
}

// decodePassages returns the places of all passages and the numbers of the
// vectors of all but the first.
func decodePassages(s space, b []byte) (places []span, numbers []byte, err error) {
	count := 0
	if len(b) >= passagesHead {
		count = int(b[1])
	}
	if count < 2 || count > maxPassages || b[0] != formatPassages || len(b) != passagesHead+count*passagePlace+(count-1)*s.bytes() {
		return nil, nil, corrupt(bucketPassages, "passages of %d bytes cannot be read", len(b))
	}
	b = b[passagesHead:]
	for range count {
		places = append(places, span{int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))})
		b = b[passagePlace:]
	}
	return places, b, nil
}

// numbers returns all vectors of a document, given what it has in bucketPassages.
func (d stored) numbers(s space, passages []byte) ([]byte, error) {
	if !d.more {
		return d.vector, nil
	}
	_, further, err := decodePassages(s, passages)
	return append(d.vector[:len(d.vector):len(d.vector)], further...), err
}

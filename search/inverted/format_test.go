package inverted_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"testing"

	"github.com/blevesearch/vellum"

	"quintet/search/inverted"
)

// TestFormat puts an index together by hand, as FORMAT.md says.
func TestFormat(t *testing.T) {
	m := memoryOf(t, [][]inverted.Token{
		{
			{Term: "a", Word: "as", Position: 0, Weight: 1},
			{Term: "b", Word: "be", Position: 1, Weight: 1},
			{Term: "a", Word: "as", Position: 2, Weight: 2},
		},
		{{Term: "b", Word: "x", Position: 5, Weight: 1}},
	})
	lengths, frequencies, weights := floats(4, 1), floats(1, 3), floats(1, 2)
	postings := slices.Concat(
		[]byte{1, 0, 0}, []byte{0, 1, 1}, []byte{1}, floats(4), []byte{1}, // a
		[]byte{2, 4, 1}, []byte{0, 0, 1}, []byte{0}, floats(1), // b
		make([]byte, 8),
	)
	positions := []byte{3, 0, 5, 1 /* a */, 1, 2, 1, 10 /* b */}
	spellings := []byte{1, 1, 0 /* as */, 1, 1, 0 /* be */, 1, 0, 1, 'b' /* x */}
	terms := transducer(t, "a", 0, "b", 12)
	words := transducer(t, "as", 0, "be", 3, "x", 6)

	want := slices.Concat(lengths, frequencies, weights, postings, positions, terms, spellings, words)
	var header []byte
	for _, v := range []uint32{2, 2, 2} {
		header = binary.LittleEndian.AppendUint32(header, v)
	}
	for _, section := range [][]byte{postings, positions, terms, spellings, words} {
		header = binary.LittleEndian.AppendUint64(header, uint64(len(section)))
	}
	want = append(header, want...)
	start := append([]byte("QINV"), 1, 0, 0, 0)
	start = binary.LittleEndian.AppendUint32(start, crc32.Checksum(want, crc32.MakeTable(crc32.Castagnoli)))
	want = append(start, want...)
	if got := m.Encode(); !bytes.Equal(got, want) {
		t.Errorf("%x for\n%x", got, want)
	}
}

func floats(values ...float32) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func transducer(t *testing.T, pairs ...any) []byte {
	var b bytes.Buffer
	w, err := vellum.New(&b, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if err := w.Insert([]byte(pairs[i].(string)), uint64(pairs[i+1].(int))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

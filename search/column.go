package search

import (
	"math"
	"unsafe"
)

// column holds the values of one field, row by row, for filters.
type column struct {
	kind    Kind
	set     bitmap
	numbers []int64   // int, bool
	floats  []float64 // float
	words   *wordColumn
}

// wordColumn holds any number of words per row, as numbers of a dictionary.
type wordColumn struct {
	dictionary map[string]uint32
	list       []string // number → word
	numbers    []uint32
	ends       []uint32 // row → where its numbers end
	bytes      int      // of all words
}

func newColumn(k Kind) *column {
	c := &column{kind: k}
	if k == Text || k == Keyword || k == Keywords {
		c.words = &wordColumn{dictionary: map[string]uint32{}}
	}
	return c
}

// add appends the value of the next row.
func (c *column) add(at uint32, v value) {
	if v.set {
		c.set.add(at)
	}
	switch c.kind {
	case Int, Bool:
		c.numbers = append(c.numbers, v.number)
	case Float:
		c.floats = append(c.floats, v.float)
	default:
		c.words.add(v.words)
	}
}

func (w *wordColumn) add(words []string) {
	for _, word := range words {
		w.numbers = append(w.numbers, w.number(word))
	}
	w.ends = append(w.ends, uint32(len(w.numbers)))
}

// number returns the number of a word, a new one for a new word.
func (w *wordColumn) number(word string) uint32 {
	n, known := w.dictionary[word]
	if !known {
		n = uint32(len(w.list))
		w.dictionary[word] = n
		w.list = append(w.list, word)
		w.bytes += len(word)
	}
	return n
}

// of returns the numbers of a row's words.
func (w *wordColumn) of(row uint32) []uint32 {
	from := uint32(0)
	if row > 0 {
		from = w.ends[row-1]
	}
	return w.numbers[from:w.ends[row]]
}

// value returns what was added for a row.
func (c *column) value(row uint32) (v value) {
	v.set = c.set.has(row)
	switch c.kind {
	case Int, Bool:
		v.number = c.numbers[row]
	case Float:
		v.float = c.floats[row]
	default:
		for _, n := range c.words.of(row) {
			v.words = append(v.words, c.words.list[n])
		}
	}
	return v
}

// mapEntry is about what an entry of a map from string to a word of memory
// takes, beside the string's bytes.
const mapEntry = 40

func (c *column) memory() int {
	n := 8 * (cap(c.set) + cap(c.numbers) + cap(c.floats))
	if w := c.words; w != nil {
		n += 4*(cap(w.numbers)+cap(w.ends)) + w.bytes + len(w.list)*(mapEntry+int(unsafe.Sizeof("")))
	}
	return n
}

// compareInt orders a whole number and one that may have a fraction.
func compareInt(a int64, b float64) int {
	switch f := float64(a); {
	case f < b:
		return -1
	case f > b:
		return 1
	case b >= math.MaxInt64: // float64(a) was rounded up to it
		return -1
	}
	switch whole := int64(b); {
	case a < whole:
		return -1
	case a > whole:
		return 1
	}
	return 0
}

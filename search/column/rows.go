package column

import (
	"slices"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"

	"quintet/search/bitset"
)

// frequent is how many rows make a bitmap of a list. A bitmap takes some 250
// bytes beside its rows, and half as much as a list for each of them at most.
const frequent = 256

// rowLists are the rows of each word.
type rowLists struct {
	starts  []uint32 // ordinal → where its rows start, and one more
	rows    []uint32 // of rare words, rising in each
	bitmaps []wordRows
}

// wordRows are the rows of a frequent word, whose list is empty.
type wordRows struct {
	ordinal uint32
	rows    *roaring.Bitmap
}

// span is the ordinals from … to.
type span struct{ from, to uint32 }

// newRowLists turns the words of rows into the rows of words: it counts, sets
// out the lists, and fills them.
func newRowLists(w *words) *rowLists {
	l := &rowLists{starts: make([]uint32, len(w.list)+1)}
	counts := make([]uint32, len(w.list))
	for _, n := range w.ordinals {
		counts[n]++
	}
	next := make([]uint32, len(w.list)) // where its next row goes, or which bitmap is its
	end := uint32(0)
	for n, count := range counts {
		l.starts[n], next[n] = end, end
		if count < frequent {
			end += count
			continue
		}
		next[n] = uint32(len(l.bitmaps))
		l.bitmaps = append(l.bitmaps, wordRows{uint32(n), roaring.New()})
	}
	l.starts[len(counts)] = end
	l.rows = make([]uint32, end)
	for row := range w.ends {
		for _, n := range w.of(uint32(row)) {
			if counts[n] >= frequent {
				l.bitmaps[next[n]].rows.Add(uint32(row))
				continue
			}
			l.rows[next[n]] = uint32(row)
			next[n]++
		}
	}
	for _, b := range l.bitmaps {
		b.rows.RunOptimize()
	}
	return l
}

// mark adds the rows of all words in the spans to an empty set.
func (l *rowLists) mark(passing bitset.Set, spans []span) {
	var bitmaps []*roaring.Bitmap
	for _, s := range spans {
		for _, b := range l.bitmaps[l.place(s.from):l.place(s.to)] {
			bitmaps = append(bitmaps, b.rows)
		}
	}
	// The bitmaps go first: writing one overwrites what was there.
	switch len(bitmaps) {
	case 0:
	case 1:
		bitmaps[0].WriteDenseTo(passing)
	default:
		roaring.FastOr(bitmaps...).WriteDenseTo(passing)
	}
	for _, s := range spans {
		for _, row := range l.rows[l.starts[s.from]:l.starts[s.to]] {
			passing.Add(row)
		}
	}
}

// place is where the bitmaps of words from an ordinal on begin.
func (l *rowLists) place(ordinal uint32) int {
	at, _ := slices.BinarySearchFunc(l.bitmaps, ordinal, func(b wordRows, n uint32) int { return int(b.ordinal) - int(n) })
	return at
}

func (l *rowLists) memory() int {
	n := 4*(cap(l.starts)+cap(l.rows)) + cap(l.bitmaps)*int(unsafe.Sizeof(wordRows{}))
	for _, b := range l.bitmaps {
		n += int(b.rows.GetSizeInBytes())
	}
	return n
}

package column

import (
	"iter"
	"math/bits"
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
// out a list for each word and fills them; then it packs the long ones.
func newRowLists(w *words) *rowLists {
	ends := make([]uint32, len(w.list)) // of the lists
	for _, n := range w.ordinals {
		ends[n]++
	}
	end := uint32(0)
	for n, count := range ends {
		ends[n] = end
		end += count
	}
	lists := make([]uint32, end)
	for row := range w.ends {
		for _, n := range w.of(uint32(row)) {
			lists[ends[n]] = uint32(row)
			ends[n]++
		}
	}

	l := &rowLists{starts: make([]uint32, 1, len(ends)+1)}
	rare, start := lists[:0], uint32(0)
	for n, end := range ends {
		list := lists[start:end]
		start = end
		if len(list) < frequent {
			rare = append(rare, list...)
		} else {
			rows := roaring.BitmapOf(list...)
			rows.RunOptimize()
			l.bitmaps = append(l.bitmaps, wordRows{uint32(n), rows})
		}
		l.starts = append(l.starts, uint32(len(rare)))
	}
	l.rows = slices.Clone(rare)
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

// count counts the rows of each word that are in the set.
func (l *rowLists) count(matching bitset.Set, found []uint32) {
	for n := range found {
		for _, row := range l.rows[l.starts[n]:l.starts[n+1]] {
			found[n] += uint32(matching[row/64] >> (row % 64) & 1)
		}
	}
	packed := roaring.New()
	packed.FromDense(matching, false)
	for _, b := range l.bitmaps {
		found[b.ordinal] = uint32(b.rows.AndCardinality(packed))
	}
}

// runs yields the rows of a set as from … to, at most 64 of them: what is next
// to each other there can be read in one go.
func runs(s bitset.Set) iter.Seq2[uint32, uint32] {
	return func(yield func(from, to uint32) bool) {
		for i, word := range s {
			for word != 0 {
				from := bits.TrailingZeros64(word)
				to := from + bits.TrailingZeros64(^(word >> from))
				if !yield(uint32(i*64+from), uint32(i*64+to)) {
					return
				}
				word &= ^uint64(0) << to
			}
		}
	}
}

func (l *rowLists) memory() int {
	n := 4*(cap(l.starts)+cap(l.rows)) + cap(l.bitmaps)*int(unsafe.Sizeof(wordRows{}))
	for _, b := range l.bitmaps {
		n += int(b.rows.GetSizeInBytes())
	}
	return n
}

package column

import (
	"slices"
	"strings"
	"unsafe"

	"quintet/engine/filter"
	"quintet/search/bitset"
)

// words keep any number of words per row as ordinals, each once a row.
type words struct {
	list     []string // ordinal → word; sealed: rising
	ordinals []uint32 // row by row; sealed: rising in each
	ends     []uint32 // row → where its ordinals end
	bytes    int      // of all words

	ordinalOf map[string]uint32 // in memory only
	lists     *rowLists         // sealed only
}

func (w *words) add(row []string) {
	from := len(w.ordinals)
	for _, word := range row {
		if n := w.ordinal(word); !slices.Contains(w.ordinals[from:], n) {
			w.ordinals = append(w.ordinals, n)
		}
	}
	w.ends = append(w.ends, uint32(len(w.ordinals)))
}

// ordinal returns the ordinal of a word, a new one for a new word.
func (w *words) ordinal(word string) uint32 {
	n, known := w.ordinalOf[word]
	if !known {
		n = uint32(len(w.list))
		w.ordinalOf[word] = n
		w.list = append(w.list, word)
		w.bytes += len(word)
	}
	return n
}

// of returns the ordinals of a row.
func (w *words) of(row uint32) []uint32 { return w.between(row, row+1) }

// between returns the ordinals of the rows from … to, of one at least.
func (w *words) between(from, to uint32) []uint32 {
	start := uint32(0)
	if from > 0 {
		start = w.ends[from-1]
	}
	return w.ordinals[start:w.ends[to-1]]
}

func (w *words) value(row uint32) Value {
	v := Value{Set: true}
	for _, n := range w.of(row) {
		v.Words = append(v.Words, w.list[n])
	}
	return v
}

// first returns the lowest word of a row, or the highest.
func (w *words) first(row uint32, highest bool) (word string, ok bool) {
	for i, n := range w.of(row) {
		if i == 0 || w.list[n] < word != highest {
			word = w.list[n]
		}
		ok = true
	}
	return word, ok
}

func (w *words) test(t *filter.Test) bitset.Set {
	if w.lists == nil {
		return w.scan(w.passing(t))
	}
	passing := bitset.New(len(w.ends))
	spans := make([]span, len(t.Values))
	for i, v := range t.Values {
		from, to := between(t.Op, len(w.list), func(at int) int { return strings.Compare(w.list[at], v.Text) })
		spans[i] = span{uint32(from), uint32(to)}
	}
	w.lists.mark(passing, spans)
	return passing
}

// passing holds each word against the test once.
func (w *words) passing(t *filter.Test) []bool {
	pass := make([]bool, len(w.list))
	if t.Op == filter.Equal {
		for _, v := range t.Values {
			if n, ok := w.ordinalOf[v.Text]; ok {
				pass[n] = true
			}
		}
		return pass
	}
	for n, word := range w.list {
		pass[n] = t.Holds(func(v *filter.Value) int { return strings.Compare(word, v.Text) })
	}
	return pass
}

// scan returns the rows that have one of the words.
func (w *words) scan(pass []bool) bitset.Set {
	rows := bitset.New(len(w.ends))
	for row := range w.ends {
		for _, n := range w.of(uint32(row)) {
			if pass[n] {
				rows.Add(uint32(row))
				break
			}
		}
	}
	return rows
}

// facets looks at the words of each row where these are few, or all. Between, it
// is quicker to look at the rows of each word, which leaves the processor no
// branch to guess.
func (w *words) facets(matching bitset.Set, counts func(value string, n int)) {
	found := make([]uint32, len(w.list))
	if rows := matching.Count(); w.lists != nil && rows > len(w.ends)/8 && rows < len(w.ends) {
		w.lists.count(matching, found)
	} else {
		for from, to := range runs(matching) {
			for _, n := range w.between(from, to) {
				found[n]++
			}
		}
	}
	for n, count := range found {
		if count > 0 {
			counts(w.list[n], int(count))
		}
	}
}

// mapEntry is about what an entry of a map from string to a word of memory
// takes, beside the string's bytes.
const mapEntry = 40

func (w *words) memory() int {
	n := w.bytes + cap(w.list)*int(unsafe.Sizeof("")) + 4*(cap(w.ordinals)+cap(w.ends)) + len(w.ordinalOf)*mapEntry
	if w.lists != nil {
		n += w.lists.memory()
	}
	return n
}

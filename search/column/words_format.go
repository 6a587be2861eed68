package column

import (
	"slices"
	"strings"

	"quintet/search/bitset"
)

// append writes the words in their order, whatever order they came in.
func (w *words) append(b []byte, _ bitset.Set) []byte {
	order := make([]uint32, len(w.list)) // place → ordinal here
	for n := range order {
		order[n] = uint32(n)
	}
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(w.list[a], w.list[b]) })
	place := make([]uint32, len(order))
	ends, end := make([]uint32, len(order)), 0
	for at, n := range order {
		place[n] = uint32(at)
		end += len(w.list[n])
		ends[at] = uint32(end)
	}
	b = appendUint32s(b, []uint32{uint32(len(order)), uint32(end), uint32(len(w.ordinals))})
	b = appendUint32s(b, ends)
	for _, n := range order {
		b = append(b, w.list[n]...)
	}
	b = appendUint32s(b, w.ends)
	var row []uint32
	for r := range w.ends {
		row = row[:0]
		for _, n := range w.of(uint32(r)) {
			row = append(row, place[n])
		}
		slices.Sort(row)
		b = appendUint32s(b, row)
	}
	return b
}

func openWords(d *decoder, rows int, present bitset.Set) *words {
	counts := d.uint32s(3)
	if d.err != nil {
		return nil
	}
	w := &words{bytes: int(counts[1])}
	wordEnds := d.ends(int(counts[0]), counts[1])
	w.cut(d, wordEnds, string(d.take(w.bytes)))
	w.ends = d.ends(rows, counts[2])
	w.ordinals = d.uint32s(int(counts[2]))
	if d.err != nil {
		return nil
	}
	for row := range rows {
		w.check(d, uint32(row), present)
	}
	if d.err == nil {
		w.lists = newRowLists(w)
	}
	return w
}

// cut makes the dictionary of the words, one behind another in text.
func (w *words) cut(d *decoder, ends []uint32, text string) {
	if d.err != nil {
		return
	}
	w.list = make([]string, len(ends))
	from := uint32(0)
	for n, end := range ends {
		w.list[n] = text[from:end]
		from = end
		if n > 0 && w.list[n-1] >= w.list[n] {
			d.refuse("the dictionary does not rise")
		}
	}
}

// check refuses a row whose ordinals cannot be used.
func (w *words) check(d *decoder, row uint32, present bitset.Set) {
	all := w.of(row)
	if len(all) > 0 && !present.Has(row) {
		d.refuse("a row without a value has words")
	}
	for i, n := range all {
		if int(n) >= len(w.list) || i > 0 && all[i-1] >= n {
			d.refuse("the words of a row do not rise")
		}
	}
}

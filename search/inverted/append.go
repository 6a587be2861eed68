package inverted

import "quintet/search/bitset"

// Append adds those rows of an index that are in keep, in their order and
// numbered from [Memory.Rows] on: so segments are merged, and deleted rows
// leave them, without a look at what the rows were made of. A surface word
// stays as long as its term has a row. On an error nothing is added.
func (m *Memory) Append(x *Index, keep bitset.Set) error {
	next := uint32(m.Rows())
	numbers := make([]uint32, x.Rows()) // in m
	for row := range numbers {
		if keep.Has(uint32(row)) {
			numbers[row] = next
			next++
		}
	}
	if next > maxRows {
		return errFull
	}
	for row := range numbers {
		if keep.Has(uint32(row)) {
			length := x.lengths.of(uint32(row))
			m.lengths = appendFloat32(m.lengths, length)
			m.total += float64(length)
		}
	}
	x.terms.walk("", nil, func(key []byte, at int) bool {
		m.copy(string(key), x.record(at), keep, numbers)
		return true
	})
	x.words.walk("", nil, func(word []byte, at int) bool {
		spellings(x.spellings[at:], word, func(term string) {
			if p := m.terms[term]; p != nil {
				m.spell(p, term, string(word))
			}
		})
		return true
	})
	return nil
}

// copy adds the postings of a term.
func (m *Memory) copy(term string, from *postings, keep bitset.Set, numbers []uint32) {
	var rows [blockSize]uint32
	var tfs [blockSize]float32
	var found []occurrence
	for block := range blocks(from) {
		n := from.decode(block, &rows)
		from.frequencies(block, &tfs)
		for i, row := range rows[:n] {
			if !keep.Has(row) {
				continue
			}
			found = from.occurrences(block*blockSize+i, found[:0])
			p := m.term(term)
			p.count, p.track = uint64(len(found)), track{}
			p.begin(numbers[row], m.tfs.of(tfs[i]))
			for _, o := range found {
				p.tracks = p.track.append(p.tracks, o.position, m.weights.of(o.weight))
			}
		}
	}
}

package inverted

import (
	"cmp"
	"slices"
)

// searchPhrase returns the rows in which all places are at their offsets. The
// tf of such a row is the sum, over the places where the phrase begins, of the
// weights there.
func searchPhrase(s Segment, places []Place) source {
	slots := make([]slot, len(places))
	for i, place := range places {
		slots[i].offset = place.Offset
		terms := slices.Clone(place.Terms)
		slices.Sort(terms)
		for _, term := range slices.Compact(terms) {
			if found := s.postings(term); found != nil {
				c := &cursor{}
				c.reset(found, 0)
				slots[i].cursors = append(slots[i].cursors, c)
				slots[i].size += found.size()
			}
		}
	}
	rarest := slices.Clone(slots)
	slices.SortFunc(rarest, func(x, y slot) int { return cmp.Compare(x.size, y.size) })
	l := &list{}
	for row := uint32(0); ; row++ {
		var ok bool
		if row, ok = meet(rarest, row); !ok {
			break
		}
		if tf := count(slots, row); tf > 0 {
			l.rows, l.tfs = append(l.rows, row), append(l.tfs, tf)
		}
	}
	if len(l.rows) == 0 {
		return nil
	}
	return l
}

// slot is a place of a phrase in a segment.
type slot struct {
	offset  uint32
	size    int
	cursors []*cursor
	found   []occurrence // of the row that is looked at
}

// seek returns the first row from row on that has any of the slot's terms.
func (s *slot) seek(row uint32) (next uint32, ok bool) {
	for _, c := range s.cursors {
		if c.seek(row) && (!ok || c.row() < next) {
			next, ok = c.row(), true
		}
	}
	return next, ok
}

// meet returns the first row from row on that all slots have.
func meet(slots []slot, row uint32) (uint32, bool) {
	for i := 0; i < len(slots); i++ {
		next, ok := slots[i].seek(row)
		if !ok {
			return 0, false
		}
		if next > row {
			row, i = next, -1
		}
	}
	return row, true
}

// occurrences are those of all the slot's terms in a row, rising, until the next
// call. Two terms at one position are one word.
func (s *slot) occurrences(row uint32) []occurrence {
	all := s.found[:0]
	for _, c := range s.cursors {
		if c.seek(row) && c.row() == row {
			all = c.source.occurrences(c.block*blockSize+c.at, all)
		}
	}
	if len(s.cursors) > 1 {
		slices.SortStableFunc(all, func(x, y occurrence) int { return cmp.Compare(x.position, y.position) })
	}
	s.found = all
	return slices.CompactFunc(all, func(x, y occurrence) bool { return x.position == y.position })
}

// count sums the weights of the places of a row where the phrase begins.
func count(slots []slot, row uint32) (tf float32) {
	starts := slots[0].occurrences(row)
	for i := 1; i < len(slots) && len(starts) > 0; i++ {
		there := slots[i].occurrences(row)
		starts = slices.DeleteFunc(starts, func(start occurrence) bool {
			position := uint64(start.position) - uint64(slots[0].offset) + uint64(slots[i].offset)
			_, found := slices.BinarySearchFunc(there, position, func(o occurrence, p uint64) int {
				return cmp.Compare(uint64(o.position), p)
			})
			return !found
		})
	}
	for _, start := range starts {
		tf += start.weight
	}
	return tf
}

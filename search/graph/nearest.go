package graph

import (
	"math/bits"
	"slices"

	"quintet/search/bitset"
)

// scanRows is how many rows are scored at once.
const scanRows = 256

// Nearest returns the rows nearest to a query, breadth of them or all if they are
// fewer, the best first: what Search seeks, exactly. It scores every row that is
// admitted, all where admitted is nil, and takes about 0.01 µs for each (128
// codes a row, with AVX-512). The query has Stride elements, and admitted none
// beyond Rows; anything else panics. The result is valid until the scratch is
// used again.
func (v Vectors) Nearest(s *Scratch, query []int8, breadth int, admitted bitset.Set) []Neighbour {
	need(v.Form == Int8 && v.check() == nil && len(query) == v.Stride)
	count := v.Rows()
	if admitted != nil {
		count = admitted.Count()
	}
	breadth = max(0, min(breadth, count))
	s.beam.reserve(breadth)
	s.found = s.found[:0]
	switch {
	case breadth == 0:
	case 4*count >= v.Rows():
		v.nearestOfMany(s, query, breadth, admitted)
	default:
		v.nearestOfFew(s, query, breadth, admitted)
	}
	return s.rows(breadth)
}

// nearestOfMany scores the rows between those admitted too, as that is faster.
func (v *Vectors) nearestOfMany(s *Scratch, query []int8, breadth int, admitted bitset.Set) {
	for from := 0; from < v.Rows(); from += scanRows {
		to := min(from+scanRows, v.Rows())
		s.scores = slices.Grow(s.scores[:0], to-from)[:to-from]
		s.listed = s.listed[:0]
		v.Scan(query, from, to, s.scores)
		for row := from; row < to; row++ {
			s.listed = append(s.listed, uint32(row))
		}
		rows := s.listed
		if admitted != nil {
			rows = s.kept(rows, admitted)
		}
		s.beam.offerSome(rows, s.scores, breadth)
	}
}

func (v *Vectors) nearestOfFew(s *Scratch, query []int8, breadth int, admitted bitset.Set) {
	s.listed = slices.Grow(s.listed[:0], scanRows)
	for i, word := range admitted {
		for ; word != 0; word &= word - 1 {
			s.listed = append(s.listed, uint32(64*i+bits.TrailingZeros64(word)))
		}
		if len(s.listed) > scanRows-64 || i == len(admitted)-1 {
			s.scores = slices.Grow(s.scores[:0], len(s.listed))[:len(s.listed)]
			v.Gather(query, s.listed, s.scores)
			s.beam.offerSome(s.listed, s.scores, breadth)
			s.listed = s.listed[:0]
		}
	}
}

// rows are the best of the beam.
func (s *Scratch) rows(breadth int) []Neighbour {
	for _, k := range s.beam[:min(breadth, len(s.beam))] {
		s.found = append(s.found, Neighbour{k.row(), k.score()})
	}
	return s.found
}

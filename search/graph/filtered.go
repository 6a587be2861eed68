package graph

import (
	"math"
	"math/bits"
	"slices"

	"quintet/search/bitset"
)

const (
	// seeds is how many admitted rows a walk over them starts from, beside those
	// that the upper levels lead to.
	seeds = 16

	// ahead is how many bridges are asked for before the first is crossed.
	ahead = 8

	// sparse is the share of rows, one in so many, below which a walk over the
	// admitted ones is faster than one through the others.
	sparse = 5
)

// walkFiltered leaves in the beam the best admitted rows that it meets.
func (g *Graph) walkFiltered(s *Scratch, query []int8, start key, breadth int, admitted bitset.Set, h horizon) {
	count := admitted.Count()
	if sparse*count >= g.Rows() {
		if g.walkThrough(s, query, start, breadth, count, admitted, h) {
			return
		}
		// Few of the rows around the query are admitted: these are a start.
		s.end()
		for _, k := range s.beam {
			s.visit(k.row())
		}
	}
	g.walkAdmitted(s, query, start, room*breadth, admitted, h)
}

// walkThrough is a walk over all rows that notes the admitted ones. It goes to
// its horizon as an unfiltered walk does, and then on to that of the admitted
// rows. Of these an earlier one counts, the more so the fewer they are, by share^¾:
// the walk takes more rows for it, share^-¼ times as many where the share is the
// same everywhere, and so is about as sure of those that it notes. It reports
// whether it has met enough.
func (g *Graph) walkThrough(s *Scratch, query []int8, start key, breadth, count int, admitted bitset.Set, h horizon) bool {
	root := math.Sqrt(min(1, float64(count)/float64(g.Rows())))
	within, most := h, int(room*float64(breadth)/root)
	within.at = max(1, int(math.Ceil(float64(h.at)*root*math.Sqrt(root))))
	within.least = min(breadth, count)
	s.within.reserve(breadth)
	s.beam.reserve(most)
	s.start(start)
	if admitted.Has(start.row()) {
		s.within.offer(start, breadth)
	}
	for next := 0; next < len(s.beam) && !(h.behind(s.beam[next], s.beam) && within.behind(s.beam[next], s.within)); {
		row := s.beam[next].row()
		s.beam[next] |= followed
		g.prefetchNext(s, next+1)
		fresh := s.unseen(g.neighbours(row, 0))
		g.rate(s, query, fresh)
		next = s.merge(fresh, most, next+1)
		s.within.offerSome(s.kept(fresh, admitted), s.scores, breadth)
	}
	s.beam, s.within = s.within, s.beam
	return len(s.beam) >= within.least
}

// kept leaves of rows, which may be listed, and of their scores those that are
// admitted.
func (s *Scratch) kept(rows []uint32, admitted bitset.Set) []uint32 {
	s.listed = slices.Grow(s.listed[:0], len(rows))[:len(rows)]
	n, scores := 0, s.scores[:len(rows)]
	for i, row := range rows {
		s.listed[n], scores[n] = row, scores[i]
		if word := int(row / 64); word < len(admitted) {
			n += int(admitted[word] >> (row % 64) & 1)
		}
	}
	return s.listed[:n]
}

// walkAdmitted walks over admitted rows alone, like walk: rows that are not
// admitted are bridges to their neighbours and never scored (ACORN, Patel et al.
// 2024). It starts from what the beam holds, from the row that the upper levels
// led to and those around it, and from rows
// all over the admitted ones, for they may be far from the query, and in
// several places.
func (g *Graph) walkAdmitted(s *Scratch, query []int8, start key, breadth int, admitted bitset.Set, h horizon) {
	from, row := len(s.seen), start.row()
	if admitted.Has(row) {
		s.visit(row)
	}
	g.spread(s, admitted)
	g.across(s, row, admitted)
	g.rate(s, query, s.seen[from:])
	for next := s.merge(s.seen[from:], breadth, 0); next < len(s.beam) && !h.behind(s.beam[next], s.beam); {
		row := s.beam[next].row()
		s.beam[next] |= followed
		g.prefetchNext(s, next+1)
		fresh := g.across(s, row, admitted)
		g.rate(s, query, fresh)
		next = s.merge(fresh, breadth, next+1)
	}
}

// spread visits admitted rows of all parts of the numbers.
func (g *Graph) spread(s *Scratch, admitted bitset.Set) {
	words := min(len(admitted), (g.Rows()+63)/64)
	for i := range seeds {
		from, to := words*i/seeds, words*(i+1)/seeds
		for from < to && admitted[from] == 0 {
			from++
		}
		if from < to {
			s.visit(uint32(64*from + bits.TrailingZeros64(admitted[from])))
		}
	}
}

// across visits the admitted neighbours of a row and, where they are fewer than
// a new row gets links, those of its other neighbours until there are as many.
// It returns those that are new.
func (g *Graph) across(s *Scratch, row uint32, admitted bitset.Set) []uint32 {
	from, list := len(s.seen), g.neighbours(row, 0)
	within := s.visitAdmitted(list, admitted)
	if within >= g.links {
		return s.seen[from:]
	}
	bridges := s.bridges[:0]
	for _, row := range list {
		if !s.visited.Has(row) {
			bridges = append(bridges, row)
		}
	}
	s.bridges = bridges
	for i, bridge := range bridges {
		if within >= g.links {
			break
		}
		if i%ahead == 0 {
			prefetch(g.ground, g.width(0), bridges[i:min(len(bridges), i+ahead)])
		}
		s.visited[bridge/64] |= 1 << (bridge % 64)
		s.crossed = append(s.crossed, bridge)
		within += s.visitAdmitted(g.neighbours(bridge, 0), admitted)
	}
	return s.seen[from:]
}

// visitAdmitted visits the admitted ones of rows and returns how many they are,
// those included that were seen before.
func (s *Scratch) visitAdmitted(rows []uint32, admitted bitset.Set) (count int) {
	from := len(s.seen)
	s.seen = slices.Grow(s.seen, len(rows))
	fresh, n := s.seen[from:from+len(rows)], 0
	visited := s.visited
	for _, row := range rows {
		word, bit := &visited[row/64], row%64
		in := uint64(0)
		if int(row/64) < len(admitted) {
			in = admitted[row/64] >> bit & 1
		}
		fresh[n] = row
		n += int(in &^ (*word >> bit))
		*word |= in << bit
		count += int(in)
	}
	s.seen = s.seen[:from+n]
	return count
}

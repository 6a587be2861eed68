package graph

import (
	"slices"

	"quintet/search/bitset"
)

// Scratch is the memory of one search at a time. The zero value is ready; used
// again, it allocates nothing. It may serve graphs of any size in turn.
type Scratch struct {
	beam    beam
	within  beam       // of admitted rows, while the beam has all
	seen    []uint32   // all rows visited and scored, in turn
	crossed []uint32   // rows that were bridges
	visited bitset.Set // both as a set; empty between searches
	scores  []int32    // of the rows at the end of seen
	bridges []uint32   // around one row
	listed  []uint32   // those of some rows that are admitted
	copied  []uint32   // a list, while others build
	one     [1]uint32
	found   []Neighbour
}

// Search returns the rows nearest to a query by a walk over the links: breadth
// of them, or all if they are fewer, the best first. A larger breadth finds
// them more surely and takes longer: it is about how many rows are followed. Where
// only the first k are wanted, breadth is several times k. The query has as many
// elements as the vectors' stride.
//
// Where admitted is not nil, only rows of it are returned; it must hold none
// beyond Rows. The way depends on how many they are. From one row in five on,
// the walk leads through all rows, and breadth buys the recall that it buys
// without a filter. Below that it leads over the admitted rows alone and wants
// twice the breadth, and still may miss more. In both cases fewer than
// min(breadth, admitted.Count()) may come, where the walk does not lead to them:
// a caller who must have them all calls Vectors.Nearest.
//
// A caller who knows the count should do so at once where they are few: a search
// of breadth 100 among 100,000 rows takes the time of 3,000 admitted ones there,
// from one in five on that of 5,000 to 8,000, and where fewer are admitted and the
// breadth is twice as much, 15,000 (128 codes a row with AVX-512).
//
// The result is valid until the scratch is used again. A scratch that is warm
// allocates nothing.
func (g *Graph) Search(s *Scratch, query []int8, breadth int, admitted bitset.Set) []Neighbour {
	need(len(query) == g.vectors.Stride)
	s.found = s.found[:0]
	breadth = min(breadth, g.Rows())
	if breadth <= 0 {
		return s.found
	}
	s.begin(g, room*breadth)
	best, h := g.descend(s, query, 0, nil), g.horizon(query, breadth)
	if admitted != nil {
		g.walkFiltered(s, query, best, breadth, admitted, h)
	} else {
		// From the entry every row can be reached, which no other row promises.
		from := g.score(s, query, g.entry)
		s.start(best)
		if from != best {
			s.visit(g.entry)
			s.beam.offer(from, room*breadth)
		}
		g.walk(s, query, room*breadth, 0, nil, h)
	}
	s.end()
	return s.rows(breadth)
}

// begin makes room for a walk over a graph.
func (s *Scratch) begin(g *Graph, breadth int) {
	s.beam.reserve(breadth)
	if words := (g.Rows() + 63) / 64; len(s.visited) < words {
		s.visited = make(bitset.Set, words)
	}
}

// end forgets what was visited, by the shorter way.
func (s *Scratch) end() {
	if 8*(len(s.seen)+len(s.crossed)) > len(s.visited) {
		clear(s.visited)
	} else {
		for _, row := range s.seen {
			s.visited[row/64] = 0
		}
		for _, row := range s.crossed {
			s.visited[row/64] = 0
		}
	}
	s.seen, s.crossed = s.seen[:0], s.crossed[:0]
}

// start puts the first key into the beam.
func (s *Scratch) start(k key) {
	s.beam = append(s.beam, k)
	s.visit(k.row())
}

// visit notes a row as seen, if it was not.
func (s *Scratch) visit(row uint32) {
	if !s.visited.Has(row) {
		s.visited[row/64] |= 1 << (row % 64)
		s.seen = append(s.seen, row)
	}
}

// rate writes the scores of rows to the scratch.
func (g *Graph) rate(s *Scratch, query []int8, rows []uint32) {
	s.scores = slices.Grow(s.scores[:0], len(rows))[:len(rows)]
	g.vectors.gather(query, rows, s.scores)
}

// score is the key of one row.
func (g *Graph) score(s *Scratch, query []int8, row uint32) key {
	s.one[0] = row
	g.rate(s, query, s.one[:])
	return makeKey(s.scores[0], row)
}

// descend goes from the entry to ever better rows, down to the best that it
// meets above a level.
func (g *Graph) descend(s *Scratch, query []int8, above int, locks *locks) key {
	best := g.score(s, query, g.entry)
	for level := g.top; level > above; level-- {
		for {
			before := best
			list := locks.neighbours(g, s, best.row(), level)
			g.rate(s, query, list)
			for i, row := range list {
				best = min(best, makeKey(s.scores[i], row))
			}
			if best == before {
				break
			}
		}
	}
	return best
}

// walk follows the links of the best row of the beam that was not followed yet,
// until there is none this side of the horizon. What stands in the beam has been
// visited.
func (g *Graph) walk(s *Scratch, query []int8, breadth, level int, locks *locks, h horizon) {
	for next := 0; next < len(s.beam) && !h.behind(s.beam[next], s.beam); {
		row := s.beam[next].row()
		s.beam[next] |= followed
		if level == 0 {
			g.prefetchNext(s, next+1)
		}
		fresh := s.unseen(locks.neighbours(g, s, row, level))
		g.rate(s, query, fresh)
		next = s.merge(fresh, breadth, next+1)
	}
}

// prefetchNext asks for the list of the row that will be followed next, unless
// a better one is found before.
func (g *Graph) prefetchNext(s *Scratch, next int) {
	if next < len(s.beam) {
		s.one[0] = s.beam[next].row()
		prefetch(g.ground, g.width(0), s.one[:])
	}
}

// unseen visits rows and returns those that are new. It does not branch on
// them: half are new, and no processor would guess which.
func (s *Scratch) unseen(rows []uint32) []uint32 {
	from := len(s.seen)
	s.seen = slices.Grow(s.seen, len(rows))
	fresh, n := s.seen[from:from+len(rows)], 0
	visited := s.visited
	for _, row := range rows {
		word, bit := &visited[row/64], row%64
		fresh[n] = row
		n += int(*word>>bit&1 ^ 1)
		*word |= 1 << bit
	}
	s.seen = s.seen[:from+n]
	return fresh[:n]
}

// merge takes rows and their scores into the beam and returns the first place
// from which a row is to be followed, if all before next have been.
func (s *Scratch) merge(rows []uint32, breadth, next int) int {
	if least := s.beam.offerSome(rows, s.scores, breadth); least < worst {
		at, _ := slices.BinarySearch(s.beam, least)
		next = min(next, at)
	}
	return s.beam.unfollowed(next)
}

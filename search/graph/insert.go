package graph

import "slices"

// inserter is what a worker of a build keeps for itself.
type inserter struct {
	g       *Graph
	breadth int
	locks   *locks

	scratch Scratch
	query   []int8  // of the row that is inserted, or whose links are chosen
	other   []int8  // of a candidate
	keys    []key   // candidates
	scores  []int32 // of a candidate to the chosen
	rows    []uint32
	chosen  [maxLevel + 1][]uint32 // links by level
}

func newInserter(g *Graph, o Options, l *locks) *inserter {
	return &inserter{
		g: g, breadth: o.Breadth, locks: l,
		query: g.vectors.newQuery(), other: g.vectors.newQuery(),
	}
}

// insert links a row at all its levels. It looks for neighbours first and links
// then, from level 0 upwards: who meets the row at a level finds it linked at
// the levels below.
func (in *inserter) insert(row uint32) {
	g, level := in.g, in.g.level(row)
	g.vectors.query(row, in.query)
	in.find(row, level)
	for l := 0; l <= level; l++ {
		in.locks.lock(row)
		link(g.list(row, l), in.chosen[l])
		in.locks.unlock(row)
		for _, neighbour := range in.chosen[l] {
			in.linkBack(neighbour, row, l)
		}
	}
}

// find chooses the links of a row at its levels.
func (in *inserter) find(row uint32, level int) {
	g, s := in.g, &in.scratch
	s.begin(g, in.breadth)
	best := g.descend(s, in.query, level, in.locks)
	for l := level; l >= 0; l-- {
		if in.chosen[l] = in.chosen[l][:0]; l > g.top {
			continue // nobody is there
		}
		s.begin(g, in.breadth)
		s.start(best)
		g.walk(s, in.query, in.breadth, l, in.locks, horizon{})
		s.end()
		best = s.beam[0] &^ followed
		in.chosen[l] = in.choose(row, s.beam, g.links, in.chosen[l])
	}
}

// linkBack adds a link to a neighbour's list. Where that is full, the links are
// chosen anew.
func (in *inserter) linkBack(neighbour, row uint32, level int) {
	g := in.g
	in.locks.lock(neighbour)
	defer in.locks.unlock(neighbour)
	list := g.list(neighbour, level)
	if n := int(list[0]); n+1 < len(list) {
		list[1+n] = row
		list[0]++
		return
	}
	in.rows = append(append(in.rows[:0], list[1:]...), row)
	in.chooseLinks(neighbour, list)
}

// chooseLinks makes the best of in.rows the links of a row.
func (in *inserter) chooseLinks(row uint32, list []uint32) {
	g := in.g
	in.scores = slices.Grow(in.scores[:0], len(in.rows))[:len(in.rows)]
	g.vectors.query(row, in.other)
	g.vectors.gather(in.other, in.rows, in.scores)
	in.keys = in.keys[:0]
	for i, r := range in.rows {
		in.keys = append(in.keys, makeKey(in.scores[i], r))
	}
	slices.Sort(in.keys)
	in.rows = in.choose(row, in.keys, len(list)-1, in.rows[:0])
	link(list, in.rows)
}

// choose appends to rows at most limit of a row's candidates, which come best
// first: those that are nearer to the row than to every one chosen before
// (algorithm 4 of the paper). So links lead in all directions, and of equal
// vectors to one.
func (in *inserter) choose(row uint32, candidates []key, limit int, rows []uint32) []uint32 {
	for _, k := range candidates {
		if len(rows) == limit {
			break
		}
		if in.apart(row, k, rows) {
			rows = append(rows, k.row())
		}
	}
	return rows
}

// apart reports whether a candidate is nearer to a row than to each of rows.
func (in *inserter) apart(row uint32, candidate key, rows []uint32) bool {
	const atOnce = 8
	v, c := &in.g.vectors, candidate.row()
	// The score of the row for the candidate as a query, from that of the
	// candidate for the row.
	score := candidate.score() + v.bias(c) - v.bias(row)
	v.query(c, in.other)
	var scores [atOnce]int32
	for len(rows) > 0 {
		some := rows[:min(atOnce, len(rows))]
		v.gather(in.other, some, scores[:len(some)])
		for _, s := range scores[:len(some)] {
			if s >= score {
				return false
			}
		}
		rows = rows[len(some):]
	}
	return true
}

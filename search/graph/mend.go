package graph

import (
	"context"

	"quintet/search/bitset"
)

// mend links what cannot be reached at level 0 from the entry, which happens to
// equal vectors, and where newer rows took all the links to an older one. Every
// link that it replaces leads on from the row put in its place, so what was
// reachable stays so.
func (g *Graph) mend(ctx context.Context, o Options) error {
	if g.Rows() == 0 {
		return nil
	}
	reached := bitset.New(g.Rows())
	g.reach(reached, g.entry)
	query, s := g.vectors.newQuery(), new(Scratch)
	breadth := min(o.Breadth, g.Rows())
	for row := range uint32(g.Rows()) {
		if reached.Has(row) {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		g.vectors.query(row, query)
		s.begin(g, breadth)
		s.start(g.score(s, query, g.entry)) // and so, only what is reachable is met
		g.walk(s, query, breadth, 0, nil, horizon{})
		s.end()
		g.attach(row, s.beam)
		g.reach(reached, row)
	}
	return nil
}

// attach makes a row reachable from the nearest of some that are and have room,
// or else from the nearest.
func (g *Graph) attach(row uint32, near beam) {
	for _, k := range near {
		if list := g.list(k.row(), 0); int(list[0])+1 < len(list) {
			list[0]++
			list[list[0]] = row
			return
		}
	}
	list, own := g.list(near[0].row(), 0), g.list(row, 0)
	last := len(list) - 1
	if int(own[0])+1 < len(own) {
		own[0]++
	}
	own[own[0]], list[last] = list[last], row
}

// reach adds all rows that can be reached from one at level 0.
func (g *Graph) reach(reached bitset.Set, from uint32) {
	reached.Add(from)
	for waiting := []uint32{from}; len(waiting) > 0; {
		row := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		for _, next := range g.neighbours(row, 0) {
			if !reached.Has(next) {
				reached.Add(next)
				waiting = append(waiting, next)
			}
		}
	}
}

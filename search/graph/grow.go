package graph

import (
	"context"
	"fmt"
	"slices"

	"quintet/search/bitset"
)

// Gone stands for the new number of a row that is left out.
const Gone = ^uint32(0)

// Grow is Build for vectors some of which g links already: row r of g is row
// moved[r] of v, or Gone. Their links are kept, so it takes the time of the
// others' alone. No two rows may become one. Where g was built with other links,
// it helps nothing. g does not change.
//
// The links around a row that is gone are chosen anew among its neighbours
// (Singh and others, FreshDiskANN, 2021, arXiv:2105.09613, algorithm 4). That is
// meant for few of them: a tenth, say.
func (g *Graph) Grow(ctx context.Context, v Vectors, moved []uint32, o Options) (*Graph, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	linked, err := g.remain(v, moved)
	if err != nil {
		return nil, err
	}
	if o.Links != g.links || linked.Count() == 0 {
		return Build(ctx, v, o)
	}
	levels := drawLevels(v.Rows(), o)
	for row, to := range moved {
		if to != Gone {
			levels[to] = uint8(g.level(uint32(row)))
		}
	}
	grown := newGraph(v, o.Links, levels)
	if err := grown.take(ctx, g, moved, o); err != nil {
		return nil, err
	}
	grown.enter(linked, o)
	if err := grown.insertAll(ctx, o, linked); err != nil {
		return nil, err
	}
	return grown, grown.mend(ctx, o)
}

// remain is the set of the rows of v that g links.
func (g *Graph) remain(v Vectors, moved []uint32) (bitset.Set, error) {
	if len(moved) != g.Rows() {
		return nil, fmt.Errorf("graph: %d rows have %d new numbers", g.Rows(), len(moved))
	}
	linked := bitset.New(v.Rows())
	for row, to := range moved {
		if to == Gone {
			continue
		}
		if int(to) >= v.Rows() || linked.Has(to) {
			return nil, fmt.Errorf("graph: row %d becomes row %d of %d, or not it alone", row, to, v.Rows())
		}
		linked.Add(to)
	}
	return linked, nil
}

// take gives the rows that remain of another graph the links that they had.
func (g *Graph) take(ctx context.Context, old *Graph, moved []uint32, o Options) error {
	in := newInserter(g, o, nil)
	for row, to := range moved {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for l := 0; to != Gone && l <= g.level(to); l++ {
			in.take(old, moved, uint32(row), l)
		}
	}
	return nil
}

// take gives a row its links at a level. Where one led to a row that is gone,
// they are chosen anew, also from those of that row.
func (in *inserter) take(old *Graph, moved []uint32, row uint32, level int) {
	to, list := moved[row], old.neighbours(row, level)
	in.rows = appendMoved(in.rows[:0], list, moved, to)
	if len(in.rows) == len(list) {
		link(in.g.list(to, level), in.rows)
		return
	}
	for _, n := range list {
		if moved[n] == Gone {
			in.rows = appendMoved(in.rows, old.neighbours(n, level), moved, to)
		}
	}
	slices.Sort(in.rows)
	in.rows = slices.Compact(in.rows)
	in.chooseLinks(to, in.g.list(to, level))
}

// appendMoved appends the new numbers of rows, without those that are gone and
// without one.
func appendMoved(to, rows, moved []uint32, without uint32) []uint32 {
	for _, n := range rows {
		if now := moved[n]; now != Gone && now != without {
			to = append(to, now)
		}
	}
	return to
}

// enter makes a row of the highest level the entry. One that is not linked yet
// is first, from one of the highest of those that are.
func (g *Graph) enter(linked bitset.Set, o Options) {
	highest, top := g.entry, g.top
	if linked.Has(highest) {
		return
	}
	g.top = -1
	for row := range linked.All() {
		if level := g.level(row); level > g.top {
			g.entry, g.top = row, level
		}
	}
	newInserter(g, o, nil).insert(highest)
	g.entry, g.top = highest, top
	linked.Add(highest)
}

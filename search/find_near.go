package search

import (
	"cmp"
	"math"
	"slices"

	"quintet/search/bitset"
)

// semantic returns the n nearest documents behind a cursor. All that the
// filter admits match, if they have a vector.
func (f *finder) semantic(n int, behind *cursor) []ranked {
	for i, g := range f.parts {
		if f.matching[i] = f.rowsOf(i); g.seen < g.count {
			f.matching[i].And(g.vectors.owners())
		}
	}
	if n == 0 {
		return nil
	}
	return f.nearest(n, behind)
}

const (
	leastBreadth = 100 // of a search in a graph: what gives a recall above .95
	leastRescore = 24
	leastShare   = 8 // of the nearest, that any part may have
)

// breadthFor is how broad a search in a graph is that looks for n documents: of
// 10 to 1,000 it finds 96 of 100 or more (BenchmarkRecall).
func breadthFor(n int) int { return max(leastBreadth, n+max(90, n/2)) }

// nearest returns the n nearest documents behind a cursor, and always as many
// where there are: it looks wider until it has them. Where they are a page, it
// looks at all that score as the last of them does, of which the newest count: the
// next page begins there.
func (f *finder) nearest(n int, behind *cursor) []ranked {
	sets := make([]bitset.Set, len(f.parts))
	for i, g := range f.parts {
		if g.vectors != nil {
			sets[i] = g.vectors.admit(f.admitted[i])
		}
	}
	keep := n
	if behind != nil {
		keep += n / 4 // codes order nearly as numbers do: the last of the nearest may be the first behind it
	}
	breadths := f.breadths(n, sets, behind != nil)
	for wider := 1; ; wider *= 4 {
		top, beyond := best{keep: keep}, math.Inf(-1)
		offer := top.offer
		if len(f.probes) > 1 {
			offer = once(top.offer)
		}
		for _, p := range f.probes {
			beyond = max(beyond, f.nearTo(p, breadths, wider, n, sets, behind, offer))
		}
		if math.IsInf(beyond, -1) || len(top.heap) == keep && f.parted(top.heap[0].score, beyond) {
			return top.sorted()[:min(n, len(top.heap))]
		}
	}
}

// parted reports whether documents up to a last score are enough, where others
// may score up to beyond.
func (f *finder) parted(last, beyond float64) bool {
	return last > beyond || last == beyond && f.mode == modeHybrid
}

// breadths returns how broadly each part is searched for the n nearest of all. A
// part is expected to have its share of them, and half as many again; where it
// has more, nearest sees that and looks wider. Behind a cursor any part may have
// them all.
func (f *finder) breadths(n int, sets []bitset.Set, behind bool) []int {
	counts, total := make([]int, len(f.parts)), 0
	for i, g := range f.parts {
		if g.vectors == nil {
			continue
		}
		if counts[i] = g.vectors.count(); sets[i] != nil {
			counts[i] = sets[i].Count()
		}
		total += counts[i]
	}
	list := make([]int, len(f.parts))
	for i, count := range counts {
		share := n
		if !behind && total > 0 {
			share = min(n, n*count*3/(2*total)+leastShare)
		}
		list[i] = breadthFor(share)
	}
	return list
}

// nearTo offers the documents behind a cursor that have one of the nearest
// vectors of a probe in their part, of each part its breadth times wider. It
// returns the greatest score that any other document may have, as far as the
// codes tell.
func (f *finder) nearTo(p *probe, breadths []int, wider, n int, sets []bitset.Set, behind *cursor, offer func(ranked)) (beyond float64) {
	beyond = math.Inf(-1)
	for i, g := range f.parts {
		if g.vectors == nil || g.vectors.count() == 0 || f.ctx.Err() != nil {
			continue
		}
		breadth := breadths[i] * wider
		list, how := g.vectors.nearest(p, breadth, sets[i], f.exact, f.scratch)
		f.ways[i] = how
		if len(list) == breadth {
			last := slices.MinFunc(list, func(a, b near) int { return cmp.Compare(a.score, b.score) })
			beyond = max(beyond, g.vectors.space.score(p.vector, g.vectors.vector(last.vector)))
			if behind == nil && !g.vectors.uneven {
				list = nearestOf(list, max(leastRescore, n+n/4))
			}
		}
		f.rescore(i, list, func(r ranked) {
			if behind.behind(r) {
				offer(r)
			}
		})
	}
	return beyond
}

// once passes each document on the first time alone.
func once(offer func(ranked)) func(ranked) {
	seen := map[place]bool{}
	return func(r ranked) {
		if !seen[r.place] {
			seen[r.place] = true
			offer(r)
		}
	}
}

// nearestOf keeps the n best of a list, and those that are equal to the last.
func nearestOf(list []near, n int) []near {
	if len(list) <= n {
		return list
	}
	slices.SortFunc(list, func(a, b near) int { return cmp.Compare(b.score, a.score) })
	for n < len(list) && list[n].score == list[n-1].score {
		n++
	}
	return list[:n]
}

// rescore compares vectors by their numbers, and calls each with every document
// that has one of them and the score of its best.
func (f *finder) rescore(i int, list []near, each func(ranked)) {
	g := f.parts[i]
	v := g.vectors
	var seen map[uint32]bool
	if v.uneven {
		seen = make(map[uint32]bool, len(list))
	}
	for _, n := range list {
		row := v.rows[n.vector]
		if v.uneven {
			if seen[row] {
				continue
			}
			seen[row] = true
		}
		score, _ := v.best(f.probes, row)
		each(ranked{place{i, row}, score, g.versions[row]})
	}
}

// best returns the score of that vector of a row which is nearest to one of the
// probes, and which that is of the row's own. The row has one.
func (v *vectors) best(probes []*probe, row uint32) (score float64, passage int) {
	from, to := v.of(row)
	score = math.Inf(-1)
	for n := from; n < to; n++ {
		for _, p := range probes {
			if s := v.space.score(p.vector, v.vector(n)); s > score {
				score, passage = s, int(n-from)
			}
		}
	}
	return score, passage
}

// owners are the rows that have a vector.
func (v *vectors) owners() bitset.Set {
	set := bitset.New(len(v.starts) - 1)
	for _, row := range v.rows {
		set.Add(row)
	}
	return set
}

package search

import (
	"context"
	"slices"

	"quintet/search/bitset"
	"quintet/search/column"
	"quintet/search/graph"
	"quintet/search/inverted"
)

// finder answers one plan over one state of the parts of a collection. The
// statistics of words are those of all parts together, and vectors are compared
// by their numbers in the end: so no score depends on which part a document is
// in.
type finder struct {
	*plan
	ctx      context.Context // when it ends, the rest is left out
	parts    []*part
	admitted []bitset.Set // by part: rows that may be found; nil = all
	matching []bitset.Set // by part: rows that match; nil = none
	words    *inverted.Plan
	matchers []*inverted.Matcher // by part
	scratch  *scratch
	ways     []way          // by part: how its vectors were searched
	keys     [][]column.Key // of the page, where it is sorted
	blended  *blend         // nil unless both lists were
}

// finding is what a search found.
type finding struct {
	page    []ranked
	keys    [][]column.Key // what it is sorted by, nil where it is ranked
	more    bool
	found   int
	scores  []Scores // of the page
	facets  map[string]Facet
	explain *Explanation // nil unless it was asked for
	why     []*HitExplanation
	words   *marker // what is highlighted

	approximate bool // vectors were found through a graph
}

// scratch is the memory of one search.
type scratch struct {
	graph   graph.Scratch
	near    []near
	numbers []uint32
	dots    []int32
	scores  []float32
}

func newScratch() *scratch {
	return &scratch{dots: make([]int32, scanRows), scores: make([]float32, scanRows)}
}

// newFinder takes the parts that have rows.
func newFinder(ctx context.Context, parts []*part, p *plan, s *scratch) *finder {
	f := &finder{plan: p, ctx: ctx, scratch: s}
	for _, g := range parts {
		if g.rows() > 0 {
			f.parts = append(f.parts, g)
			f.admitted = append(f.admitted, p.admit(g))
		}
	}
	f.matching = make([]bitset.Set, len(f.parts))
	f.ways = make([]way, len(f.parts))
	return f
}

// find answers a plan. Where ctx ends meanwhile, the answer is none.
func find(ctx context.Context, parts []*part, p *plan, s *scratch) *finding {
	return newFinder(ctx, parts, p, s).answer()
}

// answer ranks what matches and reads the page, and what else was asked for.
func (f *finder) answer() *finding {
	wanted := f.limit + 1
	if len(f.sort) > 0 {
		wanted = 0 // only what matches counts
	}
	var list []ranked
	switch {
	case f.all:
		list = f.everything(wanted)
	case f.mode == modeKeyword:
		list = f.keyword(wanted, f.cursor)
	case f.mode == modeSemantic:
		list = f.semantic(wanted, f.cursor)
	default:
		list = f.blend(wanted)
	}
	if len(f.sort) > 0 {
		list = f.sorted()
	}
	a := &finding{page: list, keys: f.keys}
	for _, set := range f.matching {
		a.found += set.Count()
	}
	if a.more = len(list) > f.limit; a.more {
		a.page = list[:f.limit]
	}
	a.approximate = slices.Contains(f.ways, wayGraph) || slices.Contains(f.ways, wayFiltered)
	a.scores = f.scoresOf(a.page)
	a.facets = f.countFacets()
	if f.highlight {
		a.words = newMarker(f.words)
	}
	if f.explain {
		a.explain, a.why = f.explainSearch(), f.explainHits(a.page)
	}
	return a
}

// rowsOf returns the rows of a part that may be found, as a set of the caller's.
func (f *finder) rowsOf(i int) bitset.Set {
	if f.admitted[i] == nil {
		return bitset.Full(f.parts[i].rows())
	}
	return f.admitted[i].Clone()
}

// everything returns the n newest documents that the filter admits.
func (f *finder) everything(n int) []ranked {
	page := best{keep: n}
	for i, g := range f.parts {
		f.matching[i] = f.rowsOf(i)
		if n == 0 {
			continue
		}
		for row := range f.matching[i].All() {
			if r := (ranked{place{i, row}, 0, g.versions[row]}); f.cursor.behind(r) {
				page.offer(r)
			}
		}
	}
	return page.sorted()
}

// match prepares the words of the query for every part.
func (f *finder) match() {
	segments := make([]inverted.Segment, len(f.parts))
	for i, g := range f.parts {
		segments[i] = g.text
	}
	f.words = inverted.NewPlan(f.clauses, segments...)
	for i := range f.parts {
		f.matchers = append(f.matchers, f.words.In(segments[i]))
	}
}

// keyword returns the n best documents that have a word of the query, behind a
// cursor.
func (f *finder) keyword(n int, behind *cursor) []ranked {
	f.match()
	behind = f.now(behind)
	top := best{keep: n}
	for i, g := range f.parts {
		m := f.matchers[i]
		f.matching[i] = m.Matches()
		if f.admitted[i] != nil {
			f.matching[i].And(f.admitted[i])
		}
		if n == 0 {
			continue
		}
		offer := func(r inverted.Scored) {
			if r := (ranked{place{i, r.Row}, r.Score, g.versions[r.Row]}); behind.behind(r) {
				top.offer(r)
			}
		}
		if g.memory != nil { // its versions do not rise, so its rows say nothing of ties
			rows := slices.Collect(f.matching[i].All())
			for at, score := range m.Score(rows) {
				offer(inverted.Scored{Row: rows[at], Score: score})
			}
			continue
		}
		for _, r := range m.Top(n, f.admitted[i], f.rowsBehind(i, behind)) {
			offer(r)
		}
	}
	return top.sorted()
}

// now is a cursor with the score that its document has by its words today: every
// write and every merge shifts the scores of all. A document that no part has any
// more keeps the score that it had.
func (f *finder) now(c *cursor) *cursor {
	if c == nil {
		return nil
	}
	for i, g := range f.parts {
		if row, has := g.find(c.version); has {
			if score := f.matchers[i].Score([]uint32{row})[0]; score != 0 {
				return &cursor{score: score, version: c.version}
			}
		}
	}
	return c
}

// rowsBehind is a cursor as a sealed part sees it.
func (f *finder) rowsBehind(i int, c *cursor) func(inverted.Scored) bool {
	if c == nil {
		return nil
	}
	g := f.parts[i]
	return func(r inverted.Scored) bool {
		return c.behind(ranked{score: r.Score, version: g.versions[r.Row]})
	}
}

// blend returns the n best of what the words and the vectors find. The matching
// set is every document with a word of the query, and the nearest ones.
func (f *finder) blend(n int) []ranked {
	depth := int(f.fusion.Depth)
	keyword, semantic := f.keyword(depth, nil), f.nearest(depth, nil)
	for _, r := range semantic {
		f.matching[r.part].Add(r.row)
	}
	page := best{keep: n}
	f.blended = &blend{&f.fusion, semantic, keyword}
	fused := f.blended.fuse()
	behind := f.cursor.among(fused)
	for _, r := range fused {
		if behind.behind(r) {
			page.offer(r)
		}
	}
	return page.sorted()
}

// scoresOf tells what each hit scores in the searches that were made.
func (f *finder) scoresOf(page []ranked) []Scores {
	all := make([]Scores, len(page))
	for at, r := range page {
		if f.words != nil {
			if score := f.matchers[r.part].Score([]uint32{r.row})[0]; score != 0 {
				all[at].Keyword = &score
			}
		}
		if g := f.parts[r.part]; len(f.probes) > 0 && g.hasVector(r.row) {
			score, _ := g.vectors.best(f.probes, r.row)
			all[at].Semantic = &score
		}
	}
	return all
}

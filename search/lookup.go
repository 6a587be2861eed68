package search

import (
	"math"
	"sync"
)

// BM25 as Robertson and Zaragoza describe it ("The Probabilistic Relevance
// Framework", 2009), with the idf of Lucene, which is never negative:
//
//	score = Σ ln(1 + (N - df + 0.5) / (df + 0.5)) · tf · (k1 + 1) / (tf + k1 · (1 - b + b · length / average))
//
// A field of weight w counts each of its words w times, in tf and in length:
// the simple BM25F of Robertson, Zaragoza and Taylor (2004).
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

// scratch is the memory of one search over a segment.
type scratch struct {
	scores  []float64 // by row; 0 = no term of the query stands in it
	touched []uint32  // rows whose score is not 0
	dots    []int32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// take returns memory for n rows, all scores 0.
func takeScratch(n int) *scratch {
	s := scratches.Get().(*scratch)
	if len(s.scores) < n {
		s.scores = make([]float64, n+n/4)
	}
	return s
}

func (s *scratch) free() {
	for _, row := range s.touched {
		s.scores[row] = 0
	}
	s.touched = s.touched[:0]
	scratches.Put(s)
}

// keyword scores every row, dead ones too, in which a term stands.
func (g *segment) keyword(p *plan, s *scratch) {
	average := g.average()
	for i, term := range p.terms {
		list := g.terms[term]
		if list == nil {
			continue
		}
		df := g.frequency(list)
		if df == 0 {
			continue
		}
		idf := p.weights[i] * math.Log(1+(float64(g.count-df)+0.5)/(float64(df)+0.5))
		for j, row := range list.rows {
			tf := float64(list.frequencies[j])
			if s.scores[row] == 0 {
				s.touched = append(s.touched, row)
			}
			s.scores[row] += idf * tf * (bm25K1 + 1) / (tf + bm25K1*(1-bm25B+bm25B*g.lengths[row]/average))
		}
	}
}

// frequency counts the live rows of a term.
func (g *segment) frequency(list *postings) (df int) {
	if g.dead() == 0 {
		return len(list.rows)
	}
	for _, row := range list.rows {
		if g.live.has(row) {
			df++
		}
	}
	return df
}

// semantic calls each with the cosine of every live row that has a vector and
// passes the filter.
func (g *segment) semantic(p *plan, pass match, s *scratch, each func(ranked)) {
	if len(s.dots) < scanRows {
		s.dots = make([]int32, scanRows)
	}
	for from := 0; from < len(g.scales); from += scanRows {
		to := min(from+scanRows, len(g.scales))
		rows := g.scanned(uint32(from), uint32(to), pass)
		if len(rows) == 0 {
			continue
		}
		if 4*len(rows) >= to-from {
			scan(p.vector, g.codes[from*Dimensions:to*Dimensions], s.dots[:to-from])
			for _, row := range rows {
				each(ranked{row, g.cosine(p, row, s.dots[int(row)-from]), g.versions[row]})
			}
			continue
		}
		for _, row := range rows {
			scan(p.vector, g.codesOf(row), s.dots[:1])
			each(ranked{row, g.cosine(p, row, s.dots[0]), g.versions[row]})
		}
	}
}

// scanRows is how many rows are scanned at once: 96 KiB of codes.
const scanRows = 256

// scanned lists the rows from from to to that a semantic search looks at.
func (g *segment) scanned(from, to uint32, pass match) (rows []uint32) {
	rows = make([]uint32, 0, scanRows)
	for row := from; row < to; row++ {
		if g.scales[row] != 0 && g.live.has(row) && (pass == nil || pass(row)) {
			rows = append(rows, row)
		}
	}
	return rows
}

// everything calls each with every live row that passes the filter, unscored.
func (g *segment) everything(pass match, each func(ranked)) {
	for row := range g.versions {
		if at := uint32(row); g.live.has(at) && (pass == nil || pass(at)) {
			each(ranked{at, 0, g.versions[at]})
		}
	}
}

// finding is what a search found in a segment: a page and how many match.
type finding struct {
	page   []ranked
	more   bool
	found  int
	scores []Scores // of the page
}

// find answers a plan over one state of a segment.
func (g *segment) find(p *plan) *finding {
	var pass match
	if p.filter != nil {
		pass = g.compile(p.filter)
	}
	s := takeScratch(len(g.versions))
	defer s.free()
	f := &finding{}
	page := &best{keep: p.limit + 1}
	take := func(r ranked) {
		f.found++
		if p.cursor.behind(r) {
			page.offer(r)
		}
	}
	switch {
	case p.all:
		g.everything(pass, take)
	case p.mode == modeKeyword:
		g.matches(p, pass, s, take)
	case p.mode == modeSemantic:
		g.semantic(p, pass, s, take)
	default:
		g.blend(p, pass, s, f, page)
	}
	f.page = page.sorted()
	if f.more = len(f.page) > p.limit; f.more {
		f.page = f.page[:p.limit]
	}
	for _, r := range f.page {
		f.scores = append(f.scores, g.scoresOf(p, s, r.row))
	}
	return f
}

// scoresOf tells what a row scores in the searches that were made.
func (g *segment) scoresOf(p *plan, s *scratch, row uint32) (scores Scores) {
	if keyword := s.scores[row]; keyword != 0 {
		scores.Keyword = &keyword
	}
	if p.vector != nil && g.scales[row] != 0 {
		var dot [1]int32
		scan(p.vector, g.codesOf(row), dot[:])
		cosine := g.cosine(p, row, dot[0])
		scores.Semantic = &cosine
	}
	return scores
}

// cosine is what a dot product of codes stands for.
func (g *segment) cosine(p *plan, row uint32, dot int32) float64 {
	return float64(dot) * float64(p.scale) * float64(g.scales[row])
}

// matches calls each with every row that a keyword search finds.
func (g *segment) matches(p *plan, pass match, s *scratch, each func(ranked)) {
	g.keyword(p, s)
	for _, row := range s.touched {
		if g.live.has(row) && (pass == nil || pass(row)) {
			each(ranked{row, s.scores[row], g.versions[row]})
		}
	}
}

// blend finds what either search finds and ranks the best of both.
func (g *segment) blend(p *plan, pass match, s *scratch, f *finding, page *best) {
	keyword, semantic := &best{keep: fuseDepth}, &best{keep: fuseDepth}
	g.matches(p, pass, s, func(r ranked) {
		if keyword.offer(r); g.scales[r.row] == 0 {
			f.found++ // the others are counted below
		}
	})
	g.semantic(p, pass, s, func(r ranked) {
		semantic.offer(r)
		f.found++
	})
	for _, r := range fuse(semantic.sorted(), keyword.sorted()) {
		if p.cursor.behind(r) {
			page.offer(r)
		}
	}
}

package search

import (
	"math"
	"math/bits"

	"quintet/search/bitset"
	"quintet/search/graph"
)

// probe is a query vector in every form in which it is compared.
type probe struct {
	vector []float32
	codes  []int8 // of its own scale
	scale  float32
}

func newProbe(s space, v []float32) *probe {
	p := &probe{vector: v}
	if s.precision == Float32 {
		return p
	}
	p.codes = make([]int8, s.stride())
	p.scale = quantise(v, p.codes[:len(v)])
	return p
}

// near is a vector and about what it scores.
type near struct {
	vector uint32
	score  float32
}

// way is how the nearest vectors of a part are found.
type way string

// The ways. A scan looks at every vector that is admitted, by its codes; an
// exact one, by its numbers.
const (
	wayExact    way = "exact"
	wayScan     way = "scan"
	wayGraph    way = "graph"
	wayFiltered way = "filtered graph"
)

// plan chooses the way to the breadth nearest of so many admitted vectors: a
// scan of a few costs less than a walk through the graph, and a walk among few
// loses its way.
func (v *vectors) plan(admitted, breadth int, exact bool) way {
	switch {
	case exact || v.coarse:
		return wayExact
	case v.graph == nil || float64(admitted) <= v.walkCost(admitted, breadth):
		return v.scanned()
	case admitted < v.count():
		return wayFiltered
	}
	return wayGraph
}

// What a walk costs for each vector of its breadth, counted in vectors that a
// scan looks at in their place; measured over 100,000 (BenchmarkFilters, and
// graph.BenchmarkFilteredWords).
const (
	walkCost  = 60
	stepCost  = 200 // of a walk that steps over what is not admitted
	sparse    = 5   // it is taken where less than one in five is
	widerStep = 2   // and needs to be so much broader
)

// walkCost is what a walk costs. Of what is admitted the smaller the share, the
// longer it takes to meet enough of it.
func (v *vectors) walkCost(admitted, breadth int) float64 {
	if sparse*admitted < v.count() {
		return stepCost * float64(breadth)
	}
	return walkCost * float64(breadth) / math.Sqrt(math.Sqrt(float64(admitted)/float64(v.count())))
}

// nearest returns the breadth nearest of the admitted vectors, nil for all, in
// no order, all of them where there are fewer; how says which way was taken.
func (v *vectors) nearest(p *probe, breadth int, admitted bitset.Set, exact bool, s *scratch) (found []near, how way) {
	count := v.count()
	if admitted != nil {
		count = admitted.Count()
	}
	how = v.plan(count, breadth, exact)
	switch how {
	case wayGraph, wayFiltered:
		broad := breadth
		if sparse*count < v.count() {
			broad *= widerStep
		}
		if how == wayGraph {
			admitted = nil // for all are
		}
		if list := v.walk(p, broad, admitted, s); len(list) >= breadth {
			return list[:breadth], how
		}
		how = v.scanned()
	}
	return v.scan(p, breadth, admitted, how == wayExact, s), how
}

// scanned is the way that is left to a walk.
func (v *vectors) scanned() way {
	if v.coded() {
		return wayScan
	}
	return wayExact
}

// walk returns what the graph leads to, the best first.
func (v *vectors) walk(p *probe, breadth int, admitted bitset.Set, s *scratch) []near {
	s.near = s.near[:0]
	if !v.coded() {
		for _, n := range v.graph.SearchNumbers(&s.graph, p.vector, breadth, admitted) {
			s.near = append(s.near, near{n.Row, n.Float()})
		}
		return s.near
	}
	codes, scale := v.probeCodes(p)
	return v.scored(v.graph.Search(&s.graph, codes, breadth, admitted), scale, s)
}

// scored are rows of a sealed part, with what their scores by codes stand for.
func (v *vectors) scored(rows []graph.Neighbour, scale float32, s *scratch) []near {
	s.near = s.near[:0]
	for _, n := range rows {
		s.near = append(s.near, near{n.Row, float32(n.Score) * scale * v.scale})
	}
	return s.near
}

// probeCodes returns the query's codes for a graph and their scale. Distances
// need the scale of the vectors, for their lengths count.
func (v *vectors) probeCodes(p *probe) ([]int8, float32) {
	if v.space.metric != Euclid {
		return p.codes, p.scale
	}
	codes := make([]int8, v.codes.Stride)
	quantiseBy(p.vector, v.scale, codes[:len(p.vector)])
	return codes, v.scale
}

// scanRows is how many vectors are scanned at once.
const scanRows = 256

// scan looks at every admitted vector.
func (v *vectors) scan(p *probe, breadth int, admitted bitset.Set, exact bool, s *scratch) []near {
	if !exact && v.scales == nil {
		codes, scale := v.probeCodes(p)
		return v.scored(v.codes.Nearest(&s.graph, codes, breadth, admitted), scale, s)
	}
	best := nearHeap{keep: breadth, list: s.near[:0]}
	codes, scale := p.codes, p.scale
	for from := 0; from < v.count(); from += scanRows {
		to := min(from+scanRows, v.count())
		numbers := s.numbers[:0]
		for w := from / 64; w < (to+63)/64; w++ {
			for word := admittedWord(admitted, w, to); word != 0; word &= word - 1 {
				numbers = append(numbers, uint32(w*64+bits.TrailingZeros64(word)))
			}
		}
		s.numbers = numbers
		switch dots := s.dots[:to-from]; {
		case len(numbers) == 0:
		case exact:
			v.space.scores(p.vector, v.numbers, numbers, s.scores[:len(numbers)])
			for i, n := range numbers {
				best.offer(near{n, s.scores[i]})
			}
		case 4*len(numbers) >= to-from:
			v.codes.Scan(codes, from, to, dots)
			for _, n := range numbers {
				best.offer(near{n, v.estimate(n, dots[int(n)-from], scale)})
			}
		default:
			v.codes.Gather(codes, numbers, dots[:len(numbers)])
			for i, n := range numbers {
				best.offer(near{n, v.estimate(n, dots[i], scale)})
			}
		}
	}
	s.near = best.list
	return best.list
}

// admittedWord returns 64 bits of a set, nil for all, none from end on.
func admittedWord(set bitset.Set, w, end int) uint64 {
	word := ^uint64(0)
	if set != nil {
		if w >= len(set) {
			return 0
		}
		word = set[w]
	}
	if over := (w+1)*64 - end; over > 0 {
		word &= ^uint64(0) >> over
	}
	return word
}

// estimate is what a dot product of codes stands for: a number that orders as
// the scores do.
func (v *vectors) estimate(n uint32, dot int32, scale float32) float32 {
	if v.scales == nil {
		return float32(dot) * scale * v.scale
	}
	score := float32(dot) * scale * v.scales[n]
	if v.norms != nil {
		score -= v.norms[n] / 2
	}
	return score
}

// nearHeap keeps the best of what is offered to it, the least of them on top.
type nearHeap struct {
	keep int
	list []near
}

func (h *nearHeap) offer(n near) {
	if len(h.list) < h.keep {
		h.list = append(h.list, n)
		for i := len(h.list) - 1; i > 0; {
			parent := (i - 1) / 2
			if h.list[parent].score <= h.list[i].score {
				break
			}
			h.list[parent], h.list[i] = h.list[i], h.list[parent]
			i = parent
		}
		return
	}
	if h.keep == 0 || n.score <= h.list[0].score {
		return
	}
	h.list[0] = n
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h.list); child++ {
			if h.list[child].score < h.list[least].score {
				least = child
			}
		}
		if least == i {
			return
		}
		h.list[least], h.list[i] = h.list[i], h.list[least]
		i = least
	}
}

package graph

import "math"

const (
	// beyond is how much farther than the row that counts a walk goes, as a share
	// of its squared distance. What is as near can lead to something nearer;
	// around a query that has many rows at about one distance these are many,
	// elsewhere few: so a walk takes its time where it needs it.
	beyond = 1. / 7

	// counts is which row of a walk counts: of a breadth of so many, the first.
	// Among 100,000 word vectors 82 rows are followed at a breadth of 100, and 98.4 %
	// of the ten nearest found; by following the best 100, 97.7 %.
	counts = 6

	// room is how many rows a walk has in hand, in breadths, and so how many it
	// follows at most.
	room = 2
)

// A horizon ends a walk before everything in the beam was followed: at the first
// row that is farther beyond the one that counts than is worth it. The zero value
// ends none.
//
// It needs distances, and scores are not: a vector as long as the longest that
// points where the query does would have the greatest score, ideal, and what a row
// lacks of it is its squared distance from there, but for a factor, once all are
// filled up to that length in a dimension of their own (Bachrach et al., RecSys
// 2014). Of vectors of length 1 it is the angle's; with a bias, and where scores are
// distances, it is Euclid's.
// The rule is that of Al-Jazzazi et al. 2025 (arXiv:2505.15636).
type horizon struct {
	ideal   float64
	at      int  // the place of the row that counts, from 1 on; 0: there is no horizon
	least   int  // rows that have to be in the beam
	numbers bool // scores stand for float32
}

// horizon is that of a search for breadth rows.
func (g *Graph) horizon(query []int8, breadth int) horizon {
	v := &g.vectors
	h := horizon{at: max(1, breadth/counts), least: breadth, numbers: v.Form != Int8}
	square := 0.
	switch {
	case v.Form == Float32Distance: // a row that is the query itself has the score 0
		return h
	case h.numbers:
		for _, x := range asNumbers(query) {
			square += float64(x) * float64(x)
		}
	default:
		sum := int64(0)
		for _, x := range query {
			sum += int64(x) * int64(x)
		}
		square = float64(sum)
	}
	if h.ideal = math.Sqrt(square) * g.longest; v.Bias != nil {
		h.ideal = square / 2
	}
	return h
}

// behind reports whether a row lies behind the horizon, if the best are so.
func (h *horizon) behind(k key, best beam) bool {
	if h.at == 0 || len(best) < h.least {
		return false
	}
	score := h.score(best[h.at-1])
	return h.score(k) < score-beyond*(h.ideal-score)
}

func (h *horizon) score(k key) float64 {
	if h.numbers {
		return float64(Neighbour{Score: k.score()}.Float())
	}
	return float64(k.score())
}

// longest is the length of the longest row, where rows are scored by their
// products alone.
func (v *Vectors) longest() float64 {
	if v.Bias != nil || v.Form == Float32Distance {
		return 0
	}
	query, score := v.newQuery(), make([]int32, 1)
	most := horizon{numbers: v.Form != Int8}
	for row := range uint32(v.Rows()) {
		v.query(row, query)
		v.gather(query, []uint32{row}, score)
		most.ideal = max(most.ideal, most.score(makeKey(score[0], row)))
	}
	return math.Sqrt(most.ideal)
}

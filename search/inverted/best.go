package inverted

import (
	"cmp"
	"slices"
)

// Scored is a row that matches, with its score.
type Scored struct {
	Row   uint32
	Score float64
}

// compare orders the best first; of equal ones the higher, newer row is first.
func (s Scored) compare(other Scored) int {
	return cmp.Or(cmp.Compare(other.Score, s.Score), cmp.Compare(other.Row, s.Row))
}

func (s Scored) before(other Scored) bool {
	return s.Score > other.Score || s.Score == other.Score && s.Row > other.Row
}

// best keeps the first of what is offered to it: a heap whose top is the last
// of them.
type best struct {
	keep int
	heap []Scored
}

// threshold is the score that a row must reach to get in. A row in rising
// order gets in by reaching it alone.
func (b *best) threshold() float64 {
	if len(b.heap) < b.keep {
		return 0
	}
	return b.heap[0].Score
}

func (b *best) offer(s Scored) {
	if len(b.heap) < b.keep {
		b.heap = append(b.heap, s)
		for i := len(b.heap) - 1; i > 0; {
			parent := (i - 1) / 2
			if !b.heap[parent].before(b.heap[i]) {
				break
			}
			b.heap[parent], b.heap[i] = b.heap[i], b.heap[parent]
			i = parent
		}
		return
	}
	if s.before(b.heap[0]) {
		b.heap[0] = s
		b.sink()
	}
}

func (b *best) sink() {
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(b.heap) {
			return
		}
		if right := child + 1; right < len(b.heap) && b.heap[child].before(b.heap[right]) {
			child = right
		}
		if !b.heap[i].before(b.heap[child]) {
			return
		}
		b.heap[i], b.heap[child] = b.heap[child], b.heap[i]
		i = child
	}
}

func (b *best) sorted() []Scored {
	slices.SortFunc(b.heap, Scored.compare)
	return b.heap
}

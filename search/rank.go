package search

import (
	"bytes"
	"slices"
)

// ranked is a row and what it is ranked by.
type ranked struct {
	row     uint32
	score   float64
	version version
}

// before orders by score, the best first; of equal ones the newer version is
// first. It is an order of all documents, so that pages can go on from one.
func (r ranked) before(other ranked) bool {
	if r.score != other.score {
		return r.score > other.score
	}
	return bytes.Compare(r.version[:], other.version[:]) > 0
}

// behind reports whether r comes on a page after the cursor.
func (c *cursor) behind(r ranked) bool {
	return c == nil || ranked{score: c.score, version: c.version}.before(r)
}

// best keeps the first of what is offered to it: a heap whose top is the last
// of them.
type best struct {
	keep int
	heap []ranked
}

func (b *best) offer(r ranked) {
	if len(b.heap) < b.keep {
		b.heap = append(b.heap, r)
		b.up(len(b.heap) - 1)
		return
	}
	if b.keep > 0 && r.before(b.heap[0]) {
		b.heap[0] = r
		b.down(0)
	}
}

func (b *best) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !b.heap[parent].before(b.heap[i]) {
			return
		}
		b.heap[parent], b.heap[i] = b.heap[i], b.heap[parent]
		i = parent
	}
}

func (b *best) down(i int) {
	for {
		last := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(b.heap); child++ {
			if b.heap[last].before(b.heap[child]) {
				last = child
			}
		}
		if last == i {
			return
		}
		b.heap[last], b.heap[i] = b.heap[i], b.heap[last]
		i = last
	}
}

// sorted returns what was kept, in order.
func (b *best) sorted() []ranked {
	sortRanked(b.heap)
	return b.heap
}

func sortRanked(list []ranked) {
	slices.SortFunc(list, func(a, b ranked) int {
		if a.before(b) {
			return -1
		}
		return 1 // no two rows have one version
	})
}

// How hybrid search blends: the best of both lists, each stretched to 0…1, and
// this share of the semantic one. Measured on Cranfield, CISI, Medline and
// SciFact the share may be 0.5 to 0.7; reciprocal rank fusion (k = 60) is a
// little worse on each of them.
const (
	fuseDepth = 200
	fuseShare = 0.6
)

// fuse blends the sorted lists of the best. Where a document is missing from a
// list it gets 0 from it; where a list is empty, the other counts alone.
func fuse(semantic, keyword []ranked) []ranked {
	share := fuseShare
	if len(keyword) == 0 {
		share = 1
	} else if len(semantic) == 0 {
		share = 0
	}
	place := make(map[uint32]int, len(semantic)+len(keyword))
	fused := make([]ranked, 0, len(semantic)+len(keyword))
	add := func(list []ranked, share float64) {
		for _, r := range list {
			score := share * stretched(list, r.score)
			if at, known := place[r.row]; known {
				fused[at].score += score
				continue
			}
			place[r.row] = len(fused)
			r.score = score
			fused = append(fused, r)
		}
	}
	add(semantic, share)
	add(keyword, 1-share)
	sortRanked(fused)
	return fused
}

// stretched maps the scores of a sorted list to 0…1, equal ones to 1.
func stretched(list []ranked, score float64) float64 {
	most, least := list[0].score, list[len(list)-1].score
	if most == least {
		return 1
	}
	return (score - least) / (most - least)
}

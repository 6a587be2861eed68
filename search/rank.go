package search

import (
	"bytes"
	"slices"
)

// place is a row of one of the parts that a search looks at.
type place struct {
	part int
	row  uint32
}

// ranked is a document and what it is ranked by.
type ranked struct {
	place
	score   float64
	version version
}

// before orders by score, the best first; of equal ones the newer version is
// first. It is an order of all documents, so that pages can go on from one.
func (r ranked) before(other ranked) bool {
	if r.score != other.score {
		return r.score > other.score
	}
	return compareVersions(r.version, other.version) > 0
}

func compareVersions(a, b version) int { return bytes.Compare(a[:], b[:]) }

// behind reports whether r comes on a page after the cursor.
func (c *cursor) behind(r ranked) bool {
	return c == nil || ranked{score: c.score, version: c.version}.before(r)
}

// among is a cursor with the score that its document has in a list, if it is
// there: scores shift from page to page.
func (c *cursor) among(list []ranked) *cursor {
	if c == nil {
		return nil
	}
	for _, r := range list {
		if r.version == c.version {
			return &cursor{score: r.score, version: c.version}
		}
	}
	return c
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
		return 1 // no two documents have one version
	})
}

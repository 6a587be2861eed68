package graph

import (
	"math/bits"
	"slices"
)

// A key is a row that was seen and how it scored, so that of two keys the less
// is the better: the score turned over, the row, and whether its links were
// followed. Rows of one score stand in their own order.
type key uint64

const (
	followed key = 1
	worst        = ^key(0)
)

func makeKey(score int32, row uint32) key {
	return key(^(uint32(score)^1<<31))<<32 | key(row)<<1
}

func (k key) row() uint32  { return uint32(k) >> 1 }
func (k key) score() int32 { return int32(^uint32(k>>32) ^ 1<<31) }

// beam is the best keys of a search, the best first. One sorted array serves as
// the two heaps of the paper: what was found, and what is to be followed.
type beam []key

// offer puts a key in its place, drops the worst where there are more than
// breadth, and returns the place; breadth, if the key is too bad.
func (b *beam) offer(k key, breadth int) int {
	s := *b
	if len(s) < breadth {
		s = append(s, k)
		*b = s
	} else if k >= s[len(s)-1] {
		return breadth
	}
	return s.insert(k)
}

// insert puts a key in its place and drops the last one, which is no better.
func (b beam) insert(k key) int {
	// A search by halves that takes no branch on what it finds: 1 is borrowed
	// where the element is the less.
	at, n := 0, len(b)-1
	for n > 0 {
		half := (n + 1) / 2
		_, less := bits.Sub64(uint64(b[at+half-1]), uint64(k), 0)
		at += half & -int(less)
		n -= half
	}
	copy(b[at+1:], b[at:])
	b[at] = k
	return at
}

// offerSome offers rows with their scores to a beam that may have breadth keys,
// and returns the least key that was put in; worst, if none was.
func (b *beam) offerSome(rows []uint32, scores []int32, breadth int) (least key) {
	if len(rows) == 0 {
		return worst
	}
	for range min(len(rows), breadth-len(*b)) {
		*b = append(*b, worst) // as many are put before it
	}
	return b.offerAll(rows, scores)
}

// offerAllGo offers rows with their scores to a beam that is as broad as it may
// become, and returns the least key that was put in; worst, if none was.
func (b beam) offerAllGo(rows []uint32, scores []int32) (least key) {
	least = worst
	scores = scores[:len(rows)]
	for i, row := range rows {
		if k := makeKey(scores[i], row); k < b[len(b)-1] {
			b.insert(k)
			least = min(least, k)
		}
	}
	return least
}

// unfollowed is the first place from next on whose links were not followed.
func (b beam) unfollowed(next int) int {
	for next < len(b) && b[next]&followed != 0 {
		next++
	}
	return next
}

// reserve makes room for breadth keys and empties the beam.
func (b *beam) reserve(breadth int) { *b = slices.Grow((*b)[:0], breadth) }

package inverted

import (
	"math/bits"
	"slices"
	"sync"

	"quintet/search/bitset"
)

// The rows that are scored together. A window ends where the shortest block of
// the clauses ends, for within it the bounds are those of one block each; the
// shortest keeps queries of many clauses from having a window for each few
// rows.
const (
	shortestWindow = 512
	longestWindow  = 4096
)

// Top returns the k best of the matching rows that are admitted and behind a
// point of the order: nil admits all, and a nil behind is the beginning.
//
// Rows are scored window by window, as in block-max MaxScore (Turtle and Flood
// 1995, Ding and Suel 2011). Once k rows are found, a row has to reach the
// score of the last of them. Clauses whose bounds in a window do not reach it
// even together cannot bring a row in; they are looked at for rows of the
// other clauses only. Where all clauses together do not reach it, the window
// is passed over.
func (m *Matcher) Top(k int, admitted bitset.Set, behind func(Scored) bool) []Scored {
	k = min(k, m.rows)
	if k <= 0 || len(m.clauses) == 0 {
		return nil
	}
	d := desks.Get().(*desk)
	defer desks.Put(d)
	d.Matcher, d.admitted, d.behind = m, admitted, behind
	d.best = best{keep: k, heap: make([]Scored, 0, min(k, 1024))}
	d.run()
	d.Matcher, d.admitted, d.behind = nil, nil, nil
	return d.best.sorted()
}

var desks = sync.Pool{New: func() any { return new(desk) }}

// desk is the memory of a search. Between two windows sums and touched are 0.
type desk struct {
	*Matcher
	admitted bitset.Set
	behind   func(Scored) bool
	best     best
	order    []ranked // clauses by rising bound
	lo, hi   uint32   // first and last row of the window
	sums     [longestWindow]float64
	touched  [longestWindow / 64]uint64
}

type ranked struct {
	*cursor
	bound  float64 // of its contributions in the window
	before float64 // of those of the clauses before it, and its own
}

func (d *desk) run() {
	cursors := d.start()
	d.order = d.order[:0]
	for i := range cursors {
		d.order = append(d.order, ranked{cursor: &cursors[i]})
	}
	for d.lo = 0; d.frame(); d.lo = d.hi + 1 {
		first := d.essential()
		if first == len(d.order) {
			continue
		}
		for i := first; i < len(d.order); i++ {
			d.gather(d.order[i].cursor)
		}
		d.settle(d.order[:first])
	}
	clear(d.order)
}

// frame moves all cursors to the window that begins at lo, drops those that
// are at their end and finds the window's last row. It reports whether there
// is a window.
func (d *desk) frame() bool {
	d.order = slices.DeleteFunc(d.order, func(r ranked) bool { return !r.skip(d.lo) })
	if len(d.order) == 0 {
		return false
	}
	d.hi = d.lo + longestWindow - 1
	for _, r := range d.order {
		d.hi = min(d.hi, r.last(r.block))
	}
	d.hi = min(max(d.hi, d.lo+shortestWindow-1), uint32(d.rows-1))
	return true
}

// essential orders the clauses by their bounds and returns the place of the
// first one that rows must have to get in, if they have none behind it.
func (d *desk) essential() (first int) {
	for i := range d.order {
		r := d.order[i]
		r.bound = r.ceiling(d.hi, d.plan.normalizer)
		at := i // nearly in order, from the window before
		for ; at > 0 && d.order[at-1].bound > r.bound; at-- {
			d.order[at] = d.order[at-1]
		}
		d.order[at] = r
	}
	var sum float64
	threshold := d.best.threshold()
	for i := range d.order {
		sum += d.order[i].bound
		d.order[i].before = sum * loose
		if d.order[i].before < threshold {
			first = i + 1
		}
	}
	return first
}

// gather adds the contributions of a clause to the rows of the window.
func (d *desk) gather(c *cursor) {
	for c.block < c.blocks {
		c.open()
		c.rate()
		at := c.at
		for ; at < c.n; at++ {
			row := c.rows[at]
			if row > d.hi {
				c.at = at
				return
			}
			if row < d.lo || d.admitted != nil && !d.admitted.Has(row) {
				continue
			}
			i := (row - d.lo) % longestWindow
			d.sums[i] += contribution(c.factor, c.tfs[at], d.norm(row))
			d.touched[i/64] |= 1 << (i % 64)
		}
		c.enter(c.block + 1)
	}
}

// settle offers the rows of the window, after it has added to each what the
// other clauses contribute, as long as that may bring it in.
func (d *desk) settle(others []ranked) {
	for i, word := range d.touched[:(d.hi-d.lo)/64+1] {
		d.touched[i] = 0
		for ; word != 0; word &= word - 1 {
			at := uint32(i*64 + bits.TrailingZeros64(word))
			s := Scored{Row: d.lo + at, Score: d.sums[at]}
			d.sums[at] = 0
			if d.complete(&s, others) && (d.behind == nil || d.behind(s)) {
				d.best.offer(s)
			}
		}
	}
}

func (d *desk) complete(s *Scored, others []ranked) bool {
	threshold := d.best.threshold()
	for i := len(others) - 1; i >= 0; i-- {
		if (s.Score+others[i].before)*loose < threshold {
			return false
		}
		if c := others[i].cursor; c.seek(s.Row) && c.row() == s.Row {
			s.Score += contribution(c.factor, c.tf(), d.norm(s.Row))
		}
	}
	return s.Score >= threshold
}

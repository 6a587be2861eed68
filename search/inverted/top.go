package inverted

import (
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
	longestWindow  = 8192
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
	d.Matcher, d.admitted, d.behind = m, admitted, behind
	d.best = best{keep: k, heap: make([]Scored, 0, min(k, 1024))}
	d.run()
	found := d.best.sorted()
	d.Matcher, d.admitted, d.behind, d.best = nil, nil, nil, best{}
	desks.Put(d) // not if behind has panicked: then sums are not 0
	return found
}

var desks = sync.Pool{New: func() any { return new(desk) }}

// desk is the memory of a search. Between two windows all sums are 0.
type desk struct {
	*Matcher
	admitted bitset.Set
	behind   func(Scored) bool
	best     best
	cursors  []cursor // of the clauses
	order    []ranked // these by rising bound
	lo, hi   uint32   // first and last row of the window
	sums     [longestWindow]float64
	touched  []uint16 // places in sums, in no order
}

type ranked struct {
	*cursor
	bound  float64 // of its contributions in the window
	before float64 // of those of the clauses before it, and its own
}

func (d *desk) run() {
	d.cursors = d.start(d.cursors)
	d.order = d.order[:0]
	for i := range d.cursors {
		d.order = append(d.order, ranked{cursor: &d.cursors[i]})
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
	for i := range d.cursors {
		d.cursors[i].source = nil // which keeps its index
	}
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
		d.hi = min(d.hi, r.end)
	}
	d.hi = min(max(d.hi, d.lo+shortestWindow-1), uint32(d.rows-1))
	return true
}

// gathered is how many postings are added up in the time that it takes to look
// one row up.
const gathered = 8

// essential orders the clauses by their bounds and returns the place of the
// first one that is scored as a whole. Rows with none but those before it
// cannot get in. It is moved down over clauses that are sooner added up than
// looked at for each row of the others.
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
	if first == len(d.order) {
		return first
	}
	rows := 0
	for _, r := range d.order[first:] {
		rows += r.size()
	}
	for ; first > 0 && d.order[first-1].size() <= gathered*rows; first-- {
		rows += d.order[first-1].size()
	}
	return first
}

// gather adds the contributions of a clause to the rows of the window.
func (d *desk) gather(c *cursor) {
	for c.block < c.blocks {
		c.open()
		c.rate()
		c.at += d.add(c.factor, c.rows[c.at:c.n], c.tfs[c.at:c.n])
		if c.at < c.n {
			return
		}
		c.enter(c.block + 1)
	}
}

// add adds the contributions of postings up to the end of the window and
// returns how many these are.
func (d *desk) add(factor float64, rows []uint32, tfs []float32) int {
	lo, hi, admitted, n, lengths, touched := d.lo, d.hi, d.admitted, d.plan.normalizer, d.lengths, d.touched
	tfs = tfs[:len(rows)]
	at := 0
	for ; at < len(rows) && rows[at] <= hi; at++ {
		row := rows[at]
		if row < lo || admitted != nil && !admitted.Has(row) {
			continue
		}
		i := (row - lo) % longestWindow
		sum := d.sums[i]
		if sum == 0 {
			touched = append(touched, uint16(i))
		}
		d.sums[i] = sum + contribution(factor, tfs[at], n.of(lengths.of(row)))
	}
	d.touched = touched
	return at
}

// settle offers the rows of the window, after it has added to each what the
// other clauses contribute, as long as that may bring it in. Most rows are
// passed over at once; the rest has to rise for the cursors.
func (d *desk) settle(others []ranked) {
	least := d.least(others)
	n := 0
	for _, at := range d.touched {
		if d.sums[at%longestWindow] < least {
			d.sums[at%longestWindow] = 0
		} else {
			d.touched[n] = at
			n++
		}
	}
	d.touched = d.touched[:n]
	if len(others) > 0 {
		slices.Sort(d.touched)
	} else {
		slices.Reverse(d.touched) // of equal rows the last comes first
	}
	for _, at := range d.touched {
		s := Scored{Row: d.lo + uint32(at), Score: d.sums[at]}
		d.sums[at] = 0
		if s.Score >= least && d.complete(&s, others) && (d.behind == nil || d.behind(s)) {
			d.best.offer(s)
			least = d.least(others)
		}
	}
	d.touched = d.touched[:0]
}

// least is a score below which a row cannot get in, whatever others add to it.
func (d *desk) least(others []ranked) float64 {
	threshold := d.best.threshold()
	if len(others) > 0 {
		return threshold/loose - others[len(others)-1].before
	}
	return threshold
}

// complete adds what others contribute to a row that has reached the least. It
// reports false, as soon as it knows, where the row cannot get in.
func (d *desk) complete(s *Scored, others []ranked) bool {
	for i := len(others) - 1; i >= 0; i-- {
		if c := others[i].cursor; c.seek(s.Row) && c.row() == s.Row {
			s.Score += contribution(c.factor, c.tf(), d.norm(s.Row))
		}
		if s.Score < d.least(others[:i]) {
			return false
		}
	}
	return true
}

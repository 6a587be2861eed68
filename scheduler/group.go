package scheduler

import "time"

// group is the jobs of a queue that have one key: they share its limits and its
// turn. The jobs without a key are a group of their own, which has no limits.
type group struct {
	line    *line
	hash    uint64       // of the key, 0 for jobs without one
	ready   heap[uint32] // in the order in which they are leased
	jobs    int          // unfinished ones
	running int          // leased, or about to be
	blocked int          // begun and waiting for a time: under strict order they block the others
	bucket  bucket

	ring       int // of which of its line's rings it is part, -1 for none
	prev, next *group
	slot       int32 // in its line's heap of those that stand aside, -1 for none
	again      time.Duration
}

// join returns the number of the group of a key in a queue, for one more job.
func (b *board) join(l *line, hash uint64) uint32 {
	number, known := l.groups[hash]
	if !known {
		g := &group{line: l, hash: hash, ring: -1, slot: -1, ready: heap[uint32]{by: b.orderOf(l, hash)}}
		if n := len(b.spare); n > 0 {
			number, b.spare = b.spare[n-1], b.spare[:n-1]
			b.groups[number] = g
		} else {
			number = uint32(len(b.groups))
			b.groups = append(b.groups, g)
		}
		l.groups[hash] = number
	}
	g := b.groups[number]
	if g.jobs == 0 && g.slot >= 0 {
		l.spent.remove(g)
	}
	g.jobs++
	return number
}

// part counts a job out of its group. A group without jobs is forgotten, but
// for one whose bucket is not full: forgetting it would fill the bucket.
func (b *board) part(number uint32) {
	g := b.groups[number]
	switch g.jobs--; {
	case g.jobs > 0:
	case g.bucket.full(b.sinceStart()):
		b.forgetGroup(g, number)
	case g.slot < 0:
		g.line.setAside(g, g.bucket.refilled)
	}
}

func (b *board) forgetGroup(g *group, number uint32) {
	g.line.unlink(g)
	if g.slot >= 0 {
		g.line.spent.remove(g)
	}
	delete(g.line.groups, g.hash)
	b.groups[number] = nil
	b.spare = append(b.spare, number)
}

func (b *board) orderOf(l *line, hash uint64) *order[uint32] {
	if hash != 0 && l.limits.strict {
		return &b.strict
	}
	return &b.fair
}

func (b *board) sinceStart() time.Duration { return time.Since(b.began) }

// may reports whether the limits of its key let another job of the group run,
// rates aside.
func (g *group) may() bool {
	most, strict := g.line.limits.perKey, g.line.limits.strict
	switch {
	case g.hash == 0:
		return true
	case strict && (g.running > 0 || g.blocked > 0):
		return false
	}
	return most == 0 || g.running < most
}

// settle makes a group stand in the ring of the priority of its next job, at
// the end, or in none while it has none that may run.
func (l *line) settle(g *group) {
	want := -1
	if g.ready.len() > 0 && g.slot < 0 && g.may() {
		want = int(l.board.entries.at(g.ready.top()).priority)
	}
	if want == g.ring {
		return
	}
	l.unlink(g)
	if want >= 0 {
		l.link(g, want)
	}
}

// ring is a list of groups that take turns.
type ring struct{ first, last *group }

func (l *line) link(g *group, n int) {
	r := &l.rings[n]
	g.ring, g.prev, g.next = n, r.last, nil
	if r.last == nil {
		r.first = g
	} else {
		r.last.next = g
	}
	r.last = g
}

func (l *line) unlink(g *group) {
	if g.ring < 0 {
		return
	}
	r := &l.rings[g.ring]
	if g.prev == nil {
		r.first = g.next
	} else {
		g.prev.next = g.next
	}
	if g.next == nil {
		r.last = g.prev
	} else {
		g.next.prev = g.prev
	}
	g.ring, g.prev, g.next = -1, nil, nil
}

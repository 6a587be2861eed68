package scheduler

import (
	"bytes"

	"quintet/engine"
)

// entry is an unfinished job: 48 bytes without a pointer, so that millions of
// them cost the garbage collector nothing. It never has a payload.
type entry struct {
	id       engine.ID
	time     int64  // of its place
	move     uint32 // of its place
	span     uint32 // of its place
	pos      int32  // in the one heap that it stands in, -1 for none
	group    uint32 // its place in board.groups
	state    State
	priority uint8
	started  bool
	held     bool // an update is under way that moves it
}

// stand makes e stand in a place.
func (e *entry) stand(p *place, group uint32) {
	*e = entry{
		id: p.id, time: p.time, move: p.move, span: p.span, pos: -1, group: group, state: p.state, priority: p.priority, started: p.started,
	}
}

// chunk is how many entries are made at once.
const chunk = 4096

// entries are the entries of a board, by number. Their memory is kept for the
// next ones.
type entries struct {
	chunks []*[chunk]entry
	free   uint32 // the first free one, 0 for none; each names the next in its group
	used   uint32 // numbers below have been used once
}

func (es *entries) at(i uint32) *entry { return &es.chunks[i/chunk][i%chunk] }

// take returns the number of an unused entry. 0 is none.
func (es *entries) take() uint32 {
	if i := es.free; i != 0 {
		es.free = es.at(i).group
		return i
	}
	es.used++
	if int(es.used/chunk) >= len(es.chunks) {
		es.chunks = append(es.chunks, new([chunk]entry))
	}
	return es.used
}

func (es *entries) give(i uint32) {
	*es.at(i) = entry{group: es.free}
	es.free = i
}

// earlier orders by time.
func (b *board) earlier(x, y uint32) bool { return b.entries.at(x).time < b.entries.at(y).time }

// fairBefore is the order in which the jobs of one key are leased: priority,
// then since when they are ready, then id.
func (b *board) fairBefore(x, y uint32) bool {
	e, f := b.entries.at(x), b.entries.at(y)
	if e.priority != f.priority {
		return e.priority > f.priority
	}
	if e.time != f.time {
		return e.time < f.time
	}
	return bytes.Compare(e.id[:], f.id[:]) < 0
}

// strictBefore is that order under strict order: what was begun comes first,
// then priority, then id, which is the order in which they were enqueued.
func (b *board) strictBefore(x, y uint32) bool {
	e, f := b.entries.at(x), b.entries.at(y)
	if e.started != f.started {
		return e.started
	}
	if e.priority != f.priority {
		return e.priority > f.priority
	}
	return bytes.Compare(e.id[:], f.id[:]) < 0
}

// enter adds an entry to all that counts it: its heap, its line and its group.
// A lease ends at leaseEnd.
func (b *board) enter(i uint32, at int64) {
	e := b.entries.at(i)
	g := b.groups[e.group]
	l := g.line
	l.count[e.state]++
	switch {
	case e.state == Ready && !e.held:
		g.ready.push(i)
	case e.state == Ready:
		b.occupy(g, 1)
	case e.state == Running:
		b.occupy(g, 1)
		if !e.held {
			b.leases.push(leaseEnd{at, i})
		}
	default:
		if e.started {
			g.blocked++
		}
		if !e.held {
			b.due.push(i)
		}
	}
	l.settle(g)
}

// announce tells the loops, and who waits for a job, that an entry has come.
func (b *board) announce(i uint32) {
	e := b.entries.at(i)
	signalIf(e.pos == 0 && e.state == Running, b.leaseSoon)
	signalIf(e.pos == 0 && e.state.waiting(), b.dueSoon)
	b.groups[e.group].line.wake()
}

// leave takes an entry out of all that counts it.
func (b *board) leave(i uint32) {
	e := b.entries.at(i)
	g := b.groups[e.group]
	g.line.count[e.state]--
	switch {
	case e.state == Ready && !e.held:
		g.ready.remove(i)
	case e.state == Ready:
		b.occupy(g, -1)
	case e.state == Running:
		b.occupy(g, -1)
		if e.pos >= 0 {
			b.leases.remove(leaseEnd{entry: i})
		}
	default:
		if e.started {
			g.blocked--
		}
		if e.pos >= 0 {
			b.due.remove(i)
		}
	}
	g.line.settle(g)
}

// occupy counts jobs of a group that run, or are about to.
func (b *board) occupy(g *group, n int) {
	g.running += n
	g.line.running += n
}

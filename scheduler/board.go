package scheduler

import (
	"bytes"
	"sync"
	"time"

	"quintet/engine"
)

// board is what stands in memory: one entry per unfinished job, one line per
// queue, one alarm per schedule. It is derived from the keys of the places, from
// the queues and from the cursors, by rebuild at the start and by apply after
// every commit; between them callers only hold entries back and put them again.
//
// One lock guards all of it. The committer takes it, so nobody keeps it for
// longer than a slice of jobs, and nothing is called under it.
type board struct {
	began time.Time // zero of the time that leases and rates are measured in

	ages ages

	mu       sync.Mutex
	seq      uint64 // of the newest commit that it followed
	tenants  map[engine.UID]*tenantBoard
	entries  entries
	index    index               // of the entries, by tenant and id
	newest   engine.ID           // of the entries that there have been
	groups   []*group            // by entry.group; nil where free
	spare    []uint32            // free places of groups
	due      heap[uint32]        // scheduled and retrying, by wall clock
	leases   heap[leaseEnd]      // running, by the scheduler's own clock
	ticks    heap[*alarm]        // schedules, by wall clock
	said     map[uint32]progress // by entry: what the worker of a running job has said
	watched  map[engine.ID][]*watcher
	watchers int

	byTime, fair, strict order[uint32]
	byLease              order[leaseEnd]

	dueSoon, leaseSoon, tickSoon chan struct{} // the heap's top came nearer
	purgeSoon                    chan struct{} // a queue has more ended jobs than are kept
	most                         int           // ended jobs that are kept of a queue
}

// tenantBoard is one tenant's part. Jobs of different tenants never meet.
type tenantBoard struct {
	tenant   engine.Tenant
	lines    map[string]*line
	alarms   map[string]*alarm
	watchers int
}

// leaseEnd is when a lease ends by the scheduler's own clock.
type leaseEnd struct {
	at    int64 // ms
	entry uint32
}

// newBoard returns an empty board of queues that keep most ended jobs each.
func newBoard(most int) *board {
	b := &board{
		began: time.Now(), dueSoon: make(chan struct{}, 1), leaseSoon: make(chan struct{}, 1), tickSoon: make(chan struct{}, 1),
		watched: map[engine.ID][]*watcher{}, purgeSoon: make(chan struct{}, 1), most: most,
	}
	slot := func(i uint32) *int32 { return &b.entries.at(i).pos }
	b.byTime = order[uint32]{b.earlier, slot}
	b.fair = order[uint32]{b.fairBefore, slot}
	b.strict = order[uint32]{b.strictBefore, slot}
	b.byLease = order[leaseEnd]{
		less: func(a, b leaseEnd) bool { return a.at < b.at },
		slot: func(l leaseEnd) *int32 { return &b.entries.at(l.entry).pos },
	}
	b.clear()
	return b
}

func (b *board) clear() {
	b.seq = 0
	b.tenants = map[engine.UID]*tenantBoard{}
	b.entries, b.index, b.groups, b.spare = entries{}, index{}, []*group{nil}, nil
	b.said = map[uint32]progress{}
	b.due = heap[uint32]{by: &b.byTime}
	b.leases = heap[leaseEnd]{by: &b.byLease}
	b.ticks = heap[*alarm]{by: &order[*alarm]{
		less: func(a, b *alarm) bool { return a.next < b.next }, slot: func(a *alarm) *int32 { return &a.pos },
	}}
}

// elapsed is the clock of leases, in milliseconds. It does not jump.
func (b *board) elapsed() int64 { return time.Since(b.began).Milliseconds() }

// rebuild derives the board anew, and returns the newest job that is on it.
// Whoever waits at a line goes on waiting.
func (b *board) rebuild(v *engine.View, tenants []engine.Tenant) engine.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.tenants
	b.clear()
	b.seq = v.Seq()
	for _, t := range tenants {
		of, tb := v.Of(t), b.of(t)
		for key, value := range of.Scan(bucketQueues, nil, nil) {
			b.setQueue(tb, string(key), value)
		}
		for key := range of.Keys(bucketStates, nil, nil) {
			b.put(tb, key)
		}
		for _, l := range tb.lines {
			l.recent = rates{} // it happened long ago
		}
		for key, value := range of.Scan(bucketCursors, nil, nil) {
			b.setAlarm(tb, string(key), value)
		}
	}
	for uid, old := range before {
		for name, l := range old.lines {
			if len(l.waiters) > 0 && b.tenants[uid] != nil {
				b.line(b.tenants[uid], name).waiters = l.waiters
			}
			if len(l.watched) > 0 && b.tenants[uid] != nil {
				b.line(b.tenants[uid], name).watched = l.watched
			}
		}
	}
	return b.newest
}

// apply follows one commit. Of a job that moved, the new place comes first and
// the old one then finds it gone: so its entry stays the same, and the end of
// a lease that was not renewed stays where it was.
func (b *board) apply(c engine.Commit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq = c.Seq
	for _, w := range c.Writes {
		switch w.Bucket {
		case bucketStates:
			if !w.Deleted {
				b.put(b.of(w.Tenant), w.Key())
			}
		case bucketQueues:
			b.setQueue(b.of(w.Tenant), string(w.Key()), w.Value)
		case bucketCursors:
			b.setAlarm(b.of(w.Tenant), string(w.Key()), w.Value)
		}
	}
	for _, w := range c.Writes {
		if w.Bucket == bucketStates && w.Deleted {
			b.drop(b.of(w.Tenant), w.Key())
		}
	}
}

func (b *board) of(t engine.Tenant) *tenantBoard {
	tb := b.tenants[t.UID()]
	if tb == nil {
		tb = newTenantBoard(t)
		b.tenants[t.UID()] = tb
	}
	return tb
}

func newTenantBoard(t engine.Tenant) *tenantBoard {
	return &tenantBoard{tenant: t, lines: map[string]*line{}, alarms: map[string]*alarm{}}
}

// put enters a place.
func (b *board) put(tb *tenantBoard, key []byte) {
	name, p, ok := splitPlace(key)
	if !ok {
		return // the check reports it
	}
	l := tb.lines[string(name)]
	if l == nil {
		l = b.line(tb, string(name))
	}
	i, known := b.lookup(tb, p.id)
	if p.state.finished() {
		if known { // else it had ended before
			b.remove(i)
			l.endedLately(p.state, b.elapsed())
		}
		l.ended(&p)
		b.tell(p.id)
		return
	}
	at := b.elapsed() + int64(p.span) // of a lease: never earlier than what the worker was told
	if known {
		if e := b.entries.at(i); e.state == Running && p.state == Running && e.time == p.time && e.pos >= 0 {
			at = b.leases.list[e.pos].at
		}
		b.move(i, l, &p)
	} else {
		i = b.add(l, &p)
	}
	b.enter(i, at)
	b.announce(i)
	b.tell(p.id)
}

// add makes the entry of a job, which is in no heap yet.
func (b *board) add(l *line, p *place) uint32 {
	i := b.entries.take()
	b.entries.at(i).stand(p, b.join(l, p.group))
	b.list(i)
	if bytes.Compare(p.id[:], b.newest[:]) > 0 {
		b.newest = p.id
	}
	if p.move == 1 { // else it runs again
		l.recent.add(enqueuedLately, b.elapsed())
	}
	return i
}

// move takes an entry out of its heap and makes it stand elsewhere.
func (b *board) move(i uint32, l *line, p *place) {
	e := b.entries.at(i)
	b.leave(i)
	if p.state == Running && e.state != Running {
		l.recent.add(startedLately, b.elapsed())
	}
	if p.state != Running {
		delete(b.said, i)
	}
	e.stand(p, e.group)
}

// drop removes a place, unless the job stands elsewhere by now.
func (b *board) drop(tb *tenantBoard, key []byte) {
	name, p, ok := splitPlace(key)
	if !ok {
		return
	}
	if p.state.finished() {
		l := b.line(tb, string(name))
		l.count[p.state]--
		tellAll(l.watched)
		return
	}
	if i, known := b.lookup(tb, p.id); known {
		if e := b.entries.at(i); e.move == p.move && e.time == p.time {
			b.remove(i)
		}
	}
}

// remove forgets a job.
func (b *board) remove(i uint32) {
	e := b.entries.at(i)
	g := b.groups[e.group]
	b.leave(i)
	delete(b.said, i)
	b.unlist(i)
	b.part(e.group)
	b.entries.give(i)
	g.line.wake()
}

func signalIf(condition bool, c chan struct{}) {
	if !condition {
		return
	}
	select {
	case c <- struct{}{}:
	default:
	}
}

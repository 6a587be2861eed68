package scheduler

import (
	"bytes"
	"sync"
	"time"

	"quintet/engine"
)

// board is what stands in memory: one entry per unfinished job, one line per
// queue, one alarm per schedule. It is derived from the keys of the index and
// from the cursors, by rebuild at the start and by apply after every commit;
// between them callers only hold entries back and put them again.
//
// One lock guards all of it. The committer takes it, so nobody keeps it for
// longer than a slice of jobs, and nothing is called under it.
type board struct {
	began time.Time // zero of the time that leases are measured in

	mu      sync.Mutex
	tenants map[engine.UID]*tenantBoard
	due     heap[*entry] // scheduled and retrying, by wall clock
	leases  heap[*entry] // running, by the scheduler's own clock
	ticks   heap[*alarm] // schedules, by wall clock

	dueSoon, leaseSoon, tickSoon chan struct{} // the heap's top came nearer
}

// tenantBoard is one tenant's part. Jobs of different tenants never meet.
type tenantBoard struct {
	tenant engine.Tenant
	lines  map[string]*line
	jobs   map[engine.ID]*entry
	alarms map[string]*alarm
}

// entry is an unfinished job: 56 bytes and never a payload.
type entry struct {
	id       engine.ID
	line     *line
	time     int64 // of its place
	at       int64 // ms by which its heap is ordered
	move     uint32
	pos      int32
	state    State
	priority uint8
	held     bool // an update is under way that moves it: it stands in no heap
}

func newBoard() *board {
	b := &board{
		began: time.Now(), dueSoon: make(chan struct{}, 1), leaseSoon: make(chan struct{}, 1), tickSoon: make(chan struct{}, 1),
	}
	b.clear()
	return b
}

func (b *board) clear() {
	b.tenants = map[engine.UID]*tenantBoard{}
	b.due, b.leases = newEntryHeap(byTime), newEntryHeap(byTime)
	b.ticks = heap[*alarm]{less: func(a, b *alarm) bool { return a.next < b.next }, slot: func(a *alarm) *int32 { return &a.pos }}
}

func newEntryHeap(less func(a, b *entry) bool) heap[*entry] {
	return heap[*entry]{less: less, slot: func(e *entry) *int32 { return &e.pos }}
}

func byTime(a, b *entry) bool { return a.at < b.at }

// byAge orders what is ready in one priority: due time, then id.
func byAge(a, b *entry) bool {
	if a.time != b.time {
		return a.time < b.time
	}
	return bytes.Compare(a.id[:], b.id[:]) < 0
}

// elapsed is the clock of leases, in milliseconds. It does not jump.
func (b *board) elapsed() int64 { return time.Since(b.began).Milliseconds() }

// rebuild derives the board anew. Whoever waits at a line goes on waiting.
func (b *board) rebuild(v *engine.View, tenants []engine.Tenant) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.tenants
	b.clear()
	for _, t := range tenants {
		of, tb := v.Of(t), b.of(t)
		for key := range of.Keys(bucketIndex, nil, nil) {
			b.put(tb, key)
		}
		for key := range of.Keys(bucketQueues, nil, nil) {
			b.line(tb, string(key)).known = true
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
		}
	}
	return nil
}

// apply follows one commit. Of a job that moved, the new place comes first and
// the old one then finds it gone: so its entry stays the same, and the end of
// a lease that was not renewed stays where it was.
func (b *board) apply(c engine.Commit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range c.Writes {
		switch {
		case w.Bucket == bucketIndex && !w.Deleted:
			b.put(b.of(w.Tenant), w.Key())
		case w.Bucket == bucketQueues:
			b.line(b.of(w.Tenant), string(w.Key())).known = !w.Deleted
		case w.Bucket == bucketCursors:
			b.setAlarm(b.of(w.Tenant), string(w.Key()), w.Value)
		}
	}
	for _, w := range c.Writes {
		if w.Bucket == bucketIndex && w.Deleted {
			b.drop(b.of(w.Tenant), w.Key())
		}
	}
}

func (b *board) of(t engine.Tenant) *tenantBoard {
	tb := b.tenants[t.UID()]
	if tb == nil {
		tb = &tenantBoard{tenant: t, lines: map[string]*line{}, jobs: map[engine.ID]*entry{}, alarms: map[string]*alarm{}}
		b.tenants[t.UID()] = tb
	}
	return tb
}

// put enters a place.
func (b *board) put(tb *tenantBoard, key []byte) {
	name, p, ok := splitPlace(key)
	if !ok || p.priority > maxPriority {
		return // the check reports it
	}
	l := tb.lines[string(name)]
	if l == nil {
		l = b.line(tb, string(name))
	}
	e := tb.jobs[p.id]
	if e != nil {
		b.leave(e)
	}
	l.count[p.state]++
	if p.state.finished() {
		delete(tb.jobs, p.id)
		return
	}
	if e == nil {
		e = &entry{id: p.id, pos: -1}
		tb.jobs[p.id] = e
	}
	at := p.time
	if p.state == Running {
		at = b.elapsed() + int64(p.lease) // never earlier than what the worker was told
		if e.state == Running && e.time == p.time {
			at = e.at
		}
	}
	e.line, e.time, e.at, e.move, e.state, e.priority, e.held = l, p.time, at, p.move, p.state, p.priority, false
	b.enter(e)
}

// drop removes a place, unless the job stands elsewhere by now.
func (b *board) drop(tb *tenantBoard, key []byte) {
	name, p, ok := splitPlace(key)
	if !ok || p.priority > maxPriority {
		return
	}
	if p.state.finished() {
		b.line(tb, string(name)).count[p.state]--
		return
	}
	if e := tb.jobs[p.id]; e != nil && e.move == p.move && e.time == p.time {
		b.leave(e)
		delete(tb.jobs, p.id)
	}
}

// enter puts an entry into the heap of its state and tells who waits for it.
func (b *board) enter(e *entry) {
	switch {
	case e.state == Ready:
		e.line.ready[e.priority].push(e)
		e.line.wake()
	case e.state == Running:
		b.leases.push(e)
		signalIf(b.leases.top() == e, b.leaseSoon)
	default:
		b.due.push(e)
		signalIf(b.due.top() == e, b.dueSoon)
	}
}

// leave takes an entry out of its heap and its count.
func (b *board) leave(e *entry) {
	e.line.count[e.state]--
	if e.pos < 0 {
		return
	}
	b.heapOf(e).remove(e)
}

func (b *board) heapOf(e *entry) *heap[*entry] {
	switch e.state {
	case Ready:
		return &e.line.ready[e.priority]
	case Running:
		return &b.leases
	}
	return &b.due
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

package search

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// progress is a number that rises, and whoever waits for it.
type progress struct {
	mu      sync.Mutex
	value   uint64
	moved   chan struct{} // closed at the next move
	waiters int
}

// set moves the number and wakes the waiters. A lower one changes nothing.
func (p *progress) set(value uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if value <= p.value {
		return
	}
	p.value = value
	if p.waiters > 0 {
		close(p.moved)
		p.moved, p.waiters = nil, 0
	}
}

// now returns the number.
func (p *progress) now() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.value
}

// wait returns once the number is at least value, or with ctx's error.
func (p *progress) wait(ctx context.Context, value uint64) error {
	for {
		p.mu.Lock()
		if p.value >= value {
			p.mu.Unlock()
			return nil
		}
		if p.moved == nil {
			p.moved = make(chan struct{})
		}
		p.waiters++
		moved := p.moved
		p.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// change is what one commit does to one collection.
type change struct {
	seq    uint64
	schema *schema
	puts   []put
	drops  []version
}

// put is a document as it is stored: its value, and the vectors of its further
// passages where it has any. What was read of it before need not be read again.
type put struct {
	version  version
	value    []byte
	passages []byte
	reading  *reading // may be nil
}

// index keeps the parts of a collection in step with the commits. The committer
// hands changes in and waits for nothing; a goroutine that lives while there
// are some takes them up, each as a whole: a search sees all of a commit or
// nothing. When the part that grows is large enough it is frozen, and another
// goroutine seals it.
//
// Lock order: queue, then segment; neither is held while rows are made.
type index struct {
	flushRows int
	frozen    chan<- struct{} // told when a part is frozen

	queue   sync.Mutex // guards what follows
	changes []change
	running bool
	failed  error
	moved   chan struct{} // closed when a change was taken up; nil = nobody waits

	pins     []*pin        // of searches under way
	released chan struct{} // closed when one of them gives way; nil = nobody waits

	segment   sync.RWMutex // guards what follows
	parts     []*part      // that do not grow any more
	current   *part
	applied   uint64        // the newest commit that changed it
	began     time.Time     // of the current part's first row
	written   time.Time     // of the newest change
	merged    time.Time     // when all parts became one
	mergeTook time.Duration // and how long that took
	thawed    chan struct{} // closed when a part was sealed
	resume    time.Time     // nothing is rewritten before, as that failed
	pause     time.Duration // how long that was then

	weight atomic.Int64 // bytes that it took when somebody looked
}

func newIndex(s *schema, seq uint64, flushRows int, frozen chan<- struct{}) *index {
	return &index{flushRows: flushRows, frozen: frozen, current: newPart(s), applied: seq, thawed: make(chan struct{})}
}

// follow hands a change in.
func (x *index) follow(c change, broken func(error)) {
	x.queue.Lock()
	defer x.queue.Unlock()
	if x.failed != nil {
		return
	}
	x.changes = append(x.changes, c)
	if !x.running {
		x.running = true
		go x.run(broken)
	}
}

// run takes changes up until there are none.
func (x *index) run(broken func(error)) {
	for {
		x.queue.Lock()
		if len(x.changes) == 0 {
			x.running, x.changes = false, nil
			x.queue.Unlock()
			return
		}
		c := x.changes[0]
		wait := x.pinned(c.seq)
		x.queue.Unlock()
		if wait != nil {
			<-wait
			continue
		}
		err := safely("indexing", func() error { return x.apply(c) })
		if err != nil {
			broken(err) // before anybody who waits hears of it
		}
		x.queue.Lock()
		x.changes = x.changes[1:]
		if err != nil {
			x.failed, x.changes, x.running = err, nil, false
		}
		if x.moved != nil {
			close(x.moved)
			x.moved = nil
		}
		x.queue.Unlock()
		if err != nil {
			return
		}
	}
}

// apply makes the rows of a change and then, in one step, shows them.
func (x *index) apply(c change) (err error) {
	rows := make([]*row, len(c.puts))
	for i, p := range c.puts {
		if rows[i], err = c.schema.newRow(p); err != nil {
			return err
		}
	}
	if wait := x.show(c, rows); wait != nil {
		pause := time.NewTimer(maxThaw)
		defer pause.Stop()
		select {
		case <-wait:
		case <-pause.C:
		}
	}
	return nil
}

const (
	maxFrozen = 12          // parts that wait to be sealed before writers wait for that
	maxThaw   = time.Second // how long a change waits
)

// show makes a change visible. It returns what to wait for where parts are
// frozen faster than they are sealed, else nil.
func (x *index) show(c change, rows []*row) (wait <-chan struct{}) {
	x.segment.Lock()
	defer x.segment.Unlock()
	if len(c.schema.fields) > len(x.current.schema.fields) {
		x.current.grow(c.schema)
	}
	x.written = time.Now()
	if x.current.rows() == 0 {
		x.began = x.written
	}
	for _, r := range rows {
		if !slices.ContainsFunc(x.parts, func(g *part) bool { return g.has(r.version) }) {
			x.current.add(r)
		}
	}
	for _, v := range c.drops {
		x.remove(v)
	}
	x.applied = c.seq
	if x.current.rows() < x.flushRows {
		return nil
	}
	x.freeze()
	waiting := 0
	for _, g := range x.parts {
		if g.record == nil {
			waiting++
		}
	}
	if waiting > maxFrozen {
		return x.thawed
	}
	return nil
}

// remove marks a version dead wherever it is.
func (x *index) remove(v version) {
	if x.current.remove(v) {
		return
	}
	for _, g := range x.parts {
		if g.remove(v) {
			return
		}
	}
}

// freeze lets a new part grow.
func (x *index) freeze() {
	x.current.frozen = time.Now()
	x.parts = append(x.parts, x.current)
	x.current = newPart(x.current.schema)
	select {
	case x.frozen <- struct{}{}:
	default: // they are told already
	}
}

// wait returns once every change up to seq is taken up.
func (x *index) wait(ctx context.Context, seq uint64) error {
	for {
		x.queue.Lock()
		if x.failed != nil {
			x.queue.Unlock()
			return errBroken
		}
		if len(x.changes) == 0 || x.changes[0].seq > seq {
			x.queue.Unlock()
			return nil
		}
		if x.moved == nil {
			x.moved = make(chan struct{})
		}
		moved := x.moved
		x.queue.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// read runs f over the parts while nothing changes them. It returns false
// where they have changes from after the commit seq.
func (x *index) read(seq uint64, f func([]*part)) bool {
	x.segment.RLock()
	defer x.segment.RUnlock()
	if x.applied > seq {
		return false
	}
	f(x.all())
	return true
}

// all returns every part, the one that grows last.
func (x *index) all() []*part { return append(x.parts[:len(x.parts):len(x.parts)], x.current) }

// documents counts those that a search may find.
func (x *index) documents() (n int) {
	x.segment.RLock()
	defer x.segment.RUnlock()
	for _, g := range x.parts {
		n += g.count
	}
	return n + x.current.count
}

// atRest reports whether all that the index has is in segments, and nothing is
// on its way.
func (x *index) atRest() bool {
	x.queue.Lock()
	defer x.queue.Unlock()
	if x.running || len(x.changes) > 0 || len(x.pins) > 0 {
		return false
	}
	x.segment.RLock()
	defer x.segment.RUnlock()
	return x.current.rows() == 0 && !slices.ContainsFunc(x.parts, func(g *part) bool { return g.record == nil })
}

// memory is about what the index takes. Who makes room for other collections
// does not wait for this one: while a change waits for a search that takes long,
// it is what it was before.
func (x *index) memory() int64 {
	if x.segment.TryRLock() {
		defer x.segment.RUnlock()
		n := int64(0)
		for _, g := range x.all() {
			n += g.size()
		}
		x.weight.Store(n)
	}
	return x.weight.Load()
}

// stat is what a collection tells of its index.
type stat struct {
	loaded    bool
	documents int
	vectors   int // documents that have one
	segments  int
	bytes     int64
	memory    int64
}

func (x *index) stat() (st stat) {
	x.segment.RLock()
	defer x.segment.RUnlock()
	st.loaded = true
	for _, g := range x.all() {
		st.documents, st.vectors = st.documents+g.count, st.vectors+g.seen
		st.bytes, st.memory = st.bytes+g.bytes, st.memory+g.size()
		if g.rows() > 0 {
			st.segments++
		}
	}
	return st
}

package search

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
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

type put struct {
	version version
	value   []byte
}

// index keeps a segment in step with the commits. The committer hands changes
// in and waits for nothing; a goroutine that lives while there are some takes
// them up, each as a whole: a search sees all of a commit or nothing.
//
// Lock order: queue, then segment; neither is held while rows are made.
type index struct {
	queue   sync.Mutex // guards what follows
	changes []change
	running bool
	failed  error
	moved   chan struct{} // closed when a change was taken up; nil = nobody waits

	segment sync.RWMutex // guards what follows
	current *segment
	applied uint64 // the newest commit that changed it
}

func newIndex(s *schema, seq uint64) *index {
	return &index{current: newSegment(s), applied: seq}
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
		x.queue.Unlock()
		err := x.apply(c)
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
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("indexing panicked: %v\n%s", p, debug.Stack())
		}
	}()
	rows := make([]*row, len(c.puts))
	for i, p := range c.puts {
		if rows[i], err = c.schema.newRow(p.version, p.value); err != nil {
			return err
		}
	}
	x.show(c, rows)
	if x.current.wantsCompaction() { // only this goroutine changes it
		compacted := x.current.compact()
		x.segment.Lock()
		x.current = compacted
		x.segment.Unlock()
	}
	return nil
}

func (x *index) show(c change, rows []*row) {
	x.segment.Lock()
	defer x.segment.Unlock()
	if len(c.schema.fields) > len(x.current.schema.fields) {
		x.current.grow(c.schema)
	}
	for _, r := range rows {
		x.current.add(r)
	}
	for _, v := range c.drops {
		x.current.remove(v)
	}
	x.applied = c.seq
}

// wait returns once every change up to seq is taken up.
func (x *index) wait(ctx context.Context, seq uint64) error {
	for {
		x.queue.Lock()
		if x.failed != nil {
			x.queue.Unlock()
			return errBroken.With(x.failed)
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

// read runs f over the segment while nothing changes it. It returns false
// where the segment has changes from after the commit seq.
func (x *index) read(seq uint64, f func(*segment)) bool {
	x.segment.RLock()
	defer x.segment.RUnlock()
	if x.applied > seq {
		return false
	}
	f(x.current)
	return true
}

// documents counts those that a search may find.
func (x *index) documents() int {
	x.segment.RLock()
	defer x.segment.RUnlock()
	return x.current.count
}

// stat is what a collection tells of its index.
type stat struct {
	documents int
	vectors   int
	bytes     int64
	memory    int64
}

func (x *index) stat() stat {
	x.segment.RLock()
	defer x.segment.RUnlock()
	g := x.current
	return stat{g.count, g.vectors, g.bytes, g.memory()}
}

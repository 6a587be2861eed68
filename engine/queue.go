package engine

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Limits of the queue in front of the committer. One tenant may use half.
const (
	maxQueued      = 10_000
	maxQueuedBytes = 64 << 20
	updateBytes    = 1 << 10 // what an update without Weight counts for
)

// States of a request. Queued and taken may alternate: a full group puts the
// rest of its requests back.
const (
	requestQueued uint32 = iota
	requestTaken
	requestCancelled
	requestDone
)

// request is one Update on its way to the committer.
type request struct {
	tenant  Tenant
	fn      func(*Tx) error
	bulk    bool // may change more than smallKeys keys
	reclaim bool // runs although the disk is full
	weight  int  // bytes that fn holds

	state atomic.Uint32
	err   error         // set before state becomes done
	wait  chan struct{} // closed when the group that should contain the request ends; guarded by queue.mu
}

// UpdateOption says what kind of update this is.
type UpdateOption func(*request)

// Reclaim marks an update that frees space or finishes work, such as a delete
// or the completion of a job: it also runs while the disk is full.
func Reclaim(r *request) { r.reclaim = true }

// Bulk marks an update of more than 64 and at most 1,000 keys (250 where keys
// are random). While others wait, every second group takes one of them, the
// tenants in turn.
func Bulk(r *request) { r.bulk = true }

// Weight tells how many bytes the update holds while it waits.
func Weight(bytes int) UpdateOption { return func(r *request) { r.weight = bytes } }

// queue holds what waits for the next group. Every small update that joins
// while one group runs waits on the same channel, which the next group closes;
// a bulk update waits on one of its own.
type queue struct {
	mu         sync.Mutex
	nonEmpty   sync.Cond
	small      []*request
	bulk       map[*tenant][]*request
	turn       []*tenant     // tenants with bulk updates, next first
	generation chan struct{} // what joins now waits for this
	current    chan struct{} // of the group that runs, nil between groups
	waiting    int
	bytes      int
	usage      map[*tenant]usage
	hadBulk    bool // the group before took a bulk update
	last       int  // small updates that the last group had
	closed     bool
}

type usage struct{ count, bytes int }

func newQueue() *queue {
	q := &queue{bulk: map[*tenant][]*request{}, usage: map[*tenant]usage{}, generation: make(chan struct{})}
	q.nonEmpty.L = &q.mu
	return q
}

// join appends r, or refuses it with ErrBusy or ErrClosed.
func (q *queue) join(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	u := q.usage[r.tenant.t]
	switch {
	case q.closed:
		return ErrClosed
	case q.waiting >= maxQueued || q.bytes+r.weight > maxQueuedBytes,
		u.count >= maxQueued/2 || u.bytes+r.weight > maxQueuedBytes/2:
		return ErrBusy
	}
	q.waiting++
	q.bytes += r.weight
	q.usage[r.tenant.t] = usage{u.count + 1, u.bytes + r.weight}
	r.wait = q.generation
	if r.bulk {
		r.wait = make(chan struct{}) // it may wait for many groups
		if len(q.bulk[r.tenant.t]) == 0 {
			q.turn = append(q.turn, r.tenant.t)
		}
		q.bulk[r.tenant.t] = append(q.bulk[r.tenant.t], r)
	} else {
		q.small = append(q.small, r)
	}
	q.nonEmpty.Signal()
	return nil
}

// await returns the outcome of r. A ctx that ends while r is queued takes it
// out; once a group has taken r, the outcome is waited for.
func (q *queue) await(ctx context.Context, r *request) error {
	for r.state.Load() != requestDone {
		q.mu.Lock()
		wait := r.wait
		q.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			if r.state.CompareAndSwap(requestQueued, requestCancelled) {
				return context.Cause(ctx)
			}
			<-wait
		}
	}
	return r.err
}

// gather gives the callers of the last group, who were just woken, the time to
// come back with their next update: as many as there were, or until patience
// ends. Without it the first of them makes a group of one, the others wait for
// two more syncs, and callers that take turns never share a group.
func (q *queue) gather() {
	runtime.Gosched()
	for n := 0; n < patience && q.fewer(); n++ {
		runtime.Gosched()
	}
}

// patience is how often others may run first. Where nobody else has anything
// to do, that is some 20 µs: less than a tenth of two syncs of a fast disk.
const patience = 100

// fewCallers is up to how many it is worth it. Many fill a group anyway, and
// the disk stands still while they are waited for.
const fewCallers = 16

// fewer reports whether fewer updates wait than the last group had.
func (q *queue) fewer() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.closed && q.last <= fewCallers && len(q.small) < q.last
}

// take blocks for the next group: every small request, and one bulk one in
// every second group, or whenever no small one waits. So what joins while a
// bulk update is written waits for the rest of that one and for no other. It
// returns nil when the queue is closed and empty.
func (q *queue) take(spare []*request) []*request {
	q.gather()
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.waiting == 0 && !q.closed {
		q.nonEmpty.Wait()
	}
	if q.waiting == 0 {
		return nil
	}
	taken := q.small
	q.last = len(taken)
	q.small = spare[:0]
	q.hadBulk = len(q.turn) > 0 && (len(taken) == 0 || !q.hadBulk)
	if q.hadBulk { // it runs first: a full group would put the last one back, time and again
		taken = append(taken, q.nextBulk())
		last := len(taken) - 1
		taken[0], taken[last] = taken[last], taken[0]
	}
	q.current, q.generation = q.generation, make(chan struct{})
	return taken
}

func (q *queue) nextBulk() *request {
	t := q.turn[0]
	r := q.bulk[t][0]
	q.turn = q.turn[1:]
	if rest := q.bulk[t][1:]; len(rest) > 0 {
		q.bulk[t] = rest
		q.turn = append(q.turn, t)
	} else {
		delete(q.bulk, t)
	}
	return r
}

// moreBulk takes another bulk request for a group that has one and has room,
// unless small ones wait.
func (q *queue) moreBulk() *request {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.hadBulk || len(q.turn) == 0 || len(q.small) > 0 {
		return nil
	}
	return q.nextBulk()
}

// putBack returns what a full group did not run to the front of the queue.
func (q *queue) putBack(rest []*request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var small []*request
	for _, r := range rest {
		if !r.bulk {
			r.wait = q.generation
			small = append(small, r)
			continue
		}
		t := r.tenant.t
		if len(q.bulk[t]) == 0 {
			q.turn = append([]*tenant{t}, q.turn...)
		}
		q.bulk[t] = append([]*request{r}, q.bulk[t]...)
	}
	q.small = append(small, q.small...)
}

// finish tells the callers of the group that its outcome stands.
func (q *queue) finish(done []*request) {
	q.mu.Lock()
	for _, r := range done {
		q.waiting--
		q.bytes -= r.weight
		u := q.usage[r.tenant.t]
		if u.count--; u.count == 0 {
			delete(q.usage, r.tenant.t)
		} else {
			q.usage[r.tenant.t] = usage{u.count, u.bytes - r.weight}
		}
		r.state.CompareAndSwap(requestTaken, requestDone)
		if r.bulk {
			close(r.wait)
		}
	}
	current := q.current
	q.current = nil
	q.mu.Unlock()
	close(current)
}

// running returns the channel of the group that runs, nil between groups.
func (q *queue) running() chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.current
}

// depth returns how many updates wait.
func (q *queue) depth() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

// close refuses what comes from now on; what waits is still run.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.nonEmpty.Signal()
}

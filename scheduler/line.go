package scheduler

import (
	"slices"
	"time"

	"quintet/engine"
)

// line is a queue as the board knows it: its jobs in the order in which they
// are leased, how many there are in each state, and who waits for one. It also
// stands for a name that nobody has used yet while somebody polls it.
type line struct {
	board   *board
	tenant  engine.Tenant
	name    string
	known   bool // a job was enqueued once, or it was defined
	limits  limits
	groups  map[uint64]uint32 // hash of a key → number
	rings   [maxPriority + 1]ring
	spent   heap[*group] // those that stand aside because of their rate
	bucket  bucket
	running int // leased, or about to be
	count   [states]int
	waiters []*waiter // longest waiting first
	watched []*watcher
	recent  rates
	purgeAt int64 // ms: no finished job may be purged before; 0: none is known
}

// limits is what a queue's definition says about leasing; see queueRecord.
type limits struct {
	concurrency int // 0 = no limit
	perKey      int // 0 = no limit
	strict      bool
	rate        rate
	paused      bool
	draining    bool
	note        string // of whoever paused or drained it
	defaults    JobSpec
}

// waiter is one poll. Its channel holds at most one signal.
type waiter struct{ signal chan struct{} }

// bySpent orders groups by when their rate lets them take part again.
var bySpent = order[*group]{
	less: func(a, b *group) bool { return a.again < b.again },
	slot: func(g *group) *int32 { return &g.slot },
}

// line finds or makes a line. Call it under the lock.
func (b *board) line(tb *tenantBoard, name string) *line {
	l := tb.lines[name]
	if l == nil {
		l = &line{board: b, tenant: tb.tenant, name: name, groups: map[uint64]uint32{}, spent: heap[*group]{by: &bySpent}}
		tb.lines[name] = l
	}
	return l
}

// lineOf finds a tenant's line, nil if there is none. Call it under the lock.
func (b *board) lineOf(t engine.Tenant, queue string) *line {
	if tb := b.tenants[t.UID()]; tb != nil {
		return tb.lines[queue]
	}
	return nil
}

// next chooses the job that is leased next: of the highest priority that has
// one that may run, the keys taking turns. Where a rate is used up it tells when
// that will have changed, else 0.
func (l *line) next(now time.Duration) (entry uint32, when time.Duration, ok bool) {
	if l.limits.paused || l.full() {
		return 0, 0, false
	}
	l.refill(now)
	for {
		g := l.first()
		if g == nil {
			return 0, l.again(), false
		}
		if r := l.limits.rate; r.limit > 0 {
			if when, ok = l.pay(g, r, now); !ok && !r.byKey {
				return 0, when, false
			}
			if !ok {
				continue // another key may run
			}
		}
		entry = g.ready.top()
		l.unlink(g) // and hold puts it at the end
		return entry, 0, true
	}
}

// full reports whether as many jobs run as may.
func (l *line) full() bool { return l.limits.concurrency > 0 && l.running >= l.limits.concurrency }

// first returns the group whose turn it is, nil if none has a job that may run.
func (l *line) first() *group {
	for i := maxPriority; i >= 0; i-- {
		if g := l.rings[i].first; g != nil {
			return g
		}
	}
	return nil
}

// pay takes a token from the queue's bucket, or from that of the group's key;
// a group whose bucket is empty stands aside until it is not.
func (l *line) pay(g *group, r rate, now time.Duration) (when time.Duration, ok bool) {
	if !r.byKey {
		return l.bucket.take(r, now)
	}
	if g.hash == 0 {
		return 0, true
	}
	if when, ok = g.bucket.take(r, now); !ok {
		l.setAside(g, when)
	}
	return when, ok
}

// setAside keeps a group from taking part for some time.
func (l *line) setAside(g *group, until time.Duration) {
	g.again = until
	l.spent.push(g)
	l.settle(g)
}

// refill lets groups take part again whose time has come, and forgets those
// that have no jobs any more.
func (l *line) refill(now time.Duration) {
	for l.spent.len() > 0 && l.spent.top().again <= now {
		g := l.spent.pop()
		switch {
		case g.jobs > 0:
			l.settle(g)
		case g.bucket.full(now):
			l.board.forgetGroup(g, l.groups[g.hash])
		default:
			l.setAside(g, g.bucket.refilled)
		}
	}
}

// again is when the next group may take part again, 0 if none stands aside.
func (l *line) again() time.Duration {
	if l.spent.len() == 0 {
		return 0
	}
	return l.spent.top().again
}

// wake tells who watches the queue, and one of its waiters.
func (l *line) wake() {
	tellAll(l.watched)
	l.call()
}

// call signals one waiter if a job may run: one job is for one of them. The
// signal is a hint; a poll looks again each second.
func (l *line) call() {
	if l.limits.paused || l.full() || l.first() == nil {
		return
	}
	for len(l.waiters) > 0 {
		w := l.waiters[0]
		l.waiters = slices.Delete(l.waiters, 0, 1)
		if len(w.signal) == 0 { // else another of its queues was faster
			w.signal <- struct{}{}
			return
		}
	}
}

// ended counts a job that has ended.
func (l *line) ended(p *place) {
	l.count[p.state]++
	tellAll(l.watched)
	l.overdueAt(p.kept())
	signalIf(l.finished() > l.board.most+l.board.most/50, l.board.purgeSoon)
}

// endedLately counts among the rates a job that has ended.
func (l *line) endedLately(state State, now int64) {
	switch state {
	case Done:
		l.recent.add(doneLately, now)
	case Dead:
		l.recent.add(deadLately, now)
	}
}

// overdueAt notes that a job is to be removed at a time, 0 for none.
func (l *line) overdueAt(kept int64) {
	if kept != 0 && (l.purgeAt == 0 || kept < l.purgeAt) {
		l.purgeAt = kept
	}
}

// await makes w wait for a job of each queue, before the caller looks for one.
func (b *board) await(t engine.Tenant, queues []string, w *waiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(w.signal) > 0 {
		return
	}
	for _, queue := range queues {
		if l := b.line(b.of(t), queue); !slices.Contains(l.waiters, w) {
			l.waiters = append(l.waiters, w)
		}
	}
}

// forget ends the wait of w. A signal that it did not use goes to the next; of
// several queues it may have come for a job of another than the one it took. A
// name that nobody uses is forgotten.
func (b *board) forget(t engine.Tenant, queues []string, w *waiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tb := b.of(t)
	for _, queue := range queues {
		l := tb.lines[queue]
		if l == nil {
			continue
		}
		if i := slices.Index(l.waiters, w); i >= 0 {
			l.waiters = slices.Delete(l.waiters, i, i+1)
		}
		if len(w.signal) > 0 || len(queues) > 1 {
			l.call()
		}
		b.forgetLine(tb, l)
	}
}

// forgetLine forgets a queue that is not there and that nobody waits for.
func (b *board) forgetLine(tb *tenantBoard, l *line) {
	if len(l.waiters) == 0 && len(l.watched) == 0 && !l.known && l.count == [states]int{} && l.running == 0 {
		delete(tb.lines, l.name)
	}
}

package scheduler

import (
	"cmp"
	"slices"

	"quintet/engine"
)

// line is a queue as the board knows it: its jobs in the order in which they
// are leased, how many there are in each state, and who waits for one. It also
// stands for a name that nobody has used yet while somebody polls it.
type line struct {
	tenant  engine.Tenant
	name    string
	known   bool // a job was enqueued once
	ready   [maxPriority + 1]heap[*entry]
	count   [states]int
	waiters []*waiter // longest waiting first
}

// waiter is one poll of a queue. Its channel holds at most one signal.
type waiter struct{ signal chan struct{} }

// line finds or makes a line. Call it under the lock.
func (b *board) line(tb *tenantBoard, name string) *line {
	l := tb.lines[name]
	if l == nil {
		l = &line{tenant: tb.tenant, name: name}
		for i := range l.ready {
			l.ready[i] = newEntryHeap(byAge)
		}
		tb.lines[name] = l
	}
	return l
}

// head returns the jobs of the highest priority that has any, nil if none has.
func (l *line) head() *heap[*entry] {
	for i := maxPriority; i >= 0; i-- {
		if l.ready[i].len() > 0 {
			return &l.ready[i]
		}
	}
	return nil
}

// wake signals one waiter: one job is for one of them. The signal is a hint;
// a poll looks again each second.
func (l *line) wake() {
	if len(l.waiters) == 0 {
		return
	}
	w := l.waiters[0]
	l.waiters = slices.Delete(l.waiters, 0, 1)
	w.signal <- struct{}{}
}

// await makes w wait for a job, before the caller looks for one.
func (b *board) await(t engine.Tenant, queue string, w *waiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.line(b.of(t), queue)
	if !slices.Contains(l.waiters, w) && len(w.signal) == 0 {
		l.waiters = append(l.waiters, w)
	}
}

// forget ends the wait of w. A signal that it did not use goes to the next,
// and a name that nobody uses is forgotten.
func (b *board) forget(t engine.Tenant, queue string, w *waiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tb := b.of(t)
	l := tb.lines[queue]
	if l == nil {
		return
	}
	if i := slices.Index(l.waiters, w); i >= 0 {
		l.waiters = slices.Delete(l.waiters, i, i+1)
	}
	if len(w.signal) > 0 && l.head() != nil {
		l.wake()
	}
	if len(l.waiters) == 0 && !l.known && l.count == [states]int{} {
		delete(tb.lines, queue)
	}
}

// knows reports whether a queue has been made.
func (b *board) knows(t engine.Tenant, queue string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	tb := b.tenants[t.UID()]
	return tb != nil && tb.lines[queue] != nil && tb.lines[queue].known
}

// queueCounts is how many jobs of a queue stand in each state, and since when
// the one that waited longest is ready, in ms; 0 if none is.
type queueCounts struct {
	name   string
	count  [states]int
	oldest int64
}

// queues lists a tenant's queues by name.
func (b *board) queues(t engine.Tenant) []queueCounts {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []queueCounts
	if tb := b.tenants[t.UID()]; tb != nil {
		for name, l := range tb.lines {
			if l.known {
				list = append(list, queueCounts{name, l.count, l.oldest()})
			}
		}
	}
	slices.SortFunc(list, func(a, b queueCounts) int { return cmp.Compare(a.name, b.name) })
	return list
}

// oldest tells since when the job that has waited longest is ready, 0 for none.
func (l *line) oldest() (at int64) {
	for i := range l.ready {
		if l.ready[i].len() > 0 && (at == 0 || l.ready[i].top().time < at) {
			at = l.ready[i].top().time
		}
	}
	return at
}

// totals sums over all tenants and queues.
func (b *board) totals() (count [states]int, oldest int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, tb := range b.tenants {
		for _, l := range tb.lines {
			for state, n := range l.count {
				count[state] += n
			}
			if at := l.oldest(); at != 0 && (oldest == 0 || at < oldest) {
				oldest = at
			}
		}
	}
	return count, oldest
}

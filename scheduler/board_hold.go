package scheduler

import (
	"time"

	"quintet/engine"
)

// held is a job that an update is about to move. Nobody else takes it
// meanwhile; the commit moves it, or giveBack returns it to where it was. The
// closure moves it only if the store still has it in this place.
type held struct {
	tenant engine.Tenant
	id     engine.ID
	move   uint32
	time   int64
	entry  *entry // the board's own: not to be read without its lock
}

// finds reports whether a job is where it was when it was held.
func (h held) finds(j *job) bool { return j.moves == h.move && j.time == h.time }

// hold takes the top of a heap that is not empty. Call it under the lock.
func hold(h *heap[*entry]) held {
	e := h.pop()
	e.held = true
	return held{e.line.tenant, e.id, e.move, e.time, e}
}

// holdReady takes up to n jobs off the head of a queue.
func (b *board) holdReady(t engine.Tenant, queue string, n int) (list []held) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tb := b.tenants[t.UID()]
	if tb == nil || tb.lines[queue] == nil {
		return nil
	}
	for head := tb.lines[queue].head(); head != nil && len(list) < n; head = tb.lines[queue].head() {
		list = append(list, hold(head))
	}
	return list
}

// holdPassed takes up to n jobs whose time is not after now, and tells how
// long the next one has. The heap is the board's due or leases.
func (b *board) holdPassed(h *heap[*entry], now, n int64) (list []held, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for h.len() > 0 && h.top().at <= now && int64(len(list)) < n {
		list = append(list, hold(h))
	}
	if h.len() == 0 {
		return list, maxSleep
	}
	return list, sleep(h.top().at - now)
}

// sleep bounds a wait of some milliseconds.
func sleep(ms int64) time.Duration {
	return time.Duration(min(maxSleep.Milliseconds(), max(0, ms))) * time.Millisecond
}

// giveBack returns what no commit has moved.
func (b *board) giveBack(list []held) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range list {
		tb, e := b.tenants[h.tenant.UID()], h.entry
		if tb != nil && tb.jobs[h.id] == e && e.held && e.move == h.move && e.time == h.time {
			e.held = false
			b.reenter(e)
		}
	}
}

// reenter puts an entry back without telling the loop that gave it back: what
// could not be moved now is tried again within a second, not at once.
func (b *board) reenter(e *entry) {
	if e.state == Ready {
		b.enter(e)
		return
	}
	b.heapOf(e).push(e)
}

// byTenant sorts a list by tenant: an update belongs to one.
func byTenant(list []held) map[engine.Tenant][]held {
	parts := map[engine.Tenant][]held{}
	for _, h := range list {
		parts[h.tenant] = append(parts[h.tenant], h)
	}
	return parts
}

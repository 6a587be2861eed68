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
	place  place
	at     int64  // when its lease ends, if it has one
	entry  uint32 // the board's own: not to be read without its lock
}

// hold keeps an entry for one update. Call it under the lock.
func (b *board) hold(i uint32) held {
	e := b.entries.at(i)
	g := b.groups[e.group]
	h := held{tenant: g.line.tenant, place: b.placeOf(e), entry: i}
	if e.state == Running {
		h.at = b.leases.list[e.pos].at
	}
	b.leave(i)
	e.held = true
	b.enter(i, h.at)
	return h
}

// placeOf is where an entry stands.
func (b *board) placeOf(e *entry) place {
	g := b.groups[e.group]
	return place{
		queue: g.line.name, state: e.state, id: e.id, priority: e.priority, started: e.started, time: e.time, span: e.span, move: e.move, group: g.hash,
	}
}

// find tells where an unfinished job stands, nil if it is none.
func (b *board) find(t engine.Tenant, id engine.ID) *place {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i, ok := b.lookup(b.tenants[t.UID()], id); ok {
		p := b.placeOf(b.entries.at(i))
		return &p
	}
	return nil
}

// holdReady takes up to n jobs off the head of the queues, the first queue
// first. Where a rate keeps back more, it tells how long.
func (b *board) holdReady(t engine.Tenant, queues []string, n int) (list []held, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tb, now := b.tenants[t.UID()], b.sinceStart()
	if tb == nil {
		return nil, maxSleep
	}
	wait = maxSleep
	for _, queue := range queues {
		l := tb.lines[queue]
		for l != nil && len(list) < n {
			i, when, ok := l.next(now)
			if !ok {
				if when != 0 {
					wait = min(wait, max(when-now, time.Millisecond))
				}
				break
			}
			list = append(list, b.hold(i))
		}
	}
	return list, wait
}

// holdDue takes up to n jobs whose time has come, and tells how long the next
// one has.
func (b *board) holdDue(now int64, n int) (list []held, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.due.len() > 0 && b.entries.at(b.due.top()).time <= now && len(list) < n {
		list = append(list, b.hold(b.due.top()))
	}
	if b.due.len() == 0 {
		return list, maxSleep
	}
	return list, sleep(b.entries.at(b.due.top()).time - now)
}

// holdExpired takes up to n jobs whose lease has ended, and tells how long the
// next one has.
func (b *board) holdExpired(now int64, n int) (list []held, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.leases.len() > 0 && b.leases.top().at <= now && len(list) < n {
		list = append(list, b.hold(b.leases.top().entry))
	}
	if b.leases.len() == 0 {
		return list, maxSleep
	}
	return list, sleep(b.leases.top().at - now)
}

// sleep bounds a wait of some milliseconds.
func sleep(ms int64) time.Duration {
	return time.Duration(min(maxSleep.Milliseconds(), max(0, ms))) * time.Millisecond
}

// giveBack returns what no commit has moved, and the tokens that it took from
// its rate. It wakes nobody for a job that waits for a time: what could not be
// moved now is tried again within a second, not at once.
func (b *board) giveBack(list []held) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range list {
		if i, _ := b.lookup(b.tenants[h.tenant.UID()], h.place.id); i != h.entry {
			continue
		}
		e := b.entries.at(h.entry)
		if !e.held || e.move != h.place.move || e.time != h.place.time {
			continue
		}
		g := b.groups[e.group]
		b.leave(h.entry)
		e.held = false
		b.enter(h.entry, h.at)
		if e.state == Ready {
			g.unpay()
			g.line.wake()
		}
	}
}

// unpay returns the token of a job that was not leased. A group that stood
// aside for want of it takes part again.
func (g *group) unpay() {
	switch r := g.line.limits.rate; {
	case r.limit == 0:
	case !r.byKey:
		g.line.bucket.giveBack(r)
	case g.hash != 0:
		g.bucket.giveBack(r)
		if g.slot >= 0 {
			g.line.spent.remove(g)
			g.line.settle(g)
		}
	}
}

// byTenant sorts a list by tenant: an update belongs to one.
func byTenant(list []held) map[engine.Tenant][]held {
	parts := map[engine.Tenant][]held{}
	for _, h := range list {
		parts[h.tenant] = append(parts[h.tenant], h)
	}
	return parts
}

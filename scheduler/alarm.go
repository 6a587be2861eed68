package scheduler

import (
	"context"
	"time"

	"quintet/engine"
)

// alarm is a schedule as the board knows it: where its ticks stand, and what
// its definition says once somebody has read it. Every commit of the cursor
// makes a new one.
type alarm struct {
	tenant engine.Tenant
	name   string
	cursor cursor
	next   int64 // ms: when it is handled, which is its tick, or later after a failure
	pos    int32
	held   bool   // its tick is being handled: it stands in no heap
	broken bool   // its definition cannot be followed: it waits for another one
	large  bool   // its definition is too large to be kept
	rules  *rules // nil: not read. Under the board's lock, as broken and large
}

// keptPayload bounds the definitions that stand in memory, in bytes of payload.
const keptPayload = 1 << 10

// setAlarm follows a cursor; nil or a tombstone removes the alarm.
func (b *board) setAlarm(tb *tenantBoard, name string, value []byte) {
	old := tb.alarms[name]
	if old != nil {
		if old.pos >= 0 {
			b.ticks.remove(old)
		}
		delete(tb.alarms, name)
	}
	cur, err := decodeCursor(value)
	if err != nil || cur.next == 0 {
		return // the check reports an error
	}
	a := &alarm{tenant: tb.tenant, name: name, cursor: cur, next: cur.next, pos: -1}
	if old != nil && old.cursor.version == cur.version {
		a.rules, a.large = old.rules, old.large
	}
	tb.alarms[name] = a
	b.ticks.push(a)
	signalIf(b.ticks.top() == a, b.tickSoon)
}

// holdTicks takes up to n schedules whose tick is due.
func (b *board) holdTicks(now int64, n int) (list []*alarm) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.ticks.len() > 0 && b.ticks.top().next <= now && len(list) < n {
		a := b.ticks.pop()
		a.held = true
		list = append(list, a)
	}
	return list
}

// tickWait tells how long the next tick has.
func (b *board) tickWait(now int64) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ticks.len() == 0 {
		return maxSleep
	}
	return sleep(b.ticks.top().next - now)
}

// postpone puts back those whose cursor no commit has moved, to be tried again
// at a time.
func (b *board) postpone(list []*alarm, at int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range list {
		if tb := b.tenants[a.tenant.UID()]; tb != nil && tb.alarms[a.name] == a && a.held && !a.broken {
			a.held, a.next = false, at
			b.ticks.push(a) // and tells nobody: see reenter
		}
	}
}

// keepRules remembers what a definition says; nil means that it cannot be
// followed.
func (b *board) keepRules(a *alarm, r *rules) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case r == nil:
		a.broken = true
	case len(r.plan.payload) > keptPayload:
		a.large = true
	default:
		a.rules = r
	}
}

// keptRules returns what is remembered of the definitions of alarms, and which
// of them must be read.
func (b *board) keptRules(alarms []*alarm) (all []*rules, missing []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all = make([]*rules, len(alarms))
	for i, a := range alarms {
		if all[i] = a.rules; a.rules == nil && !a.broken {
			missing = append(missing, i)
		}
	}
	return all, missing
}

// cold lists alarms up to a time whose definition nobody has read, looking at
// no more than n.
func (b *board) cold(until int64, n int) (list []*alarm) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for open := []int{0}; len(open) > 0 && n > 0; n-- {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		if i >= b.ticks.len() || b.ticks.list[i].next > until {
			continue // nor is anything below it earlier
		}
		if a := b.ticks.list[i]; a.rules == nil && !a.large && !a.broken {
			list = append(list, a)
		}
		open = append(open, 2*i+1, 2*i+2)
	}
	return list
}

// warm reads the definitions whose tick is near, so that ten thousand at once
// need not be read when they are due.
func (s *Scheduler) warm(ctx context.Context) error {
	for _, h := range s.board.herdsOf(s.board.cold(s.now()+warmAhead.Milliseconds(), warmTicks)) {
		if _, err := s.rulesOf(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

// rulesOf returns what the definitions of alarms say, nil for one that cannot
// be followed or is another by now.
func (s *Scheduler) rulesOf(ctx context.Context, h herd) ([]*rules, error) {
	all, missing := s.board.keptRules(h.alarms)
	if len(missing) == 0 {
		return all, nil
	}
	return all, s.e.Store.View(ctx, h.tenant, func(v *engine.View) error {
		for _, i := range missing {
			a := h.alarms[i]
			r, err := s.readRules(v, a.name)
			switch {
			case err == errScheduleNotFound || err == nil && r.version != a.cursor.version:
				// It was changed meanwhile: this alarm is none any more.
			case err != nil:
				s.options.Log.ErrorContext(ctx, "a schedule cannot be followed and does not tick", "schedule", a.name, "error", err)
				s.board.keepRules(a, nil)
			default:
				all[i] = r
				s.board.keepRules(a, r)
			}
		}
		return nil
	})
}

func (s *Scheduler) readRules(v *engine.View, name string) (*rules, error) {
	sc, err := loadSchedule(v, name)
	if err != nil {
		return nil, err
	}
	return sc.rules(&s.zones)
}

package scheduler

import (
	"time"

	"quintet/engine"
)

// alarm is a schedule as the board knows it: when its next tick is.
type alarm struct {
	tenant engine.Tenant
	name   string
	next   int64 // ms
	pos    int32
	held   bool // its tick is being handled
}

// setAlarm follows a cursor; nil or a tombstone removes the alarm.
func (b *board) setAlarm(tb *tenantBoard, name string, value []byte) {
	if old := tb.alarms[name]; old != nil {
		if old.pos >= 0 {
			b.ticks.remove(old)
		}
		delete(tb.alarms, name)
	}
	cur, err := decodeCursor(value)
	if err != nil || cur.next == 0 {
		return // the check reports an error
	}
	a := &alarm{tenant: tb.tenant, name: name, next: cur.next, pos: -1}
	tb.alarms[name] = a
	b.ticks.push(a)
	signalIf(b.ticks.top() == a, b.tickSoon)
}

// holdTicks takes up to n schedules whose tick is due, and tells how long the
// next one has.
func (b *board) holdTicks(now int64, n int) (list []*alarm, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.ticks.len() > 0 && b.ticks.top().next <= now && len(list) < n {
		a := b.ticks.pop()
		a.held = true
		list = append(list, a)
	}
	if b.ticks.len() == 0 {
		return list, maxSleep
	}
	return list, sleep(b.ticks.top().next - now)
}

// giveBackTicks returns those whose cursor no commit has moved.
func (b *board) giveBackTicks(list []*alarm) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range list {
		if tb := b.tenants[a.tenant.UID()]; tb != nil && tb.alarms[a.name] == a && a.held {
			a.held = false
			b.ticks.push(a) // and tells nobody: see reenter
		}
	}
}

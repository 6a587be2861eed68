package scheduler

import (
	"context"

	"quintet/engine"
)

// pause stops the ticks of a schedule. Those that it would have had are passed
// over when it goes on: they do not count as missed.
func (s *Scheduler) pause(ctx context.Context, t engine.Tenant, name, note string) (*schedule, cursor, error) {
	note, err := word("body.note", note, maxNote)
	if err != nil {
		return nil, cursor{}, err
	}
	return s.setPause(ctx, t, name, &pause{Note: note})
}

// resume lets a schedule tick again, from now on.
func (s *Scheduler) resume(ctx context.Context, t engine.Tenant, name string) (*schedule, cursor, error) {
	return s.setPause(ctx, t, name, nil)
}

// setPause sets or lifts a pause; nothing changes if it stands like that.
func (s *Scheduler) setPause(ctx context.Context, t engine.Tenant, name string, p *pause) (sc *schedule, cur cursor, err error) {
	err = s.edit(ctx, t, name, "", func(e *edit) (func(*engine.Tx) error, error) {
		if e.stored == nil {
			return nil, errScheduleNotFound
		}
		if sc, cur = e.stored, e.cursor; sc.Paused == p || p != nil && sc.Paused != nil && *p == *sc.Paused {
			return nil, nil
		}
		r, err := sc.rules(&s.zones)
		if err != nil {
			return nil, err
		}
		sc.Paused, sc.UpdatedAt = p, e.now
		cur.passed, cur.next = max(cur.passed, e.now), 0
		if p == nil {
			cur.next, _ = r.timing.next(cur.passed)
		}
		return putting(name, sc, &cur)
	})
	return sc, cur, err
}

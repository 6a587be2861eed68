package scheduler

import (
	"context"
	"errors"
	"time"

	"quintet/engine"
)

const (
	missedAfter = 10 * time.Second // how late a tick is missed
	sliceTicks  = 100              // schedules that one update moves on
)

// turn is what becomes of one schedule whose tick is due, decided before the
// update that does it.
type turn struct {
	name   string
	seen   cursor // the update does nothing if it is not this any more
	tick   int64  // the one that is handled: the latest that has come
	next   int64
	missed bool // it is too late, or earlier ones were passed over
	job    *Enqueue
	skip   bool // overlap skip
}

// tick handles the schedules whose tick has come.
func (s *Scheduler) tick(ctx context.Context) (time.Duration, error) {
	list, wait := s.board.holdTicks(s.now(), sliceTicks)
	defer s.board.giveBackTicks(list)
	names := map[engine.Tenant][]string{}
	for _, a := range list {
		names[a.tenant] = append(names[a.tenant], a.name)
	}
	var failed []error
	for t, part := range names {
		failed = append(failed, s.fire(ctx, t, part))
	}
	return wait, errors.Join(failed...)
}

// fire handles what ticks of the named schedules have come: their jobs and
// their cursors are written in one commit.
func (s *Scheduler) fire(ctx context.Context, t engine.Tenant, names []string) error {
	now := s.now()
	turns, err := s.turns(ctx, t, names, now)
	if err != nil || len(turns) == 0 {
		return err
	}
	var fired []*turn
	err = s.update(ctx, t, len(turns), enqueueKeys+2, func(tx *engine.Tx) error {
		fired = fired[:0]
		for _, u := range turns {
			done, err := s.take(tx, u, now)
			if err != nil {
				return err
			}
			if done {
				fired = append(fired, u)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.ticked(t, turns, fired)
	return nil
}

// turns decides about each schedule. It may be slow: it reads and computes.
func (s *Scheduler) turns(ctx context.Context, t engine.Tenant, names []string, now int64) (turns []*turn, err error) {
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		turns = nil
		for _, name := range names {
			cur, err := loadCursor(v, name)
			if err == nil && (cur.next == 0 || cur.next > now) {
				continue // somebody was faster
			}
			var u *turn
			if err == nil {
				u, err = s.turn(v, t, name, cur, now)
			}
			if err != nil {
				s.options.Log.ErrorContext(ctx, "a schedule cannot be read and does not tick", "schedule", name, "error", err)
				continue
			}
			turns = append(turns, u)
		}
		return nil
	})
	return turns, err
}

// turn decides about one schedule. What stands between the cursor and the
// latest tick that has come is passed over.
func (s *Scheduler) turn(v *engine.View, t engine.Tenant, name string, cur cursor, now int64) (*turn, error) {
	sc, err := loadSchedule(v, name)
	if err != nil {
		return nil, err
	}
	c, p, err := sc.Definition.check()
	if err != nil {
		return nil, err
	}
	tick := c.latest(time.UnixMilli(cur.next), time.UnixMilli(now))
	u := &turn{name: name, seen: cur, tick: tick.UnixMilli(), skip: sc.Definition.Overlap == "skip"}
	u.missed = u.tick != cur.next
	if next, ok := c.next(tick); ok {
		u.next = next.UnixMilli()
	}
	if late := now - u.tick; sc.Definition.Missed == "none" && late > missedAfter.Milliseconds() {
		u.missed = true
		return u, nil
	}
	u.job = s.prepare(t, sc.Definition.Queue, p, tickID(sc.Creation, u.tick), now)
	u.job.fixed.schedule, u.job.job.due, u.job.job.time = name, u.tick, u.tick
	return u, nil
}

// take moves a schedule on and writes its job, if its cursor is what the turn
// was decided on. It reports whether there is a new job.
func (s *Scheduler) take(tx *engine.Tx, u *turn, now int64) (bool, error) {
	cur, err := loadCursor(tx, u.name)
	if err != nil || cur != u.seen {
		return false, err
	}
	cur.passed, cur.next = max(cur.passed, u.tick), u.next
	fire := u.job != nil && tx.Get(bucketJobs, u.job.job.id[:]) == nil
	if fire && u.skip && cur.fired != 0 {
		last, err := findJob(tx, cur.job, nil)
		fire = err != nil || last.state.finished() // a job that is gone had ended
	}
	if fire {
		if err := s.EnqueueTx(tx, u.job); isCode(err, codeJobExists) {
			fire = false
		} else if err != nil {
			return false, err
		} else {
			cur.fired, cur.job = u.tick, u.job.job.id
		}
	}
	tx.Put(bucketCursors, []byte(u.name), cur.encode())
	return fire, nil
}

// ticked tells what became of the ticks.
func (s *Scheduler) ticked(t engine.Tenant, turns, fired []*turn) {
	now, byQueue := s.now(), map[string]int{}
	for _, u := range fired {
		byQueue[u.job.Queue()]++
		s.metrics.late.Observe(seconds(now - u.tick))
	}
	for queue, count := range byQueue {
		s.Enqueued(t, queue, count)
	}
	missed := 0
	for _, u := range turns {
		if u.missed {
			missed++
		}
	}
	s.metrics.ticks.WithLabelValues("fired").Add(float64(len(fired)))
	s.metrics.ticks.WithLabelValues("missed").Add(float64(missed))
	s.metrics.ticks.WithLabelValues("skipped").Add(float64(len(turns) - len(fired)))
}

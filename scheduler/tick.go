package scheduler

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"quintet/engine"
)

// Sizes of the work on ticks.
const (
	maxHerd   = 10_000          // schedules that one pass takes
	sliceKeys = 950             // keys that one update changes
	inFlight  = 4               // updates at once: some are prepared while one is written
	warmAhead = 2 * time.Second // how long before its tick a definition is read
	warmTicks = 20_000          // alarms that one pass looks at for that
)

// herd is some schedules of one tenant whose tick has come.
type herd struct {
	tenant engine.Tenant
	alarms []*alarm
}

// tick handles the schedules whose tick has come, and reads the definitions of
// those whose tick is near. What fails is told here and tried again a second
// later: the trouble of one tenant is not everybody's.
func (s *Scheduler) tick(ctx context.Context) (time.Duration, error) {
	now := s.now()
	var busy sync.WaitGroup
	free := make(chan struct{}, inFlight)
	for _, h := range herdsOf(s.board.holdTicks(now, maxHerd)) {
		free <- struct{}{}
		busy.Go(func() {
			defer func() { <-free }()
			if err := s.fireHerd(ctx, h, now); err != nil && ctx.Err() == nil {
				s.complain(ctx, err)
			}
			s.board.postpone(h.alarms, s.now()+maxSleep.Milliseconds())
		})
	}
	busy.Wait()
	if err := s.warm(ctx); err != nil && ctx.Err() == nil {
		s.complain(ctx, err)
	}
	return s.board.tickWait(s.now()), nil
}

// herdsOf cuts what is due into pieces for one update each, the tenants in
// turn. Within a tenant they are ordered by the ids of their jobs, so that the
// updates write into different pages, one after the other.
func herdsOf(due []*alarm) (list []herd) {
	type place struct {
		id engine.ID
		*alarm
	}
	byTenant := map[engine.Tenant][]place{}
	for _, a := range due {
		p := place{alarm: a}
		if a.rules != nil {
			p.id = tickID(a.rules.creation, a.cursor.next)
		}
		byTenant[a.tenant] = append(byTenant[a.tenant], p)
	}
	for _, part := range byTenant {
		slices.SortFunc(part, func(a, b place) int { return bytes.Compare(a.id[:], b.id[:]) })
	}
	const piece = sliceKeys / (enqueueKeys + 1)
	for len(byTenant) > 0 {
		for t, part := range byTenant {
			h := herd{tenant: t}
			for _, p := range part[:min(piece, len(part))] {
				h.alarms = append(h.alarms, p.alarm)
			}
			list = append(list, h)
			if byTenant[t] = part[len(h.alarms):]; len(byTenant[t]) == 0 {
				delete(byTenant, t)
			}
		}
	}
	return list
}

// fireHerd handles what ticks have come: the jobs and the cursor of a schedule
// are written in one commit.
func (s *Scheduler) fireHerd(ctx context.Context, h herd, now int64) error {
	all, err := s.rulesOf(ctx, h)
	if err != nil {
		return err
	}
	var turns []*turn
	keys, bytes := 0, 0
	for i, a := range h.alarms {
		if all[i] == nil {
			continue
		}
		u := s.turn(h.tenant, a.name, all[i], a.cursor, now)
		if keys+u.keys() > sliceKeys || bytes+u.bytes() > sliceBytes {
			if err := s.fireTurns(ctx, h.tenant, turns); err != nil {
				return err
			}
			turns, keys, bytes = nil, 0, 0
		}
		turns, keys, bytes = append(turns, u), keys+u.keys(), bytes+u.bytes()
	}
	return s.fireTurns(ctx, h.tenant, turns)
}

// fireTurns carries out turns of one tenant in one commit.
func (s *Scheduler) fireTurns(ctx context.Context, t engine.Tenant, turns []*turn) error {
	keys, bytes := 0, 0
	for _, u := range turns {
		keys, bytes = keys+u.keys(), bytes+u.bytes()
	}
	if len(turns) == 0 {
		return nil
	}
	var fired []tickJob
	err := s.update(ctx, t, keys, 1, func(tx *engine.Tx) error {
		fired = fired[:0]
		for _, u := range turns {
			jobs, err := s.take(tx, u)
			if err != nil {
				return err
			}
			fired = append(fired, jobs...)
		}
		return nil
	}, engine.Weight(bytes))
	if err == nil {
		s.ticked(t, turns, fired)
	}
	return err
}

// fire handles what ticks of one schedule have come, before somebody changes
// it. It reports whether it could: a definition that cannot be followed any
// more, because its zone is gone, may still be replaced or deleted.
func (s *Scheduler) fire(ctx context.Context, t engine.Tenant, name string) (bool, error) {
	now := s.now()
	sc, cur, err := s.schedule(ctx, t, name)
	if err != nil || cur.next == 0 || cur.next > now {
		return true, err // somebody was faster
	}
	r, err := sc.rules(&s.zones)
	if err != nil {
		return false, nil
	}
	return true, s.fireTurns(ctx, t, []*turn{s.turn(t, name, r, cur, now)})
}

// ticked tells what became of the ticks.
func (s *Scheduler) ticked(t engine.Tenant, turns []*turn, fired []tickJob) {
	now, byQueue := s.now(), map[string]int{}
	for _, j := range fired {
		byQueue[j.Queue()]++
		s.metrics.late.Observe(seconds(now - j.tick))
	}
	for queue, count := range byQueue {
		s.Enqueued(t, queue, count)
	}
	missed, planned := 0, 0
	for _, u := range turns {
		planned += len(u.jobs)
		if u.missed {
			missed++
		}
	}
	s.metrics.ticks.WithLabelValues("fired").Add(float64(len(fired)))
	s.metrics.ticks.WithLabelValues("missed").Add(float64(missed))
	s.metrics.ticks.WithLabelValues("skipped").Add(float64(planned - len(fired)))
}

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
	sliceKeys = 1_000           // keys that one update changes
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
	for _, h := range s.board.herdsOf(s.due(now)) {
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

// due holds what is due, a slice at a time: the committer waits for the board.
func (s *Scheduler) due(now int64) (all []*alarm) {
	for len(all) < maxHerd {
		list := s.board.holdTicks(now, sliceJobs)
		if len(list) == 0 {
			break
		}
		all = append(all, list...)
	}
	return all
}

// herdsOf cuts what is due into pieces for one update each, the tenants in
// turn. Within a tenant they are ordered by the ids of their jobs, so that one
// update after the other writes into new pages and not all into the same.
func (b *board) herdsOf(due []*alarm) (list []herd) {
	byTenant := map[engine.Tenant][]*alarm{}
	for _, a := range due {
		byTenant[a.tenant] = append(byTenant[a.tenant], a)
	}
	for _, part := range byTenant {
		b.sortByJob(part)
	}
	const piece = sliceKeys / (enqueueKeys + 1)
	for len(byTenant) > 0 {
		for t, part := range byTenant {
			n := min(piece, len(part))
			list = append(list, herd{t, part[:n]})
			if byTenant[t] = part[n:]; n == len(part) {
				delete(byTenant, t)
			}
		}
	}
	return list
}

// sortByJob orders schedules by the ids that the jobs of their ticks will have.
func (b *board) sortByJob(alarms []*alarm) {
	type place struct {
		id engine.ID
		*alarm
	}
	places := make([]place, len(alarms))
	all, _ := b.keptRules(alarms)
	for i, a := range alarms {
		places[i].alarm = a
		if all[i] != nil {
			places[i].id = tickID(all[i].creation, a.cursor.next)
		}
	}
	slices.SortFunc(places, func(a, b place) int { return bytes.Compare(a.id[:], b.id[:]) })
	for i, p := range places {
		alarms[i] = p.alarm
	}
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
	var taken []*turn
	var fired []tickJob
	err := s.update(ctx, t, keys, 1, func(tx *engine.Tx) error {
		taken, fired = taken[:0], fired[:0]
		for _, u := range turns {
			done, jobs, err := s.take(tx, u)
			if err != nil {
				return err
			}
			if done {
				taken, fired = append(taken, u), append(fired, jobs...)
			}
		}
		return nil
	}, engine.Weight(bytes))
	if err == nil {
		s.ticked(t, taken, fired)
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

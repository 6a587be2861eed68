package scheduler

import (
	"context"
	"time"

	"quintet/engine"
)

// The sweep compares the board with the store, slowly and all the time. It is
// an alarm: the board follows every commit, so a difference is a fault of ours,
// which it mends, counts and logs.

const (
	sweepEvery = 10 * time.Minute
	sweepSlice = 2_000
	sweepTries = 20
)

// sweep goes once over all tenants.
func (s *Scheduler) sweep(ctx context.Context) (time.Duration, error) {
	for _, t := range s.e.Tenants.List() {
		for from := []byte(nil); ; {
			suspects, next, err := s.suspects(ctx, t, from)
			if err != nil {
				return sweepEvery, err
			}
			for _, id := range suspects {
				if err := s.mend(ctx, t, id); err != nil {
					return sweepEvery, err
				}
			}
			if from = next; from == nil || s.ended() {
				break
			}
		}
	}
	return sweepEvery, nil
}

// suspects compares one slice of places with the board. What was moved in
// between is suspected too; mend looks again.
func (s *Scheduler) suspects(ctx context.Context, t engine.Tenant, from []byte) (ids []engine.ID, next []byte, err error) {
	var places []place
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		places, next = nil, nil
		for key := range v.Keys(bucketStates, from, nil) {
			if len(places) == sweepSlice {
				next = key
				return nil
			}
			queue, p, ok := splitPlace(key)
			if p.queue = string(queue); ok {
				places = append(places, p)
			}
		}
		return nil
	})
	for _, p := range places {
		if at := s.board.find(t, p.id); p.state.finished() != (at == nil) || at != nil && *at != p {
			ids = append(ids, p.id)
		}
	}
	return ids, next, err
}

// mend compares one job with the store at a moment in which the board has
// followed exactly what the view sees. Where commits come too fast for such a
// moment, the next sweep looks again.
func (s *Scheduler) mend(ctx context.Context, t engine.Tenant, id engine.ID) error {
	for range sweepTries {
		var key []byte
		var seq uint64
		err := s.e.Store.View(ctx, t, func(v *engine.View) error {
			key, seq = nil, v.Seq()
			j, err := findJob(v, id, nil)
			if err == nil && !j.state.finished() {
				key = j.stored
			}
			if err == errJobNotFound {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
		differs, comparable := s.board.mend(t, id, key, seq)
		if !comparable {
			continue
		}
		if differs {
			s.metrics.differences.Inc()
			s.options.Log.ErrorContext(ctx, "the board and the store disagreed about a job; the board was mended", "job", id)
		}
		return nil
	}
	return nil
}

// mend makes the board say of a job what the store says at a commit; a nil key
// means that it is no unfinished job. It cannot compare when the board has
// followed another commit, or when an update is about to move the job.
func (b *board) mend(t engine.Tenant, id engine.ID, key []byte, seq uint64) (differs, comparable bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tb := b.of(t)
	i, known := tb.jobs[id]
	if b.seq != seq || known && b.entries.at(i).held {
		return false, false
	}
	if known && key != nil {
		p := b.placeOf(b.entries.at(i))
		differs = string(p.bytes()) != string(key)
	} else {
		differs = known != (key != nil)
	}
	switch {
	case differs && key != nil:
		b.put(tb, key)
	case differs:
		b.remove(tb, i)
	}
	return differs, true
}

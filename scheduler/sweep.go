package scheduler

import (
	"context"
	"errors"
	"time"

	"quintet/engine"
)

// The sweep compares the board with the store, slowly and all the time. It is
// an alarm: the board follows every commit, so a difference is a fault of ours,
// which it mends, counts and logs.

const (
	sweepEvery = 10 * time.Minute
	sweepSlice = 2_000                 // places that are compared at once
	sweepPause = 20 * time.Millisecond // between two slices, several times what one takes
	sweepTries = 20
)

// sweepAlways sweeps until Stop, for the first time when the server has been up
// for a while: at its start the board is new.
func (s *Scheduler) sweepAlways(ctx context.Context) {
	for s.rest(sweepEvery) {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.complain(ctx, err)
		}
	}
}

// rest waits, and reports whether there is a reason to go on.
func (s *Scheduler) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.leaving:
		return false
	}
}

// sweep goes once over all tenants.
func (s *Scheduler) sweep(ctx context.Context) error {
	for _, t := range s.e.Tenants.List() {
		for from := []byte(nil); ; {
			suspects, next, err := s.suspects(ctx, t, from)
			if err == nil {
				err = s.mendAll(ctx, t, suspects)
			}
			if errors.Is(err, engine.ErrTenantGone) {
				break
			}
			if err != nil {
				return err
			}
			if from = next; from == nil || !s.rest(sweepPause) {
				break
			}
		}
	}
	return s.sweepBoard(ctx)
}

// sweepBoard goes the other way: it looks in the store for what is on the
// board, a chunk at a time.
func (s *Scheduler) sweepBoard(ctx context.Context) error {
	for n := 0; ; n++ {
		parts, more := s.board.placesOf(n)
		if !more || n > 0 && !s.rest(sweepPause) {
			return nil
		}
		for t, places := range parts {
			var suspects []engine.ID
			err := s.e.Store.View(ctx, t, func(v *engine.View) error {
				suspects = nil
				for _, p := range places {
					if v.Get(bucketStates, p.bytes()) == nil {
						suspects = append(suspects, p.id)
					}
				}
				return nil
			})
			if err == nil {
				err = s.mendAll(ctx, t, suspects)
			}
			if err != nil && !errors.Is(err, engine.ErrTenantGone) {
				return err
			}
		}
	}
}

// placesOf tells where the jobs of one chunk of entries stand.
func (b *board) placesOf(n int) (parts map[engine.Tenant][]place, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n >= len(b.entries.chunks) {
		return nil, false
	}
	parts = map[engine.Tenant][]place{}
	for i := range b.entries.chunks[n] {
		if e := &b.entries.chunks[n][i]; e.state != 0 {
			t := b.groups[e.group].line.tenant
			parts[t] = append(parts[t], b.placeOf(e))
		}
	}
	return parts, true
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

func (s *Scheduler) mendAll(ctx context.Context, t engine.Tenant, ids []engine.ID) error {
	for _, id := range ids {
		if err := s.mend(ctx, t, id); err != nil {
			return err
		}
	}
	return nil
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
	i, known := b.lookup(tb, id)
	if b.seq != seq || known && b.entries.at(i).held {
		return false, false
	}
	if known && key != nil {
		p := b.placeOf(b.entries.at(i))
		differs = string(p.bytes()) != string(key)
	} else {
		differs = known != (key != nil)
	}
	if differs && known {
		b.remove(i) // it may be of another queue
	}
	if differs && key != nil {
		b.put(tb, key)
	}
	return differs, true
}

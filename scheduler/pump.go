package scheduler

import (
	"context"
	"errors"
	"time"

	"quintet/engine"
)

// promote makes ready what is due by the wall clock.
func (s *Scheduler) promote(ctx context.Context) (time.Duration, error) {
	now := s.now()
	list, wait := s.board.holdDue(now, sliceJobs)
	return wait, s.moveHeld(ctx, list, func(tx *engine.Tx, j *job) {
		j.state, j.time = Ready, now
		j.transit(tx, transition{event: evDue, at: now})
	}, nil)
}

// leaseExpired is the error of an attempt whose lease ran out.
const leaseExpired = "lease_expired"

// expire ends the attempts whose lease has run out by the scheduler's own
// clock. The job is ready at once, for the worker and not the job was at
// fault, or dead when this was its last attempt.
func (s *Scheduler) expire(ctx context.Context) (time.Duration, error) {
	now := s.now()
	list, wait := s.board.holdExpired(s.board.elapsed(), sliceJobs)
	return wait, s.moveHeld(ctx, list, func(tx *engine.Tx, j *job) {
		switch {
		case j.cancel:
			s.finish(j, Cancelled, now)
		case j.attempt >= j.attempts:
			s.finish(j, Dead, now)
		default:
			j.wait(Retrying, now, now)
		}
		j.transit(tx, transition{event: evExpired, at: now, text: leaseExpired})
	}, s.expired)
}

// expired tells what came of leases that ran out.
func (s *Scheduler) expired(t engine.Tenant, jobs []*job) {
	s.metrics.lost.Add(float64(len(jobs)))
	for _, j := range jobs {
		s.metrics.ended(j)
		s.publishEnd(t, j)
	}
}

// moveKeys: both places, transition.
const moveKeys = 3

// moveHeld applies one transition to all held jobs that are still where they
// were, one update per tenant, and tells which.
func (s *Scheduler) moveHeld(ctx context.Context, list []held, apply func(*engine.Tx, *job), tell func(engine.Tenant, []*job)) error {
	defer s.board.giveBack(list)
	var failed []error
	for t, part := range byTenant(list) {
		var moved []*job
		err := s.update(ctx, t, len(part), moveKeys, func(tx *engine.Tx) error {
			moved = moved[:0]
			for _, h := range part {
				if j, err := loadJob(tx, &h.place); err == nil && j != nil {
					apply(tx, j)
					moved = append(moved, j)
				}
			}
			return nil
		}, engine.Reclaim)
		failed = append(failed, err)
		if err == nil && tell != nil {
			tell(t, moved)
		}
	}
	return errors.Join(failed...)
}

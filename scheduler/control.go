package scheduler

import (
	"context"

	"quintet/engine"
)

// change applies what an operator, not a worker, asks of one job.
func (s *Scheduler) change(ctx context.Context, t engine.Tenant, id engine.ID, apply func(tx *engine.Tx, j *job, f *fixed) error) (*Job, error) {
	var changed *job
	var f *fixed
	hint, said := s.board.findRunning(t, id)
	err := s.e.Store.Update(ctx, t, func(tx *engine.Tx) (err error) {
		if f, err = loadFixed(tx, id); err != nil {
			return err
		}
		if changed, err = findJob(tx, id, hint); err != nil {
			return err
		}
		changed.hears(said)
		return apply(tx, changed, f)
	}, engine.Reclaim)
	if err != nil {
		return nil, err
	}
	return newJob(changed, f), nil
}

// cancelJob keeps a job from running. One that runs is marked, and its worker
// hears of it by the next heartbeat; should it fail, it is not retried.
// Cancelling twice is no error.
func (s *Scheduler) cancelJob(ctx context.Context, t engine.Tenant, id engine.ID) (*Job, error) {
	now := s.now()
	ended := false
	a, err := s.change(ctx, t, id, func(tx *engine.Tx, j *job, _ *fixed) error {
		was := j.state
		err := s.cancelTx(tx, j, now)
		ended = was != Cancelled && j.state == Cancelled
		return err
	})
	if err == nil && ended { // one that runs has not ended yet
		s.publish(t, "job.cancelled", a.Queue, 1)
	}
	return a, err
}

func (s *Scheduler) cancelTx(tx *engine.Tx, j *job, now int64) error {
	switch {
	case j.state == Cancelled || j.cancel:
		return nil
	case j.state.finished():
		return errFinished
	case j.state == Running:
		j.cancel = true
		j.transit(tx, transition{event: evCancelRequested, at: now})
		return nil
	}
	s.finish(j, Cancelled, now)
	j.transit(tx, transition{event: evCancelled, at: now})
	return nil
}

// retry makes a dead or cancelled job ready with all its attempts before it,
// and a retrying one at once.
func (s *Scheduler) retry(ctx context.Context, t engine.Tenant, id engine.ID) (*Job, error) {
	now := s.now()
	return s.change(ctx, t, id, func(tx *engine.Tx, j *job, f *fixed) error { return j.retry(tx, f, now, evRetried) })
}

func (j *job) retry(tx *engine.Tx, f *fixed, now int64, why event) error {
	if j.state == Retrying {
		j.wait(Retrying, now, now)
		j.transit(tx, transition{event: why, at: now})
		return nil
	}
	return j.revive(tx, f, now, why)
}

// revive makes an ended job ready. A job that has ended in the same commit
// must wait: the board counts ended jobs by what each commit leaves, and would
// miss that this one came and went.
func (j *job) revive(tx *engine.Tx, f *fixed, now int64, why event) error {
	if j.state != Dead && j.state != Cancelled {
		return errNotStopped
	}
	if j.last == tx.Seq() {
		return errJustChanged
	}
	if err := reclaimUnique(tx, f, j.id, now); err != nil {
		return err
	}
	j.attempt, j.cancel = 0, false
	j.progress = progress{percent: -1}
	j.wait(Retrying, now, now)
	j.transit(tx, transition{event: why, at: now})
	return nil
}

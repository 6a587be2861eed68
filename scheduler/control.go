package scheduler

import (
	"context"
	"slices"

	"quintet/engine"
)

// change applies what an operator, not a worker, asks of one job.
func (s *Scheduler) change(ctx context.Context, t engine.Tenant, id engine.ID, apply func(tx *engine.Tx, j *job) error) (*Job, error) {
	var changed *job
	err := s.e.Store.Update(ctx, t, func(tx *engine.Tx) (err error) {
		if changed, err = loadJob(tx, id); err != nil {
			return err
		}
		return apply(tx, changed)
	}, engine.Reclaim)
	if err != nil {
		return nil, err
	}
	return newJob(changed), nil
}

// cancelJob keeps a job from running. One that runs is marked, and its worker
// hears of it by the next heartbeat; should it fail, it is not retried.
// Cancelling twice is no error.
func (s *Scheduler) cancelJob(ctx context.Context, t engine.Tenant, id engine.ID) (*Job, error) {
	now, keep := s.now(), s.options.Keep.Milliseconds()
	return s.change(ctx, t, id, func(tx *engine.Tx, j *job) error {
		switch {
		case j.state == Cancelled || j.cancel:
			return nil
		case j.state.finished():
			return errFinished
		case j.state == Running:
			j.cancel = true
			j.move(tx, transition{event: evCancelRequested, at: now})
			return nil
		}
		j.finish(Cancelled, now, keep)
		j.move(tx, transition{event: evCancelled, at: now})
		return nil
	})
}

// retry makes a dead or cancelled job ready with all its attempts before it,
// and a retrying one at once.
func (s *Scheduler) retry(ctx context.Context, t engine.Tenant, id engine.ID) (*Job, error) {
	now := s.now()
	return s.change(ctx, t, id, func(tx *engine.Tx, j *job) error {
		if j.state == Retrying {
			j.wait(Retrying, now, now)
			j.move(tx, transition{event: evRetried, at: now})
			return nil
		}
		return j.revive(tx, now, evRetried)
	})
}

// revive makes an ended job ready. A job that has ended in the same commit
// must wait: the board counts ended jobs by what each commit leaves, and would
// miss that this one came and went.
func (j *job) revive(tx *engine.Tx, now int64, why event) error {
	if j.state != Dead && j.state != Cancelled {
		return errNotStopped
	}
	if j.last == tx.Seq() {
		return errJustChanged
	}
	j.attempt, j.until, j.cancel = 0, 0, false
	j.wait(Retrying, now, now)
	j.move(tx, transition{event: why, at: now})
	return nil
}

// maxRedrive bounds one redrive; the answer tells how many dead letters remain.
const maxRedrive = 10_000

// redrive makes up to maxRedrive dead letters of a queue ready, the oldest
// first, and returns how many there were when it began and how many it moved.
// What dies meanwhile is left alone: it would go round for ever.
func (s *Scheduler) redrive(ctx context.Context, t engine.Tenant, queue string, dryRun bool) (matched, redriven int, err error) {
	var ids []engine.ID
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		from := placePrefix(nil, queue, Dead)
		for key := range v.Keys(bucketIndex, from, placePrefix(nil, queue, Dead+1)) {
			if matched++; len(ids) < maxRedrive {
				ids = append(ids, engine.ID(key[len(from):]))
			}
		}
		return nil
	})
	if err != nil || dryRun {
		return matched, 0, err
	}
	for part := range slices.Chunk(ids, sliceJobs) {
		n, err := s.redriveSlice(ctx, t, part)
		if redriven += n; err != nil {
			return matched, redriven, err
		}
	}
	s.publish(t, "job.redriven", queue, redriven)
	return matched, redriven, nil
}

// reviveKeys: record, both places, expiry, transition.
const reviveKeys = 5

func (s *Scheduler) redriveSlice(ctx context.Context, t engine.Tenant, ids []engine.ID) (n int, err error) {
	now := s.now()
	err = s.update(ctx, t, len(ids), reviveKeys, func(tx *engine.Tx) error {
		n = 0
		for _, id := range ids {
			j, err := loadJob(tx, id)
			if err == nil && j.state == Dead && j.revive(tx, now, evRedriven) == nil {
				n++
			}
		}
		return nil
	}, engine.Reclaim)
	if err != nil {
		return 0, err
	}
	return n, nil
}

package scheduler

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"quintet/engine"
)

// settle ends an attempt: apply changes the job if the token holds its lease.
// Whoever comes with another token is told errLeaseLost and changes nothing.
func (s *Scheduler) settle(ctx context.Context, t engine.Tenant, l leaseRef, bytes int, apply func(tx *engine.Tx, j *job) error) (*job, error) {
	var settled *job
	hint, said := s.board.findRunning(t, l.id)
	err := s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		settled = nil
		j, err := findJob(tx, l.id, hint)
		if err != nil {
			return err
		}
		settled = j
		if !l.holds(j) {
			return errLeaseLost
		}
		j.hears(said)
		return apply(tx, j)
	}, engine.Reclaim, engine.Weight(1024+bytes))
	if err == errLeaseLost {
		s.metrics.lost.Inc()
	}
	if err != nil {
		return settled, err
	}
	s.metrics.settled(settled, s.now())
	return settled, nil
}

// holds reports whether l is the lease that a job has now.
func (l leaseRef) holds(j *job) bool { return j.state == Running && j.token == l.token }

// hears notes what the worker of a running job has said last.
func (j *job) hears(said *progress) {
	if said != nil {
		j.progress = *said
	}
}

// keepEnded is how many seconds a job is kept that ends in a state.
func (s *Scheduler) keepEnded(j *job, state State) uint32 {
	keep := s.options.Keep
	if state == Dead {
		keep = s.options.KeepDead
	}
	if j.keep != 0 {
		return j.keep
	}
	return uint32(max(1, keep/time.Second))
}

// finish ends a job's life.
func (s *Scheduler) finish(j *job, state State, now int64) {
	j.state, j.time, j.span, j.started, j.cancel = state, now, s.keepEnded(j, state), false, false
}

// complete ends a job. Told again by the token that completed it, it answers
// what is stored, for that worker may not have heard the first answer.
func (s *Scheduler) complete(ctx context.Context, t engine.Tenant, l leaseRef, output json.RawMessage) (*Job, error) {
	now := s.now()
	j, err := s.settle(ctx, t, l, len(output), func(tx *engine.Tx, j *job) error {
		s.completeTx(tx, j, now, output)
		return nil
	})
	if err == errLeaseLost && j.state == Done && j.token == l.token {
		return s.job(ctx, t, l.id)
	}
	if err != nil {
		return nil, err
	}
	s.publish(t, "job.done", j.queue, 1)
	a := newJob(j, nil)
	a.Output = output
	return a, nil
}

// completeTx ends a job whose lease its worker holds.
func (s *Scheduler) completeTx(tx *engine.Tx, j *job, now int64, output json.RawMessage) {
	s.finish(j, Done, now)
	if j.output = output != nil; j.output {
		tx.Put(bucketOutputs, j.id[:], output)
	}
	j.transit(tx, transition{event: evCompleted, at: now})
}

// failure is how an attempt failed.
type failure struct {
	text       string
	retryAfter int64 // ms; -1: by the job's own backoff
	final      bool  // the handler said that it must not run again
}

// fail ends an attempt: the job waits for its next one, or is dead.
func (s *Scheduler) fail(ctx context.Context, t engine.Tenant, l leaseRef, f failure) (*Job, error) {
	now, random := s.now(), s.options.Random()
	f.text = cutText(f.text, maxText)
	j, err := s.settle(ctx, t, l, len(f.text), func(tx *engine.Tx, j *job) error {
		switch {
		case f.final || j.cancel:
			s.finish(j, Cancelled, now)
		case j.attempt >= j.attempts:
			s.finish(j, Dead, now)
		case f.retryAfter >= 0:
			j.wait(Retrying, now, later(now, f.retryAfter))
		default:
			j.wait(Retrying, now, later(now, backoffOf(j.backoff, j.attempt, random)))
		}
		j.transit(tx, transition{event: evFailed, at: now, text: f.text})
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.publishEnd(t, j)
	return newJob(j, nil), nil
}

// publishEnd tells the bus about a job that has ended without being done.
func (s *Scheduler) publishEnd(t engine.Tenant, j *job) {
	switch j.state {
	case Dead:
		s.publish(t, "job.dead", j.queue, 1)
	case Cancelled:
		s.publish(t, "job.cancelled", j.queue, 1)
	default:
		s.publish(t, "job.failed", j.queue, 1)
	}
}

// snooze puts a job off and gives its attempt back.
func (s *Scheduler) snooze(ctx context.Context, t engine.Tenant, l leaseRef, delay time.Duration) (*Job, error) {
	now := s.now()
	j, err := s.settle(ctx, t, l, 0, func(tx *engine.Tx, j *job) error {
		j.attempt--
		if j.cancel {
			s.finish(j, Cancelled, now)
		} else {
			j.wait(Scheduled, now, later(now, delay.Milliseconds()))
		}
		j.transit(tx, transition{event: evSnoozed, at: now})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return newJob(j, nil), nil
}

// cutText keeps the beginning of a text, in whole characters.
func cutText(text string, most int) string {
	if len(text) > most {
		text = text[:most]
	}
	return strings.ToValidUTF8(text, "")
}

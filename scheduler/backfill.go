package scheduler

import (
	"context"
	"time"

	"quintet/engine"
)

// runNow makes a job of a schedule that belongs to no tick. Cursor and overlap
// do not know it.
func (s *Scheduler) runNow(ctx context.Context, t engine.Tenant, name string, once engine.Once) (*Job, error) {
	_, _, r, err := s.ruled(ctx, t, name)
	if err != nil {
		return nil, err
	}
	q := s.prepare(t, r.queue, r.plan, s.e.IDs.New(), s.now())
	q.fixed.schedule = name
	answer, replayed, err := s.e.Answers.Run(ctx, t, once, func(tx *engine.Tx) ([]byte, error) {
		if tx.Get(bucketSchedules, []byte(name)) == nil {
			return nil, errScheduleNotFound
		}
		return q.job.id[:], s.EnqueueTx(tx, q)
	}, engine.Weight(len(r.plan.payload)+1024))
	if err != nil {
		return nil, err
	}
	if replayed {
		return s.job(ctx, t, engine.ID(answer))
	}
	s.Enqueued(t, r.queue, 1)
	return q.answer(), nil
}

// maxBackfill is how many ticks one call may take.
const maxBackfill = 1_000

// Backfill tells what became of the ticks of a time that has passed.
type Backfill struct {
	Ticks    int `json:"ticks" doc:"How many there are with from ≤ tick < to."`
	Enqueued int `json:"enqueued" doc:"Those that have a job now, or would."`
	Existing int `json:"existing" doc:"Those whose job was there already."`
}

// backfillSpec is a stretch of the past: from ≤ tick < to.
type backfillSpec struct {
	From   string `json:"from" doc:"RFC 3339." example:"2026-03-01T00:00:00Z"`
	To     string `json:"to,omitempty" doc:"RFC 3339; ticks are before it. Without it now."`
	DryRun bool   `json:"dry_run,omitempty" doc:"Only count."`
}

func (b *backfillSpec) check(now int64) (from, to int64, err error) {
	if b.From == "" {
		return 0, 0, invalid("body.from", "is missing")
	}
	if from, err = instantOf("body.from", &b.From, 0); err != nil {
		return 0, 0, err
	}
	if to, err = instantOf("body.to", &b.To, now); err != nil {
		return 0, 0, err
	}
	switch {
	case to > now:
		return 0, 0, invalid("body.to", "is in the future; ticks that are still to come run by themselves")
	case from >= to:
		return 0, 0, invalid("body.to", "is not after from; ticks are from from on and before to")
	}
	return from, to, nil
}

// backfill makes the jobs of past ticks, whatever has become of these before:
// only a tick whose job is still there is left alone. Overlap is not asked.
func (s *Scheduler) backfill(ctx context.Context, t engine.Tenant, name string, b backfillSpec) (a Backfill, err error) {
	now := s.now()
	from, to, err := b.check(now)
	if err != nil {
		return a, err
	}
	_, _, r, err := s.ruled(ctx, t, name)
	if err != nil {
		return a, err
	}
	ticks := r.timing.between(from, to, maxBackfill+1)
	if len(ticks) > maxBackfill {
		return a, invalid("body.from", "more than %d ticks are from there on and before to; narrow it, the first %d end at %s",
			maxBackfill, maxBackfill, time.UnixMilli(ticks[maxBackfill-1]).UTC().Format(time.RFC3339Nano))
	}
	a.Ticks = len(ticks)
	if b.DryRun {
		a.Existing, err = s.countTickJobs(ctx, t, r.creation, ticks)
		a.Enqueued = a.Ticks - a.Existing
		return a, err
	}
	for len(ticks) > 0 {
		n := r.backfillSlice(len(ticks))
		made, err := s.backfillSlice(ctx, t, name, r, ticks[:n], now)
		if err != nil {
			return a, err
		}
		a.Enqueued, a.Existing, ticks = a.Enqueued+made, a.Existing+n-made, ticks[n:]
	}
	return a, nil
}

// backfillSlice is how many of so many ticks one update takes.
func (r *rules) backfillSlice(ticks int) int {
	return max(1, min(ticks, (sliceKeys-1)/jobKeys(r.plan), sliceBytes/(len(r.plan.payload)+1)))
}

// backfillSlice makes the jobs of some ticks and returns how many are new.
func (s *Scheduler) backfillSlice(ctx context.Context, t engine.Tenant, name string, r *rules, ticks []int64, now int64) (made int, err error) {
	var jobs []tickJob
	for _, tick := range ticks {
		jobs = append(jobs, s.prepareTick(t, name, r, tick, now))
	}
	err = s.update(ctx, t, len(jobs)*jobKeys(r.plan)+1, 1, func(tx *engine.Tx) error {
		made = 0
		if sc, err := loadSchedule(tx, name); err != nil {
			return err
		} else if sc.Version != r.version {
			return errScheduleBusy
		}
		for _, j := range jobs {
			if j.enqueueTx(s, tx) {
				made++
			}
		}
		return nil
	}, engine.Weight(len(jobs)*(len(r.plan.payload)+1024)))
	if err != nil {
		return 0, err
	}
	s.Enqueued(t, r.queue, made)
	return made, nil
}

// countTickJobs counts the ticks whose job is there.
func (s *Scheduler) countTickJobs(ctx context.Context, t engine.Tenant, creation engine.ID, ticks []int64) (count int, err error) {
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		count = 0
		for _, tick := range ticks {
			if id := tickID(creation, tick); v.Get(bucketJobs, id[:]) != nil {
				count++
			}
		}
		return nil
	})
	return count, err
}

package scheduler

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"quintet/engine"
)

// JobPatch is what may be changed of a job before it runs. What is left out
// stays.
type JobPatch struct {
	Payload     json.RawMessage `json:"payload,omitempty"`
	Delay       string          `json:"delay,omitempty" doc:"From now on."`
	RunAt       string          `json:"run_at,omitempty"`
	Priority    *int            `json:"priority,omitempty"`
	MaxAttempts *int            `json:"max_attempts,omitempty" doc:"At least one attempt is left to the job, whatever is said."`
	Timeout     string          `json:"timeout,omitempty"`
	Backoff     []string        `json:"backoff,omitempty" nullable:"false"`
	Retention   string          `json:"retention,omitempty"`
}

// patch changes a job that waits for its time or for a worker.
func (s *Scheduler) patch(ctx context.Context, t engine.Tenant, id engine.ID, ifMatch string, c JobPatch) (*Job, error) {
	spec := JobSpec{
		Payload: c.Payload, Delay: c.Delay, RunAt: c.RunAt, Priority: c.Priority, MaxAttempts: c.MaxAttempts,
		Timeout: c.Timeout, Backoff: c.Backoff, Retention: c.Retention,
	}
	p, err := spec.check("body")
	if err != nil {
		return nil, err
	}
	var blob *engine.BlobName
	if len(p.payload) > inlinePayload {
		name, err := s.e.Blobs.Put(ctx, t, bytes.NewReader(p.payload))
		if err != nil {
			return nil, err
		}
		blob = &name
	}
	now := s.now()
	return s.change(ctx, t, id, func(tx *engine.Tx, j *job, f *fixed) error {
		switch {
		case ifMatch != "" && ifMatch != "*" && ifMatch != etagOf(j.last):
			return errJobChanged
		case j.state == Running || j.state.finished():
			return errJobStarted
		}
		if c.Payload != nil {
			if err := s.replacePayload(tx, id, f, p.payload, blob, now); err != nil {
				return err
			}
		}
		j.patch(&c, p, now)
		j.transit(tx, transition{event: evChanged, at: now})
		return nil
	})
}

// patch applies what c has.
func (j *job) patch(c *JobPatch, p plan, now int64) {
	if c.Priority != nil {
		j.priority = p.priority
	}
	if c.MaxAttempts != nil {
		j.attempts = max(p.attempts, j.attempt+1)
	}
	if c.Timeout != "" {
		j.timeout = p.timeout
	}
	if c.Backoff != nil {
		j.backoff = p.backoff
	}
	if c.Retention != "" {
		j.keep = p.keep
	}
	if c.Delay == "" && c.RunAt == "" {
		return
	}
	state := j.state
	if state == Ready {
		state = Scheduled
	}
	j.wait(state, now, p.dueAt(now))
}

// replacePayload writes another payload in place of a job's.
func (s *Scheduler) replacePayload(tx *engine.Tx, id engine.ID, f *fixed, payload []byte, blob *engine.BlobName, now int64) error {
	if f.blob != nil {
		if err := s.e.Blobs.Release(tx, *f.blob, clockTime(now)); err != nil {
			return err
		}
	}
	if blob != nil {
		if err := s.e.Blobs.Reference(tx, *blob); err != nil {
			return err
		}
	}
	f.payload, f.blob, f.size = payload, blob, uint32(len(payload))
	tx.Put(bucketJobs, id[:], f.encode())
	return nil
}

// etagOf is the version of a job: the commit of its newest transition.
func etagOf(last uint64) string { return fmt.Sprintf("%q", fmt.Sprint(last)) }

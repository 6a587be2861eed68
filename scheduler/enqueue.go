package scheduler

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"quintet/engine"
	"quintet/engine/api"
)

// Enqueue is a job that is ready to be written: its id and times are drawn,
// nothing is left to decide. It belongs to one tenant.
type Enqueue struct {
	tenant   engine.Tenant
	plan     plan
	job      job
	fixed    fixed
	draining bool // its queue takes no jobs
}

// ID is the job's id.
func (q *Enqueue) ID() engine.ID { return q.job.id }

// Queue is the name of its queue.
func (q *Enqueue) Queue() string { return q.job.queue }

// Prepare reads a job as POST /v1/queues/{queue}/jobs takes it; at is where in
// the request it stands, as in "body". A payload too long for the store is on
// disk when it returns.
func (s *Scheduler) Prepare(ctx context.Context, t engine.Tenant, queue string, raw []byte, at string) (*Enqueue, error) {
	q, err := s.read(ctx, t, queue, raw, at)
	if err == nil && q.draining {
		return nil, errQueueDraining
	}
	return q, err
}

// read is Prepare, but a queue that is drained refuses the job only when it is
// written: a repeated request gets the answer of the first all the same.
func (s *Scheduler) read(ctx context.Context, t engine.Tenant, queue string, raw []byte, at string) (*Enqueue, error) {
	if err := api.CheckName("queue", queue); err != nil {
		return nil, err
	}
	var spec JobSpec
	if err := api.Decode(raw, &spec); err != nil {
		return nil, err
	}
	limits := s.board.limitsOf(t, queue)
	spec = spec.or(&limits.defaults)
	p, err := spec.check(at)
	if err != nil {
		return nil, err
	}
	q := s.prepare(t, queue, p, s.e.IDs.New(), s.now())
	q.draining = limits.draining
	if len(p.payload) > inlinePayload {
		name, err := s.e.Blobs.Put(ctx, t, bytes.NewReader(p.payload))
		if err != nil {
			return nil, err
		}
		q.fixed.blob = &name
	}
	return q, nil
}

// prepare makes a job of a plan, and nothing but its arguments counts: the
// same id and time make the same job again. The payload must not need a blob.
func (s *Scheduler) prepare(t engine.Tenant, queue string, p plan, id engine.ID, now int64) *Enqueue {
	q := &Enqueue{tenant: t, plan: p}
	q.job = job{
		place:    place{id: id, queue: queue, priority: p.priority, group: groupOf(t, p.key)},
		attempts: p.attempts, timeout: p.timeout, keep: p.keep, backoff: p.backoff, progress: progress{percent: -1},
	}
	q.job.wait(Scheduled, now, p.dueAt(now))
	q.fixed = fixed{queue: queue, created: now, key: p.key, tags: p.tags, headers: p.headers, payload: p.payload, size: uint32(len(p.payload))}
	if p.uniqueKey != "" {
		q.fixed.unique.hash = uniqueHash(t, queue, p.uniqueKey)
		if p.uniqueFor != 0 {
			q.fixed.unique.until = later(now, p.uniqueFor)
		}
	}
	return q
}

// enqueueKeys is how many keys a job writes, beside its queue's.
const enqueueKeys = 3

// keys is how many rising keys q costs as much as: a key that stands anywhere
// costs four.
func (q *Enqueue) keys() int {
	if q.fixed.blob != nil {
		return q.plan.keys() + 8
	}
	return q.plan.keys()
}

// keys is how many it is without a blob.
func (p *plan) keys() int {
	n := enqueueKeys + 4*len(p.tags)
	if p.uniqueKey != "" {
		n += 8
	}
	return n
}

// EnqueueTx writes q in an update of its tenant, whatever else that update
// does. It fails where the queue has a job of the same unique key, and where
// the payload has been gone for want of this call. Tell Enqueued after it is on
// disk.
func (s *Scheduler) EnqueueTx(tx *engine.Tx, q *Enqueue) error {
	if err := ensureQueue(tx, q.job.queue, q.fixed.created); err != nil {
		return err
	}
	return s.write(tx, q)
}

// ensureQueue makes a queue that is not there.
func ensureQueue(tx *engine.Tx, name string, now int64) error {
	if tx.Has(bucketQueues, []byte(name)) {
		return nil
	}
	value, err := newQueueRecord(now).encode()
	if err == nil {
		tx.Put(bucketQueues, []byte(name), value)
	}
	return err
}

// write writes q into a queue that is there.
func (s *Scheduler) write(tx *engine.Tx, q *Enqueue) error {
	if q.draining {
		return errQueueDraining
	}
	if q.fixed.unique.given() {
		if err := q.claimUnique(tx); err != nil {
			return err
		}
	}
	if q.fixed.blob != nil {
		if err := s.e.Blobs.Reference(tx, *q.fixed.blob); err != nil {
			return err
		}
	}
	tx.Put(bucketJobs, q.job.id[:], q.fixed.encode())
	for _, tag := range q.fixed.tags {
		tx.Put(bucketTags, tagKey(q.tenant, tag, q.job.id), nil)
	}
	j := q.job // an update may run its closure again
	j.transit(tx, transition{event: evEnqueued, at: q.fixed.created, text: q.fixed.schedule})
	return nil
}

// Enqueued tells metrics and bus that count jobs of a queue are on disk.
func (s *Scheduler) Enqueued(t engine.Tenant, queue string, count int) {
	s.metrics.enqueued.Add(float64(count))
	s.publish(t, "job.enqueued", queue, count)
}

// trace adds the traceparent of the request that brought q, unless q has one.
func (q *Enqueue) trace(parent string) {
	if parent == "" || len(q.fixed.headers) >= maxHeaders || slices.ContainsFunc(q.fixed.headers, func(h header) bool { return h.name == traceHeader }) {
		return
	}
	q.fixed.headers = append(slices.Clip(q.fixed.headers), header{traceHeader, parent})
}

// traceHeader is the header of W3C Trace Context.
const traceHeader = "traceparent"

// weight is how many bytes an update holds that writes q.
func (q *Enqueue) weight() int { return 1024 + min(int(q.fixed.size), inlinePayload) }

// enqueue writes one job, once per Idempotency-Key. A repeated request gets
// the answer of the first, for all that its body does not say is in it.
func (s *Scheduler) enqueue(ctx context.Context, q *Enqueue, once engine.Once) (*Job, error) {
	apply := func(tx *engine.Tx) ([]byte, error) {
		return binary.BigEndian.AppendUint64(q.job.id[:], uint64(q.fixed.created)), s.EnqueueTx(tx, q)
	}
	answer, replayed, err := s.e.Answers.Run(ctx, q.tenant, once, apply, engine.Weight(q.weight()))
	if err != nil {
		return nil, err
	}
	if !replayed {
		s.Enqueued(q.tenant, q.job.queue, 1)
		return q.answer(), nil
	}
	if len(answer) != 24 {
		return nil, fmt.Errorf("the answer kept for an Idempotency-Key has %d bytes", len(answer))
	}
	id, created := engine.ID(answer), int64(binary.BigEndian.Uint64(answer[16:]))
	return s.prepare(q.tenant, q.job.queue, q.plan, id, created).answer(), nil
}

// answer describes the job as it was when it was written.
func (q *Enqueue) answer() *Job {
	a := newJob(&q.job, &q.fixed)
	a.Payload = q.fixed.payload
	a.Timeline = []Moment{newMoment(transition{event: evEnqueued, state: q.job.state, at: q.fixed.created, time: q.job.time, text: q.fixed.schedule})}
	return a
}

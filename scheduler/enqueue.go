package scheduler

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"quintet/engine"
	"quintet/engine/api"
)

// Enqueue is a job that is ready to be written: its id and times are drawn,
// nothing is left to decide. It belongs to one tenant.
type Enqueue struct {
	tenant   engine.Tenant
	job      job
	plan     plan
	schedule string // that made it, "" for none
	newQueue bool   // the queue may not be there yet
}

// ID is the job's id.
func (q *Enqueue) ID() engine.ID { return q.job.id }

// Queue is the name of its queue.
func (q *Enqueue) Queue() string { return q.job.queue }

// Prepare reads a job as POST /v1/queues/{queue}/jobs takes it; at is where in
// the request it stands, as in "body".
func (s *Scheduler) Prepare(t engine.Tenant, queue string, raw []byte, at string) (*Enqueue, error) {
	if err := api.CheckName("queue", queue); err != nil {
		return nil, err
	}
	var spec JobSpec
	if err := api.Decode(raw, &spec); err != nil {
		return nil, err
	}
	p, err := spec.check(at)
	if err != nil {
		return nil, err
	}
	return s.prepare(t, queue, p, s.e.IDs.New(), s.now()), nil
}

// prepare makes a job of a plan, and nothing but its arguments counts: the
// same id and time make the same job again.
func (s *Scheduler) prepare(t engine.Tenant, queue string, p plan, id engine.ID, now int64) *Enqueue {
	q := &Enqueue{tenant: t, plan: p, newQueue: !s.board.knows(t, queue)}
	q.job = job{
		id: id, queue: queue, priority: p.priority, attempts: p.attempts, timeout: p.timeout, backoff: p.backoff, created: now,
	}
	q.job.wait(Scheduled, now, p.dueAt(now))
	return q
}

// enqueueKeys is how many keys a job writes, beside its queue's.
const enqueueKeys = 4

// EnqueueTx writes q in an update of its tenant, whatever else that update
// does. Tell Enqueued after it is on disk.
func (s *Scheduler) EnqueueTx(tx *engine.Tx, q *Enqueue) {
	if name := []byte(q.job.queue); q.newQueue && tx.Get(bucketQueues, name) == nil {
		tx.Put(bucketQueues, name, encodeQueue(q.job.created))
	}
	tx.Put(bucketPayloads, q.job.id[:], encodePayload(q.schedule, q.plan.payload))
	j := q.job // an update may run its closure again
	j.move(tx, transition{event: evEnqueued, at: j.created, text: q.schedule})
}

// Enqueued tells metrics and bus that count jobs of a queue are on disk.
func (s *Scheduler) Enqueued(t engine.Tenant, queue string, count int) {
	s.metrics.enqueued.Add(float64(count))
	s.publish(t, "job.enqueued", queue, count)
}

// enqueue writes one job, once per Idempotency-Key. A repeated request gets
// the answer of the first, for all that its body does not say is in it.
func (s *Scheduler) enqueue(ctx context.Context, q *Enqueue, once engine.Once) (*Job, error) {
	apply := func(tx *engine.Tx) ([]byte, error) {
		s.EnqueueTx(tx, q)
		return binary.BigEndian.AppendUint64(q.job.id[:], uint64(q.job.created)), nil
	}
	answer, replayed, err := s.e.Answers.Run(ctx, q.tenant, once, apply, engine.Weight(len(q.plan.payload)+1024))
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
	a := newJob(&q.job)
	a.Payload, a.Schedule = q.plan.payload, q.schedule
	a.Timeline = []Moment{newMoment(transition{event: evEnqueued, state: q.job.state, at: q.job.created, time: q.job.time, text: q.schedule})}
	return a
}

const (
	formatQueue   = 1
	formatPayload = 1
)

func encodeQueue(made int64) []byte {
	return binary.BigEndian.AppendUint64([]byte{formatQueue}, uint64(made))
}

func encodePayload(schedule string, payload []byte) []byte {
	b := make([]byte, 0, 2+len(schedule)+len(payload))
	b = append(append(b, formatPayload, byte(len(schedule))), schedule...)
	return append(b, payload...)
}

func decodePayload(b []byte) (schedule string, payload json.RawMessage, err error) {
	if len(b) < 2 || b[0] != formatPayload || len(b) < 2+int(b[1]) {
		return "", nil, fmt.Errorf("a payload of %d bytes cannot be read", len(b))
	}
	end := 2 + int(b[1])
	return string(b[2:end]), b[end:], nil
}

package scheduler

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"quintet/engine"
	"quintet/engine/api"
)

// bulk enqueues the lines of one request in slices, each in one update. Under
// an Idempotency-Key every slice keeps its own answer: a repeated request
// replays the slices that were done and goes on from there. That works because
// the same body falls into the same slices.
type bulk struct {
	s      *Scheduler
	ctx    context.Context
	r      enqueueRequest
	answer *api.Bulk

	slice int          // number of the one that is collected
	lines bytes.Buffer // its raw lines
	part  bulkPart
	jobs  []*Enqueue
}

// bulkPart is the answer of one slice, as it is kept.
type bulkPart struct {
	IDs    []string        `json:"ids"` // in line order, "" for a rejected line
	Errors []api.LineError `json:"errors,omitempty"`
}

// maxDetail bounds what is kept of one error, which may quote its input.
const maxDetail = 240

func (p *bulkPart) reject(n int, err error) {
	e := api.NewLineError(n, err)
	e.Detail = cutText(e.Detail, maxDetail)
	p.IDs, p.Errors = append(p.IDs, ""), append(p.Errors, e)
}

// addTo adds a slice's answer to that of the request.
func (p *bulkPart) addTo(answer *api.Bulk) {
	answer.IDs = append(answer.IDs, p.IDs...)
	answer.Accepted += len(p.IDs) - len(p.Errors)
	for _, e := range p.Errors {
		answer.Reject(e.Line, &engine.Error{Code: e.Code, Detail: e.Detail})
	}
}

func (s *Scheduler) newBulk(ctx context.Context, r enqueueRequest) *bulk {
	return &bulk{s: s, ctx: ctx, r: r, answer: api.NewBulk()}
}

// line takes one line.
func (b *bulk) line(n int, raw []byte) error {
	b.lines.Write(raw)
	b.lines.WriteByte('\n')
	q, err := b.s.Prepare(b.r.principal.Tenant, b.r.queue, raw, "body")
	if err != nil {
		b.part.reject(n, err)
	} else {
		b.part.IDs = append(b.part.IDs, q.ID().String())
		b.jobs = append(b.jobs, q)
	}
	if len(b.part.IDs) < sliceJobs && b.lines.Len() < sliceBytes {
		return nil
	}
	return b.flush()
}

// flush enqueues what was collected.
func (b *bulk) flush() error {
	if len(b.part.IDs) == 0 {
		return nil
	}
	b.slice++
	part, err := b.s.enqueueSlice(b.ctx, b.r.once(fmt.Sprintf(" slice %d", b.slice), b.lines.Bytes()), b.jobs, b.part)
	if err != nil {
		return err
	}
	part.addTo(b.answer)
	b.part, b.jobs = bulkPart{}, nil
	b.lines.Reset()
	return nil
}

// failed says how far a request came that cannot go on: nothing is taken back.
func (b *bulk) failed(err error) error {
	own, ok := err.(*engine.Error)
	if !ok || b.answer.Accepted == 0 {
		return err
	}
	told := *own
	told.Detail = fmt.Sprintf("%s (the first %d lines were taken; an Idempotency-Key makes it safe to repeat them)", own.Detail, len(b.answer.IDs))
	return &told
}

// enqueueSlice writes jobs in one update together with the answer that is kept
// for their part of a request.
func (s *Scheduler) enqueueSlice(ctx context.Context, once engine.Once, jobs []*Enqueue, part bulkPart) (bulkPart, error) {
	kept, err := json.Marshal(part)
	if err != nil {
		return part, err
	}
	weight := 0
	for _, q := range jobs {
		weight += 1024 + len(q.plan.payload)
	}
	answer, replayed, err := s.e.Answers.Run(ctx, once.Principal.Tenant, once, func(tx *engine.Tx) ([]byte, error) {
		for _, q := range jobs {
			s.EnqueueTx(tx, q)
		}
		return kept, nil
	}, engine.Bulk, engine.Weight(weight))
	if err != nil {
		return part, err
	}
	if !replayed {
		if len(jobs) > 0 {
			s.Enqueued(once.Principal.Tenant, jobs[0].Queue(), len(jobs))
		}
		return part, nil
	}
	var first bulkPart
	return first, json.Unmarshal(answer, &first)
}

const maxAtomic = 100 // jobs that are enqueued all or nothing

// enqueueAtomic enqueues all jobs of a request in one update, or none.
func (s *Scheduler) enqueueAtomic(ctx context.Context, r enqueueRequest) (*api.Bulk, error) {
	var jobs []*Enqueue
	var part bulkPart
	var all bytes.Buffer
	var faults []engine.FieldError
	err := api.Lines(r.body, maxAtomic, maxLine, func(n int, raw []byte) error {
		all.Write(raw)
		all.WriteByte('\n')
		if all.Len() > sliceBytes {
			return engine.Errorf(engine.TooLarge, "too_large", "jobs that are enqueued all or nothing may have %d bytes together", sliceBytes)
		}
		q, err := s.Prepare(r.principal.Tenant, r.queue, raw, "body")
		if err != nil {
			faults = append(faults, engine.FieldError{Location: fmt.Sprintf("body[%d]", n-1), Message: cutText(api.NewLineError(n, err).Detail, maxDetail)})
			return nil
		}
		jobs, part.IDs = append(jobs, q), append(part.IDs, q.ID().String())
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		return nil, &engine.Error{
			Kind: engine.Invalid, Code: "validation_failed", Fields: slices.Clip(faults),
			Detail: fmt.Sprintf("%d jobs are refused, so none was taken; the first is %s: %s", len(faults), faults[0].Location, faults[0].Message),
		}
	}
	answer := api.NewBulk()
	if len(jobs) == 0 {
		return answer, nil
	}
	part, err = s.enqueueSlice(ctx, r.once(" atomic", all.Bytes()), jobs, part)
	part.addTo(answer)
	return answer, err
}

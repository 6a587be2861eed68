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
}

// bulkPart is one slice, and its answer as it is kept.
type bulkPart struct {
	IDs    []string        `json:"ids"` // in line order, "" for a rejected line
	Errors []api.LineError `json:"errors,omitempty"`

	jobs  []bulkJob
	keys  int // that its jobs write
	bytes int // of its answer, at most
}

// bulkJob is a job of a slice: of which line, and where its id stands.
type bulkJob struct {
	*Enqueue
	line, id int
}

// Limits of a slice: jobs, keys that they write, bytes of the answer, which is
// one value in the store. A job takes at most lineBytes of it, refused by its
// unique key.
const (
	bulkJobs  = 300
	bulkKeys  = 900
	bulkBytes = 58 << 10
	lineBytes = 190
)

// maxDetail bounds what is kept of one error, which may quote its input.
const maxDetail = 240

func (p *bulkPart) accept(line int, q *Enqueue) {
	p.jobs = append(p.jobs, bulkJob{q, line, len(p.IDs)})
	p.IDs, p.keys, p.bytes = append(p.IDs, q.ID().String()), p.keys+q.keys(), p.bytes+lineBytes
}

func (p *bulkPart) reject(line int, err error) {
	e := shortError(line, err)
	text, _ := json.Marshal(e) // escapes make it longer than it looks
	p.IDs, p.Errors, p.bytes = append(p.IDs, ""), append(p.Errors, e), p.bytes+len(text)+len(`"",`)
}

func (p *bulkPart) full() bool {
	return len(p.IDs) >= bulkJobs || p.keys >= bulkKeys || p.bytes >= bulkBytes
}

func shortError(line int, err error) api.LineError {
	e := api.NewLineError(line, err)
	e.Detail = cutText(e.Detail, maxDetail)
	return e
}

// addTo adds a slice's answer to that of the request.
func (p *bulkPart) addTo(answer *api.Bulk) {
	answer.IDs = append(answer.IDs, p.IDs...)
	answer.Accepted += len(p.IDs) - len(p.Errors)
	for _, e := range p.Errors {
		answer.Reject(e.Line, &engine.Error{Code: e.Code, Detail: e.Detail})
	}
}

// write enqueues the slice's jobs in tx. Those whose unique key is taken, or
// whose queue is drained, are rejected: the slice that is returned is the answer.
func (p *bulkPart) write(s *Scheduler, tx *engine.Tx) (answer bulkPart, err error) {
	answer = bulkPart{IDs: p.IDs, Errors: p.Errors}
	if len(p.jobs) > 0 { // they are all of one queue
		if err := ensureQueue(tx, p.jobs[0].Queue(), p.jobs[0].fixed.created); err != nil {
			return answer, err
		}
	}
	for _, q := range p.jobs {
		err := s.write(tx, q.Enqueue)
		if isCode(err, codeJobExists) || err == errQueueDraining {
			if len(answer.Errors) == len(p.Errors) {
				answer.IDs, answer.Errors = slices.Clone(p.IDs), slices.Clone(p.Errors)
			}
			answer.IDs[q.id], answer.Errors = "", append(answer.Errors, shortError(q.line, err))
		} else if err != nil {
			return answer, err
		}
	}
	slices.SortStableFunc(answer.Errors, func(a, b api.LineError) int { return a.Line - b.Line })
	return answer, nil
}

func (s *Scheduler) newBulk(ctx context.Context, r enqueueRequest) *bulk {
	return &bulk{s: s, ctx: ctx, r: r, answer: api.NewBulk()}
}

// line takes one line.
func (b *bulk) line(n int, raw []byte) error {
	b.lines.Write(raw)
	b.lines.WriteByte('\n')
	if q, err := b.s.prepareLine(b.ctx, b.r, raw); err != nil {
		b.part.reject(n, err)
	} else {
		b.part.accept(n, q)
	}
	if !b.part.full() && b.lines.Len() < sliceBytes {
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
	part, err := b.s.enqueueSlice(b.ctx, b.r.once(fmt.Sprintf(" slice %d", b.slice), b.lines.Bytes()), b.part)
	if err != nil {
		return err
	}
	part.addTo(b.answer)
	b.part = bulkPart{}
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
func (s *Scheduler) enqueueSlice(ctx context.Context, once engine.Once, part bulkPart) (answer bulkPart, err error) {
	weight := 0
	for _, q := range part.jobs {
		weight += q.weight()
	}
	kept, replayed, err := s.e.Answers.Run(ctx, once.Principal.Tenant, once, func(tx *engine.Tx) (kept []byte, err error) {
		if answer, err = part.write(s, tx); err != nil || once.Key == "" {
			return nil, err
		}
		return json.Marshal(answer)
	}, engine.Bulk, engine.Weight(weight))
	if err != nil {
		return part, err
	}
	if replayed {
		answer = bulkPart{}
		return answer, json.Unmarshal(kept, &answer)
	}
	if n := len(part.jobs) - len(answer.Errors) + len(part.Errors); n > 0 {
		s.Enqueued(once.Principal.Tenant, part.jobs[0].Queue(), n)
	}
	return answer, nil
}

// prepareLine prepares the job of one line of a bulk request.
func (s *Scheduler) prepareLine(ctx context.Context, r enqueueRequest, raw []byte) (*Enqueue, error) {
	q, err := s.read(ctx, r.principal.Tenant, r.queue, raw, "body")
	if err == nil {
		q.trace(r.trace)
	}
	return q, err
}

// Limits of jobs that are enqueued all or nothing.
const (
	maxAtomic      = 100
	maxAtomicBytes = 8 << 20
)

// enqueueAtomic enqueues all jobs of a request in one update, or none.
func (s *Scheduler) enqueueAtomic(ctx context.Context, r enqueueRequest) (*api.Bulk, error) {
	part, all, err := s.readAtomic(ctx, r)
	if err != nil {
		return nil, err
	}
	answer := api.NewBulk()
	if len(part.IDs) == 0 {
		return answer, nil
	}
	if err := refuseAll(part.Errors); err != nil {
		return nil, err
	}
	once := r.once(" atomic", all)
	kept, replayed, err := s.e.Answers.Run(ctx, once.Principal.Tenant, once, func(tx *engine.Tx) ([]byte, error) {
		done, err := part.write(s, tx)
		if err == nil {
			err = refuseAll(done.Errors)
		}
		if err != nil {
			return nil, err
		}
		return json.Marshal(done)
	}, engine.Bulk, engine.Weight(len(all)))
	if err != nil {
		return nil, err
	}
	if replayed {
		part = bulkPart{}
		if err := json.Unmarshal(kept, &part); err != nil {
			return nil, err
		}
	} else {
		s.Enqueued(once.Principal.Tenant, r.queue, len(part.jobs))
	}
	part.addTo(answer)
	return answer, nil
}

// readAtomic reads and prepares all jobs of a request.
func (s *Scheduler) readAtomic(ctx context.Context, r enqueueRequest) (part bulkPart, all []byte, err error) {
	err = api.Lines(r.body, maxAtomic, maxLine, func(n int, raw []byte) error {
		if all = append(append(all, raw...), '\n'); len(all) > maxAtomicBytes {
			return engine.Errorf(engine.TooLarge, "too_large", "jobs that are enqueued all or nothing may have %d bytes together", maxAtomicBytes)
		}
		if q, err := s.prepareLine(ctx, r, raw); err != nil {
			part.reject(n, err)
		} else if part.accept(n, q); part.keys > bulkKeys {
			return engine.Errorf(engine.TooLarge, "too_large", "jobs that are enqueued all or nothing may have fewer tags and unique keys together; send them in parts")
		}
		return nil
	})
	return part, all, err
}

// refuseAll makes the errors of some lines that of the whole request.
func refuseAll(lines []api.LineError) error {
	if len(lines) == 0 {
		return nil
	}
	all := &engine.Error{Kind: engine.Invalid, Code: "validation_failed"}
	same := true
	for _, e := range lines {
		all.Fields = append(all.Fields, engine.FieldError{Location: fmt.Sprintf("body[%d]", e.Line-1), Message: e.Detail})
		same = same && e.Code == lines[0].Code
	}
	if code := lines[0].Code; same && (code == codeJobExists || code == errQueueDraining.Code) {
		all.Kind, all.Code = engine.Conflict, code
	}
	all.Detail = fmt.Sprintf("%d jobs are refused, so none was taken; the first is %s: %s", len(lines), all.Fields[0].Location, all.Fields[0].Message)
	return all
}

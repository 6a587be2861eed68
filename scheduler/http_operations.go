package scheduler

import (
	"context"
	"net/http"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// BulkSpec chooses the jobs of a bulk operation.
type BulkSpec struct {
	Queue  string   `json:"queue,omitempty" doc:"Only of this queue."`
	State  []string `json:"state,omitempty" doc:"Only in these states; without it in all that the operation suits." nullable:"false"`
	Tag    string   `json:"tag,omitempty" doc:"Only with this tag."`
	Filter string   `json:"filter,omitempty" doc:"Only those that pass, as in attempt >= 3 and created_at < '2026-11-01'. Fields: queue, state, key, schedule, tag, created_at, run_at, finished_at, priority, attempt, max_attempts." example:"attempt >= 3"`
	Rate   int      `json:"rate,omitempty" doc:"So many jobs a second, from 1 to 100,000; without it as fast as it goes."`
	DryRun bool     `json:"dry_run,omitempty" doc:"Only count."`
}

// check turns a spec into the record of an operation.
func (b *BulkSpec) check(kind OperationKind) (r operationRecord, sel *selection, err error) {
	r = operationRecord{Kind: kind, Queue: b.Queue, Tag: b.Tag, Filter: b.Filter, Rate: int64(b.Rate), States: suits[kind]}
	if b.Queue != "" {
		if err := api.CheckName("queue", b.Queue); err != nil {
			return r, nil, err
		}
	}
	if b.State != nil {
		if r.States, err = parseStates("body.state", b.State); err != nil {
			return r, nil, err
		}
		if r.States == 0 || r.States&^suits[kind] != 0 {
			return r, nil, invalid("body.state", "has a state that %s is not for: %s", kind, suits[kind])
		}
	}
	if b.Queue == "" && b.Tag == "" && b.Filter == "" && b.State == nil {
		return r, nil, invalid("body", "chooses every job; name a queue, a state, a tag or a filter")
	}
	if b.Rate < 0 || b.Rate > 100_000 {
		return r, nil, invalid("body.rate", "is from 1 to 100,000")
	}
	sel, err = r.selection()
	return r, sel, err
}

// Operation is a bulk operation as clients see it.
type Operation struct {
	ID        engine.ID      `json:"id"`
	Kind      OperationKind  `json:"kind" enum:"redrive,retry,cancel,purge"`
	State     OperationState `json:"state" enum:"running,done,cancelled,failed"`
	Queue     string         `json:"queue,omitempty"`
	States    []string       `json:"states" nullable:"false" doc:"Of the jobs that it chooses."`
	Tag       string         `json:"tag,omitempty"`
	Filter    string         `json:"filter,omitempty"`
	Rate      int64          `json:"rate,omitempty"`
	Total     int            `json:"total" doc:"Jobs among which it chooses, when it began. With a tag it is not known and 0."`
	Looked    int            `json:"looked" doc:"How many of them it has looked at."`
	Changed   int            `json:"changed"`
	Skipped   int            `json:"skipped" doc:"Chosen, and moved by somebody else meanwhile, or refused by a unique key."`
	CreatedAt time.Time      `json:"created_at"`
	EndedAt   *time.Time     `json:"ended_at,omitempty"`
	Error     string         `json:"error,omitempty"`
}

func newOperation(id engine.ID, r *operationRecord) *Operation {
	a := &Operation{
		ID: id, Kind: r.Kind, State: r.State, States: r.States.names(), Queue: r.Queue, Tag: r.Tag, Filter: r.Filter, Rate: r.Rate,
		Total: r.Total, Looked: r.Looked, Changed: r.Changed, Skipped: r.Skipped, CreatedAt: clockTime(r.CreatedAt), Error: r.Error,
	}
	if r.Tag != "" {
		a.Total = 0
	}
	if r.EndedAt != 0 {
		at := clockTime(r.EndedAt)
		a.EndedAt = &at
	}
	return a
}

// bulkAnswer is 202 with the operation, or 200 with a count.
type bulkAnswer struct {
	Status   int
	Location string `header:"Location"`
	Body     BulkStarted
}

// BulkStarted answers a bulk operation.
type BulkStarted struct {
	Matched   *int       `json:"matched,omitempty" doc:"How many jobs a dry run found."`
	Operation *Operation `json:"operation,omitempty" doc:"What runs now; GET /v1/job-operations/{id} tells how far it is."`
}

type bulkInput struct{ Body BulkSpec }

// startBulk makes the handler of one kind of operation.
func (s *Scheduler) startBulk(kind OperationKind) func(context.Context, engine.Tenant, *bulkInput) (*bulkAnswer, error) {
	return func(ctx context.Context, t engine.Tenant, in *bulkInput) (*bulkAnswer, error) {
		r, sel, err := in.Body.check(kind)
		if err != nil {
			return nil, err
		}
		if in.Body.DryRun {
			n, err := s.count(ctx, t, sel)
			return &bulkAnswer{Status: http.StatusOK, Body: BulkStarted{Matched: &n}}, err
		}
		op, err := s.begin(ctx, t, r)
		if err != nil {
			return nil, err
		}
		return &bulkAnswer{http.StatusAccepted, "/v1/job-operations/" + op.ID.String(), BulkStarted{Operation: op}}, nil
	}
}

// OperationPath names a bulk operation.
type OperationPath struct {
	ID string `path:"id"`
}

func (s *Scheduler) getOperation(ctx context.Context, t engine.Tenant, in *OperationPath) (*Operation, error) {
	id, err := engine.ParseID(in.ID)
	if err != nil {
		return nil, errOperationNotFound
	}
	return s.operationOf(ctx, t, id)
}

func (s *Scheduler) getOperations(ctx context.Context, t engine.Tenant, in *PageQuery) (page api.List[*Operation], err error) {
	limit, cursor, err := in.check()
	if err != nil {
		return page, err
	}
	return s.listOperations(ctx, t, limit, cursor)
}

func (s *Scheduler) postCancelOperation(ctx context.Context, t engine.Tenant, in *OperationPath) (*Operation, error) {
	id, err := engine.ParseID(in.ID)
	if err != nil {
		return nil, errOperationNotFound
	}
	s.operations.cancel(t, id)
	return s.operationOf(ctx, t, id)
}

package scheduler

import (
	"context"
	"encoding/json"

	"quintet/engine"
	"quintet/engine/api"
)

// JobPath names a job. What is not an id names none.
type JobPath struct {
	ID string `path:"id"`
}

func (p JobPath) check() (engine.ID, error) {
	id, err := engine.ParseID(p.ID)
	if err != nil {
		return id, errJobNotFound
	}
	return id, nil
}

type listInput struct {
	PageQuery
	Queue string `query:"queue" doc:"Only of this queue."`
	State string `query:"state" doc:"Only in this state: scheduled, ready, running, retrying, done, dead or cancelled."`
	Tag   string `query:"tag" doc:"Not supported yet."`
}

func (in *listInput) filter() (f jobFilter, err error) {
	if in.Tag != "" {
		return f, api.NotSupported("query.tag")
	}
	if f.queue = in.Queue; in.Queue != "" {
		if err := api.CheckName("queue", in.Queue); err != nil {
			return f, err
		}
	}
	if in.State != "" {
		var ok bool
		if f.state, ok = parseState(in.State); !ok {
			return f, invalid("query.state", "is one of scheduled, ready, running, retrying, done, dead, cancelled")
		}
	}
	return f, nil
}

func (s *Scheduler) getJobs(ctx context.Context, t engine.Tenant, in *listInput) (page api.List[*Job], err error) {
	f, err := in.filter()
	if err != nil {
		return page, err
	}
	limit, cursor, err := in.check()
	if err != nil {
		return page, err
	}
	return s.list(ctx, t, f, limit, cursor)
}

// ofJob makes a handler of what takes nothing but a job's id.
func ofJob(run func(context.Context, engine.Tenant, engine.ID) (*Job, error)) func(context.Context, engine.Tenant, *JobPath) (*Job, error) {
	return func(ctx context.Context, t engine.Tenant, in *JobPath) (*Job, error) {
		id, err := in.check()
		if err != nil {
			return nil, err
		}
		return run(ctx, t, id)
	}
}

type redriveInput struct {
	Body struct {
		Queue  string          `json:"queue"`
		DryRun bool            `json:"dry_run,omitempty" doc:"Only count."`
		Filter json.RawMessage `json:"filter,omitempty" doc:"Not supported yet."`
	}
}

// Redrive tells what became of a queue's dead letters.
type Redrive struct {
	Matched   int `json:"matched" doc:"Dead letters of the queue when the call began."`
	Redriven  int `json:"redriven" doc:"How many of them are ready now."`
	Remaining int `json:"remaining" doc:"One call takes up to 10,000; call again for the rest."`
}

func (s *Scheduler) postRedrive(ctx context.Context, t engine.Tenant, in *redriveInput) (Redrive, error) {
	if in.Body.Filter != nil {
		return Redrive{}, api.NotSupported("body.filter")
	}
	if err := api.CheckName("queue", in.Body.Queue); err != nil {
		return Redrive{}, err
	}
	matched, redriven, err := s.redrive(ctx, t, in.Body.Queue, in.Body.DryRun)
	return Redrive{matched, redriven, matched - redriven}, err
}

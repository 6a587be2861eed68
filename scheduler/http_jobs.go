package scheduler

import (
	"context"
	"net/http"
	"strings"

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
	Queue  string `query:"queue" doc:"Only of this queue."`
	State  string `query:"state" doc:"Only in these states, between commas: scheduled, ready, running, retrying, done, dead, cancelled."`
	Tag    string `query:"tag" doc:"Only with this tag."`
	Filter string `query:"filter" doc:"Only those that pass, as in attempt >= 3. Fields: queue, state, key, schedule, tag, created_at, run_at, finished_at, priority, attempt, max_attempts. A page may then be short while its next leads on."`
}

func (in *listInput) selection() (sel *selection, err error) {
	sel = &selection{queue: in.Queue, tag: in.Tag}
	if in.Queue != "" {
		if err := api.CheckName("queue", in.Queue); err != nil {
			return nil, err
		}
	}
	if in.State != "" {
		for _, name := range strings.Split(in.State, ",") {
			state, ok := parseState(name)
			if !ok {
				return nil, invalid("query.state", "%s", stateWords)
			}
			sel.states |= 1 << state
		}
	}
	sel.filter, err = parseJobFilter("query.filter", in.Filter)
	return sel, err
}

func (s *Scheduler) getJobs(ctx context.Context, t engine.Tenant, in *listInput) (page api.List[*Job], err error) {
	sel, err := in.selection()
	if err != nil {
		return page, err
	}
	limit, cursor, err := in.check()
	if err != nil {
		return page, err
	}
	return s.list(ctx, t, sel, limit, cursor)
}

// jobAnswer carries a job and its version.
type jobAnswer struct {
	ETag string `header:"ETag"`
	Body *Job
}

func newJobAnswer(a *Job, err error) (*jobAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &jobAnswer{a.etag, a}, nil
}

// ofJob makes a handler of what takes nothing but a job's id.
func ofJob(run func(context.Context, engine.Tenant, engine.ID) (*Job, error)) func(context.Context, engine.Tenant, *JobPath) (*jobAnswer, error) {
	return func(ctx context.Context, t engine.Tenant, in *JobPath) (*jobAnswer, error) {
		id, err := in.check()
		if err != nil {
			return nil, err
		}
		return newJobAnswer(run(ctx, t, id))
	}
}

type patchInput struct {
	JobPath
	IfMatch string `header:"If-Match" doc:"Change only this version."`
	Body    JobPatch
}

func (s *Scheduler) patchJob(ctx context.Context, t engine.Tenant, in *patchInput) (*jobAnswer, error) {
	id, err := in.check()
	if err != nil {
		return nil, err
	}
	return newJobAnswer(s.patch(ctx, t, id, in.IfMatch, in.Body))
}

func (s *Scheduler) deleteJob(ctx context.Context, t engine.Tenant, in *JobPath) (*noContent, error) {
	id, err := in.check()
	if err != nil {
		return nil, err
	}
	if err := s.removeJob(ctx, t, id); err != nil {
		return nil, err
	}
	return &noContent{http.StatusNoContent}, nil
}

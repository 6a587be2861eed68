package scheduler

import (
	"context"
	"net/http"

	"quintet/engine"
	"quintet/engine/api"
)

// QueuePath names a queue.
type QueuePath struct {
	Queue string `path:"queue"`
}

// queueAnswer carries a queue and its version.
type queueAnswer struct {
	Status int
	ETag   string `header:"ETag"`
	Body   Queue
}

func (s *Scheduler) getQueues(_ context.Context, t engine.Tenant, in *PageQuery) (page api.List[Queue], err error) {
	limit, cursor, err := in.check()
	if err != nil {
		return page, err
	}
	return s.queues(t, limit, cursor), nil
}

// answerQueue reads a queue for an answer.
func (s *Scheduler) answerQueue(ctx context.Context, t engine.Tenant, name string, status int) (*queueAnswer, error) {
	q, etag, err := s.queueOf(ctx, t, name)
	if err != nil {
		return nil, err
	}
	return &queueAnswer{status, etag, q}, nil
}

func (s *Scheduler) getQueue(ctx context.Context, t engine.Tenant, in *QueuePath) (*queueAnswer, error) {
	return s.answerQueue(ctx, t, in.Queue, http.StatusOK)
}

type putQueueInput struct {
	QueuePath
	IfMatch string `header:"If-Match" doc:"The ETag of what is replaced."`
	Body    QueueSpec
}

func (s *Scheduler) putQueue(ctx context.Context, t engine.Tenant, in *putQueueInput) (*queueAnswer, error) {
	_, created, err := s.defineQueue(ctx, t, in.Queue, in.IfMatch, in.Body)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return s.answerQueue(ctx, t, in.Queue, status)
}

type deleteQueueInput struct {
	QueuePath
	IfMatch string `header:"If-Match" doc:"Delete only this version."`
}

func (s *Scheduler) removeQueue(ctx context.Context, t engine.Tenant, in *deleteQueueInput) (*noContent, error) {
	if err := s.deleteQueue(ctx, t, in.Queue, in.IfMatch); err != nil {
		return nil, err
	}
	return &noContent{http.StatusNoContent}, nil
}

// maxNote bounds why somebody paused something, in bytes.
const maxNote = 512

type queueStateInput struct {
	QueuePath
	Body *struct {
		Note string `json:"note,omitempty" doc:"Why, for whoever finds it so; at most 512 bytes."`
	}
}

// toState makes a handler that brings a queue into a state.
func (s *Scheduler) toState(state QueueState) func(context.Context, engine.Tenant, *queueStateInput) (*queueAnswer, error) {
	return func(ctx context.Context, t engine.Tenant, in *queueStateInput) (*queueAnswer, error) {
		note := ""
		if in.Body != nil {
			var err error
			if note, err = word("body.note", in.Body.Note, maxNote); err != nil {
				return nil, err
			}
		}
		if _, err := s.setState(ctx, t, in.Queue, state, note); err != nil {
			return nil, err
		}
		return s.answerQueue(ctx, t, in.Queue, http.StatusOK)
	}
}

package scheduler

import (
	"context"

	"quintet/engine"
	"quintet/engine/api"
)

// QueuePath names a queue.
type QueuePath struct {
	Queue string `path:"queue"`
}

func (s *Scheduler) getQueues(_ context.Context, t engine.Tenant, in *PageQuery) (page api.List[Queue], err error) {
	limit, cursor, err := in.check()
	if err != nil {
		return page, err
	}
	return s.queues(t, limit, cursor), nil
}

func (s *Scheduler) getQueue(_ context.Context, t engine.Tenant, in *QueuePath) (Queue, error) {
	return s.queue(t, in.Queue)
}

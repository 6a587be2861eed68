package scheduler

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

// Times of live connections.
const (
	aliveEvery = 15 * time.Second       // a comment shows that the connection lives
	queuePace  = 250 * time.Millisecond // between two events of a queue
)

func (s *Scheduler) liveRoutes(e *echo.Echo, document *huma.OpenAPI) {
	e.GET("/v1/jobs/:id/live", s.getJobLive)
	document.AddOperation(liveOperation("/v1/jobs/{id}/live", "id", "live-job", "Follow a job",
		"Server-sent events: \"job\" with what GET /v1/jobs/{id} answers, at once and after each change. \"goodbye\" ends it: the job has ended, or the server stops."))
	e.GET("/v1/queues/:queue/live", s.getQueueLive)
	document.AddOperation(liveOperation("/v1/queues/{queue}/live", "queue", "live-queue", "Follow a queue",
		"Server-sent events: \"queue\" with what GET /v1/queues/{queue} answers, at once and after changes, four times a second at most. \"goodbye\" comes before the server ends it."))
}

func liveOperation(path, parameter, id, summary, description string) *huma.Operation {
	op := operation(http.MethodGet, path, id, "read", summary)
	op.Description = description
	op.Parameters = []*huma.Param{{Name: parameter, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "Events.", Content: map[string]*huma.MediaType{api.MediaEvents: {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	return &op
}

var (
	goodbyeStopping = api.Goodbye{Code: "stopping", Detail: "the server is shutting down; connect again shortly"}
	goodbyeEnded    = api.Goodbye{Code: "job_ended", Detail: "the job has ended; this was its last change"}
	goodbyeGone     = api.Goodbye{Code: "gone", Detail: "what was followed is gone"}
)

// follow sends what read gives, at once and whenever w is signalled, at most
// once in pace, until read says that this was the last.
func (s *Scheduler) follow(ctx context.Context, l *api.Events, w *watcher, event string, pace time.Duration, read func() (v any, last bool, err error)) {
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for {
		v, last, err := read()
		if err != nil {
			_ = l.Send("goodbye", goodbyeGone)
			return
		}
		if err := l.Send(event, v); err != nil {
			return
		}
		if last {
			_ = l.Send("goodbye", goodbyeEnded)
			return
		}
		if !s.await(ctx, l, w, alive, pace) {
			return
		}
	}
}

// await waits for the next change, and reports whether there is one to send.
func (s *Scheduler) await(ctx context.Context, l *api.Events, w *watcher, alive *time.Ticker, pace time.Duration) bool {
	ready := time.NewTimer(pace)
	defer ready.Stop()
	changed := w.changed
	for paced, dirty := false, false; ; {
		select {
		case <-changed:
			dirty, changed = true, nil
		case <-ready.C:
			paced = true
		case <-alive.C:
			if l.Comment("still here") != nil {
				return false
			}
		case <-s.leaving:
			_ = l.Send("goodbye", goodbyeStopping)
			return false
		case <-ctx.Done():
			return false
		}
		if paced && dirty {
			return true
		}
	}
}

func (s *Scheduler) getJobLive(c echo.Context) error {
	ctx := c.Request().Context()
	who, err := principalOf(ctx)
	if err != nil {
		return err
	}
	id, err := JobPath{c.Param("id")}.check()
	if err != nil {
		return err
	}
	if _, err := s.job(ctx, who.Tenant, id); err != nil {
		return err
	}
	w, end, err := s.board.watchJob(who.Tenant, id)
	if err != nil {
		return err
	}
	defer end()
	s.follow(ctx, api.OpenEvents(c.Response()), w, "job", 0, func() (any, bool, error) {
		a, err := s.job(ctx, who.Tenant, id)
		return a, err == nil && a.FinishedAt != nil, err
	})
	return nil
}

func (s *Scheduler) getQueueLive(c echo.Context) error {
	ctx := c.Request().Context()
	who, err := principalOf(ctx)
	if err != nil {
		return err
	}
	name := c.Param("queue")
	if err := api.CheckName("queue", name); err != nil {
		return err
	}
	if _, err := s.standing(who.Tenant, name); err != nil {
		return err
	}
	w, end, err := s.board.watchQueue(who.Tenant, name)
	if err != nil {
		return err
	}
	defer end()
	s.follow(ctx, api.OpenEvents(c.Response()), w, "queue", queuePace, func() (any, bool, error) {
		q, _, err := s.queueOf(ctx, who.Tenant, name)
		return q, false, err
	})
	return nil
}

// JobCheck is what a check found.
type JobCheck struct {
	Checked  int      `json:"checked" doc:"Entries that were proved."`
	Problems int      `json:"problems"`
	Found    []string `json:"found" nullable:"false" doc:"The first 100 problems."`
}

// postCheck proves the caller's jobs in slices, each over one moment.
func (s *Scheduler) postCheck(ctx context.Context, t engine.Tenant, _ *struct{}) (JobCheck, error) {
	answer := JobCheck{Found: []string{}}
	c := newChecking(t, func(text string) {
		if len(answer.Found) < 100 {
			answer.Found = append(answer.Found, text)
		}
	})
	err := s.checkTenant(ctx, c)
	answer.Checked, answer.Problems = c.checked, c.problems
	return answer, err
}

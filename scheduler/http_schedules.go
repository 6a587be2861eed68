package scheduler

import (
	"context"
	"net/http"

	"quintet/engine"
	"quintet/engine/api"
)

// SchedulePath names a schedule.
type SchedulePath struct {
	ID string `path:"id"`
}

// scheduleAnswer carries a schedule and its version.
type scheduleAnswer struct {
	Status int
	ETag   string `header:"ETag"`
	Body   *Schedule
}

func newScheduleAnswer(status int, name string, sc *schedule, cur cursor) *scheduleAnswer {
	return &scheduleAnswer{Status: status, ETag: sc.etag(), Body: newSchedule(name, sc, cur)}
}

type putScheduleInput struct {
	SchedulePath
	IfMatch string `header:"If-Match" doc:"The ETag of what is replaced."`
	Body    ScheduleSpec
}

func (s *Scheduler) putSchedule(ctx context.Context, t engine.Tenant, in *putScheduleInput) (*scheduleAnswer, error) {
	sc, cur, created, err := s.define(ctx, t, in.ID, in.IfMatch, in.Body)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return newScheduleAnswer(status, in.ID, sc, cur), nil
}

func (s *Scheduler) getSchedule(ctx context.Context, t engine.Tenant, in *SchedulePath) (*scheduleAnswer, error) {
	sc, cur, err := s.schedule(ctx, t, in.ID)
	if err != nil {
		return nil, err
	}
	return newScheduleAnswer(http.StatusOK, in.ID, sc, cur), nil
}

func (s *Scheduler) getSchedules(ctx context.Context, t engine.Tenant, in *PageQuery) (page api.List[*Schedule], err error) {
	limit, cursor, err := in.check()
	if err != nil {
		return page, err
	}
	return s.schedules(ctx, t, limit, cursor)
}

type deleteScheduleInput struct {
	SchedulePath
	IfMatch string `header:"If-Match" doc:"Delete only this version."`
}

type noContent struct{ Status int }

func (s *Scheduler) deleteSchedule(ctx context.Context, t engine.Tenant, in *deleteScheduleInput) (*noContent, error) {
	if err := s.undefine(ctx, t, in.ID, in.IfMatch); err != nil {
		return nil, err
	}
	return &noContent{http.StatusNoContent}, nil
}

type previewInput struct {
	SchedulePath
	N int `query:"n" default:"10" doc:"How many ticks, up to 1,000."`
}

func (s *Scheduler) getPreview(ctx context.Context, t engine.Tenant, in *previewInput) (*SchedulePreview, error) {
	return s.preview(ctx, t, in.ID, in.N)
}

type previewSpecInput struct {
	N    int `query:"n" default:"10" doc:"How many ticks, up to 1,000."`
	Body ScheduleSpec
}

func (s *Scheduler) postPreview(_ context.Context, _ engine.Tenant, in *previewSpecInput) (*SchedulePreview, error) {
	return s.previewOf(in.Body, in.N)
}

type pauseInput struct {
	SchedulePath
	Body *struct {
		Note string `json:"note,omitempty" doc:"Why, for whoever looks at it later; up to 500 characters."`
	}
}

func (s *Scheduler) postPause(ctx context.Context, t engine.Tenant, in *pauseInput) (*scheduleAnswer, error) {
	note := ""
	if in.Body != nil {
		note = in.Body.Note
	}
	sc, cur, err := s.pause(ctx, t, in.ID, note)
	if err != nil {
		return nil, err
	}
	return newScheduleAnswer(http.StatusOK, in.ID, sc, cur), nil
}

func (s *Scheduler) postResume(ctx context.Context, t engine.Tenant, in *SchedulePath) (*scheduleAnswer, error) {
	sc, cur, err := s.resume(ctx, t, in.ID)
	if err != nil {
		return nil, err
	}
	return newScheduleAnswer(http.StatusOK, in.ID, sc, cur), nil
}

type runInput struct {
	SchedulePath
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"Makes the request repeatable for 24 hours."`
}

// runAnswer carries the job that was made.
type runAnswer struct {
	Status int
	Body   *Job
}

func (s *Scheduler) postRun(ctx context.Context, t engine.Tenant, in *runInput) (*runAnswer, error) {
	who, err := principalOf(ctx)
	if err != nil {
		return nil, err
	}
	j, err := s.runNow(ctx, t, in.ID, engine.Once{Principal: who, Route: "POST /v1/schedules/" + in.ID + "/run", Key: in.Key})
	if err != nil {
		return nil, err
	}
	return &runAnswer{http.StatusCreated, j}, nil
}

type backfillInput struct {
	SchedulePath
	Body backfillSpec
}

func (s *Scheduler) postBackfill(ctx context.Context, t engine.Tenant, in *backfillInput) (Backfill, error) {
	return s.backfill(ctx, t, in.ID, in.Body)
}

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

package scheduler

import (
	"context"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// schedule reads one schedule.
func (s *Scheduler) schedule(ctx context.Context, t engine.Tenant, name string) (sc *schedule, cur cursor, err error) {
	err = s.e.Store.View(ctx, t, func(v *engine.View) (err error) {
		if sc, err = loadSchedule(v, name); err == nil {
			cur, err = loadCursor(v, name)
		}
		return err
	})
	return sc, cur, err
}

// schedules returns a page of the tenant's schedules by name.
func (s *Scheduler) schedules(ctx context.Context, t engine.Tenant, limit int, from []byte) (page api.List[*Schedule], err error) {
	var list []*Schedule
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		list = nil
		if from != nil {
			from = append(from[:len(from):len(from)], 0) // behind the last one
		}
		for key := range v.Keys(bucketSchedules, from, nil) {
			sc, err := loadSchedule(v, string(key))
			if err != nil {
				return err
			}
			cur, err := loadCursor(v, string(key))
			if err != nil {
				return err
			}
			if list = append(list, newSchedule(string(key), sc, cur)); len(list) > limit {
				break
			}
		}
		return nil
	})
	return api.NewList(list, limit, func(a *Schedule) []byte { return []byte(a.ID) }), err
}

// SchedulePreview is what a schedule will do.
type SchedulePreview struct {
	Ticks []ScheduleTick `json:"ticks" nullable:"false"`
	Note  string         `json:"note,omitempty" doc:"What the expression means, where it surprises."`
}

// ScheduleTick is one instant of a schedule, in its zone.
type ScheduleTick struct {
	Time time.Time `json:"time"`
	Note string    `json:"note,omitempty" doc:"What the zone's clock does to it." example:"02:30 does not exist on this day; runs at 03:00"`
}

const (
	defaultPreview = 10
	maxPreview     = 1_000
)

// preview lists the next n ticks.
func (s *Scheduler) preview(ctx context.Context, t engine.Tenant, name string, n int) (*SchedulePreview, error) {
	if n < 1 || n > maxPreview {
		return nil, invalid("query.n", "is from 1 to %d", maxPreview)
	}
	sc, cur, err := s.schedule(ctx, t, name)
	if err != nil {
		return nil, err
	}
	c, _, err := sc.Definition.check()
	if err != nil {
		return nil, err
	}
	a := &SchedulePreview{Ticks: []ScheduleTick{}}
	if c.eitherDay {
		a.Note = "day of month and day of week are both given: it runs on days that match either"
	}
	after := time.UnixMilli(max(cur.passed, s.now()))
	for range n {
		next, ok := c.next(after)
		if !ok {
			break
		}
		a.Ticks = append(a.Ticks, ScheduleTick{Time: next.In(c.zone), Note: c.note(next)})
		after = next
	}
	return a, nil
}

package scheduler

import (
	"context"

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

// ruled reads one schedule with what its definition says.
func (s *Scheduler) ruled(ctx context.Context, t engine.Tenant, name string) (sc *schedule, cur cursor, r *rules, err error) {
	if sc, cur, err = s.schedule(ctx, t, name); err == nil {
		r, err = sc.rules(&s.zones)
	}
	return sc, cur, r, err
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

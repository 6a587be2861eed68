package scheduler

import (
	"context"
	"time"

	"quintet/engine"
)

// SchedulePreview is what a schedule will do.
type SchedulePreview struct {
	Ticks []ScheduleTick `json:"ticks" nullable:"false"`
	Note  string         `json:"note,omitempty" doc:"What the definition means, where it surprises."`
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

func checkPreview(n int) error {
	if n < 1 || n > maxPreview {
		return invalid("query.n", "is from 1 to %d", maxPreview)
	}
	return nil
}

// preview lists the next n ticks of a schedule, while paused those that it
// would have.
func (s *Scheduler) preview(ctx context.Context, t engine.Tenant, name string, n int) (*SchedulePreview, error) {
	if err := checkPreview(n); err != nil {
		return nil, err
	}
	sc, cur, r, err := s.ruled(ctx, t, name)
	if err != nil {
		return nil, err
	}
	a := r.preview(max(cur.passed, s.now()), n)
	if sc.Paused != nil {
		a.say("paused: these ticks are passed over until it is resumed")
	}
	return a, nil
}

// previewOf lists the next n ticks of what would be a schedule from now on.
func (s *Scheduler) previewOf(d ScheduleSpec, n int) (*SchedulePreview, error) {
	if err := checkPreview(n); err != nil {
		return nil, err
	}
	r, err := d.check(&s.zones)
	if err != nil {
		return nil, err
	}
	now := s.now()
	r.made(s.e.IDs.New(), now)
	a := r.preview(now, n)
	if len(a.Ticks) == 0 {
		return nil, d.neverFires()
	}
	return a, nil
}

func (r *rules) preview(after int64, n int) *SchedulePreview {
	a := &SchedulePreview{Ticks: []ScheduleTick{}}
	if r.timing.cron != nil && r.timing.cron.eitherDay {
		a.say("day of month and day of week are both given: it runs on days that match either")
	}
	if r.jitter > 0 {
		a.say("jitter: each job is due somewhat after its tick")
	}
	for range n {
		tick, ok := r.timing.next(after)
		if !ok {
			break
		}
		a.Ticks = append(a.Ticks, ScheduleTick{Time: time.UnixMilli(tick).In(r.timing.zone()), Note: r.timing.note(tick)})
		after = tick
	}
	return a
}

// say adds a note.
func (a *SchedulePreview) say(note string) {
	if a.Note != "" {
		a.Note += "; "
	}
	a.Note += note
}

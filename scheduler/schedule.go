package scheduler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"quintet/engine"
)

// schedule is a definition as it is stored.
type schedule struct {
	Format     int          `json:"format"`
	Creation   engine.ID    `json:"creation"` // of this schedule, not of its name: part of its jobs' ids
	CreatedAt  int64        `json:"created_at"`
	UpdatedAt  int64        `json:"updated_at"`
	Version    uint64       `json:"version"` // the commit that wrote it; its ETag
	Paused     *pause       `json:"paused,omitempty"`
	Definition ScheduleSpec `json:"definition"`
}

// pause is why a schedule does not tick.
type pause struct {
	Note string `json:"note"`
}

const formatSchedule = 1

// maxDefinition bounds a stored schedule, which is one value of the store. It
// leaves room for the note of a pause.
const maxDefinition = 64<<10 - 256

func (sc *schedule) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(sc); err != nil {
		return nil, err
	}
	if b.Len() > maxDefinition {
		return nil, engine.Errorf(engine.TooLarge, "payload_too_large", "a schedule may have %d bytes, its job's payload and the note of a pause included", maxDefinition)
	}
	return b.Bytes(), nil
}

// loadSchedule reads a schedule, errScheduleNotFound if there is none.
func loadSchedule(r engine.Reader, name string) (*schedule, error) {
	value := r.Get(bucketSchedules, []byte(name))
	if value == nil {
		return nil, errScheduleNotFound
	}
	sc := &schedule{}
	if err := json.Unmarshal(value, sc); err != nil || sc.Format != formatSchedule {
		return nil, fmt.Errorf("a schedule of format %d cannot be read: %w", sc.Format, err)
	}
	return sc, nil
}

// rules are what the stored definition says.
func (sc *schedule) rules(z *zones) (*rules, error) {
	d := sc.Definition
	r, err := d.check(z)
	if err != nil {
		return nil, err
	}
	r.version = sc.Version
	r.made(sc.Creation, sc.CreatedAt)
	return r, nil
}

func (sc *schedule) etag() string { return fmt.Sprintf("%q", fmt.Sprint(sc.Version)) }

// Schedule is a schedule as clients see it.
type Schedule struct {
	ID string `json:"id"`
	ScheduleSpec
	Paused    bool       `json:"paused" doc:"Its ticks are passed over until it is resumed."`
	Note      string     `json:"note,omitempty" doc:"Of the pause."`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	Next      *time.Time `json:"next" doc:"The next tick; null while paused, and after the last one."`
	LastTick  *time.Time `json:"last_tick" doc:"The newest tick that made a job."`
	LastJob   *engine.ID `json:"last_job"`
}

func newSchedule(name string, sc *schedule, cur cursor) *Schedule {
	a := &Schedule{
		ID: name, ScheduleSpec: sc.Definition, Paused: sc.Paused != nil,
		CreatedAt: clockTime(sc.CreatedAt), UpdatedAt: clockTime(sc.UpdatedAt),
	}
	if sc.Paused != nil {
		a.Note = sc.Paused.Note
	}
	if cur.next != 0 {
		at := clockTime(cur.next)
		a.Next = &at
	}
	if cur.fired != 0 {
		at, id := clockTime(cur.fired), cur.job
		a.LastTick, a.LastJob = &at, &id
	}
	return a
}

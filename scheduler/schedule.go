package scheduler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// ScheduleSpec is a schedule as a client defines it.
type ScheduleSpec struct {
	Cron    string  `json:"cron,omitempty" doc:"Minute, hour, day of month, month, day of week. Fixed times are appointments, which happen once where the zone's clock jumps; with * or / among hours or minutes they follow real time." example:"30 2 * * *"`
	Zone    string  `json:"zone,omitempty" doc:"A name of the IANA database." default:"UTC" example:"Europe/Berlin"`
	Queue   string  `json:"queue" example:"reports"`
	Job     JobSpec `json:"job,omitempty" doc:"The job of each tick, without delay and run_at."`
	Missed  string  `json:"missed,omitempty" doc:"What becomes of ticks that no server was there for: latest runs the last of them, none runs none. A tick is missed when it is 10 s late." default:"latest" example:"latest"`
	Overlap string  `json:"overlap,omitempty" doc:"What becomes of a tick while the job of an earlier one has not ended: skip, or allow." default:"skip" example:"skip"`

	// Described in the contract and not built yet.
	Every        json.RawMessage `json:"every,omitempty" doc:"Not supported yet."`
	At           json.RawMessage `json:"at,omitempty" doc:"Not supported yet."`
	MissedMax    json.RawMessage `json:"missed_max,omitempty" doc:"Not supported yet."`
	MissedWindow json.RawMessage `json:"missed_window,omitempty" doc:"Not supported yet."`
}

// check refuses what cannot be scheduled and fills in the defaults, so that
// equal definitions become equal bytes.
func (d *ScheduleSpec) check() (*cron, plan, error) {
	for _, f := range []struct {
		name  string
		value json.RawMessage
	}{{"every", d.Every}, {"at", d.At}, {"missed_max", d.MissedMax}, {"missed_window", d.MissedWindow}} {
		if f.value != nil {
			return nil, plan{}, api.NotSupported("body." + f.name)
		}
	}
	if err := api.CheckName("queue", d.Queue); err != nil {
		return nil, plan{}, err
	}
	if err := choose("missed", &d.Missed, []string{"latest", "none"}, []string{"all"}); err != nil {
		return nil, plan{}, err
	}
	if err := choose("overlap", &d.Overlap, []string{"skip", "allow"}, []string{"buffer", "cancel"}); err != nil {
		return nil, plan{}, err
	}
	if d.Job.Delay != "" || d.Job.RunAt != "" {
		return nil, plan{}, invalid("body.job", "has no delay and no run_at: the ticks say when it runs")
	}
	p, err := d.Job.check("body.job")
	if err != nil {
		return nil, plan{}, err
	}
	d.Job.Payload = p.payload
	if d.Zone == "" {
		d.Zone = "UTC"
	}
	c, err := parseCron(d.Cron, d.Zone)
	return c, p, err
}

// choose checks one of a few words; the first is the default.
func choose(name string, value *string, words, later []string) error {
	if *value == "" {
		*value = words[0]
	}
	for _, w := range words {
		if *value == w {
			return nil
		}
	}
	for _, w := range later {
		if *value == w {
			return api.NotSupported("body." + name)
		}
	}
	return invalid("body."+name, "is none of %v", words)
}

// schedule is a definition as it is stored.
type schedule struct {
	Format     int          `json:"format"`
	Creation   engine.ID    `json:"creation"` // of this schedule, not of its name: part of its jobs' ids
	CreatedAt  int64        `json:"created_at"`
	UpdatedAt  int64        `json:"updated_at"`
	Version    uint64       `json:"version"` // the commit that wrote it; its ETag
	Definition ScheduleSpec `json:"definition"`
}

const formatSchedule = 1

// maxDefinition bounds a stored schedule, which is one value of the store.
const maxDefinition = 64<<10 - 256

func (sc *schedule) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(sc); err != nil {
		return nil, err
	}
	if b.Len() > maxDefinition {
		return nil, engine.Errorf(engine.TooLarge, "payload_too_large", "a schedule may have %d bytes, its job's payload included", maxDefinition)
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

func (sc *schedule) etag() string { return fmt.Sprintf("%q", fmt.Sprint(sc.Version)) }

// equal reports whether two checked definitions say the same.
func (d *ScheduleSpec) equal(other *ScheduleSpec) bool {
	a, errA := json.Marshal(d)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// Schedule is a schedule as clients see it.
type Schedule struct {
	ID        string     `json:"id"`
	Cron      string     `json:"cron"`
	Zone      string     `json:"zone"`
	Queue     string     `json:"queue"`
	Job       JobSpec    `json:"job"`
	Missed    string     `json:"missed"`
	Overlap   string     `json:"overlap"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	Next      *time.Time `json:"next" doc:"The next tick."`
	LastTick  *time.Time `json:"last_tick" doc:"The newest tick that made a job."`
	LastJob   *engine.ID `json:"last_job"`
}

func newSchedule(name string, sc *schedule, cur cursor) *Schedule {
	d := sc.Definition
	a := &Schedule{
		ID: name, Cron: d.Cron, Zone: d.Zone, Queue: d.Queue, Job: d.Job, Missed: d.Missed, Overlap: d.Overlap,
		CreatedAt: clockTime(sc.CreatedAt), UpdatedAt: clockTime(sc.UpdatedAt),
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

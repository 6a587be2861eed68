package scheduler

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// Limits and defaults of a schedule.
const (
	leastEvery          = time.Second
	mostEvery           = 10 * 365 * 24 * time.Hour
	maxJitter           = time.Hour
	maxMissed           = 100 // jobs of missed ticks, which one commit makes
	leastMissedWindow   = time.Second
	defaultMissedWindow = 24 * time.Hour
	mostMissedWindow    = 365 * 24 * time.Hour
)

// ScheduleSpec is a schedule as a client defines it: when, by one of cron,
// every and at, and what.
type ScheduleSpec struct {
	Cron         string  `json:"cron,omitempty" doc:"Minute, hour, day of month, month, day of week. Fixed times are appointments, which happen once where the zone's clock jumps; with * or / among hours or minutes they follow real time. One of cron, every and at." example:"30 2 * * *"`
	Zone         string  `json:"zone,omitempty" doc:"Of cron: a name of the IANA database. Without it UTC." example:"Europe/Berlin"`
	Every        string  `json:"every,omitempty" doc:"A span of at least 1s, counted from when the schedule was made. One of cron, every and at." example:"10s"`
	At           string  `json:"at,omitempty" doc:"The one time that it ticks, RFC 3339. One of cron, every and at." example:"2026-03-29T02:30:00+01:00"`
	Queue        string  `json:"queue" example:"reports"`
	Job          JobSpec `json:"job,omitempty" doc:"The job of each tick, without delay and run_at."`
	Missed       string  `json:"missed,omitempty" doc:"What becomes of ticks that no server was there for: latest runs the last of them, none runs none, all runs the last missed_max within missed_window. To none, a tick is missed when it is 10 s late." default:"latest" example:"latest"`
	MissedMax    *int    `json:"missed_max,omitempty" doc:"With missed all: how many of them run, from 1 to 100, the newest. Without it 100."`
	MissedWindow string  `json:"missed_window,omitempty" doc:"With missed all: how old they may be. Without it 24h." example:"24h"`
	Overlap      string  `json:"overlap,omitempty" doc:"What becomes of a tick while the job of an earlier one has not ended: skip, or allow." default:"skip" example:"skip"`
	Jitter       string  `json:"jitter,omitempty" doc:"Spreads schedules of the same time: the job is due up to that long after its tick, at most 1h, by an offset that stays the same for this schedule." example:"30s"`
	StartAt      string  `json:"start_at,omitempty" doc:"No tick is before it, RFC 3339."`
	EndAt        string  `json:"end_at,omitempty" doc:"All ticks are before it, RFC 3339."`
}

// What becomes of missed ticks.
const (
	missedLatest = "latest"
	missedNone   = "none"
	missedAll    = "all"
)

// rules is a checked definition, ready to be followed.
type rules struct {
	version  uint64
	creation engine.ID
	timing   timing
	queue    string
	plan     plan
	missed   string
	most     int   // missed all: how many
	window   int64 // ms: missed all: how old
	skip     bool  // overlap skip
	jitter   int64 // ms: the spread
	offset   int64 // ms: this schedule's share of it
}

// made completes rules by what belongs to one schedule.
func (r *rules) made(creation engine.ID, created int64) {
	r.creation, r.timing.anchor = creation, created
	if r.jitter > 0 {
		sum := sha256.Sum256(creation[:])
		r.offset = int64(binary.BigEndian.Uint64(sum[:]) % uint64(r.jitter))
	}
}

// check refuses what cannot be scheduled and fills in the defaults, so that
// equal definitions become equal bytes.
func (d *ScheduleSpec) check(z *zones) (*rules, error) {
	if err := api.CheckName("queue", d.Queue); err != nil {
		return nil, err
	}
	r := &rules{queue: d.Queue}
	if err := d.checkTiming(&r.timing, z); err != nil {
		return nil, err
	}
	if err := d.checkMissed(r); err != nil {
		return nil, err
	}
	if d.Job.Delay != "" || d.Job.RunAt != "" {
		return nil, invalid("body.job", "has no delay and no run_at: the ticks say when it runs")
	}
	var err error
	if r.plan, err = d.Job.check("body.job"); err != nil {
		return nil, err
	}
	if most := (sliceKeys - 2) / jobKeys(r.plan); r.most > most {
		return nil, invalid("body.missed_max", "is at most %d with this job: one commit makes them all", most)
	}
	d.Job.Payload = r.plan.payload
	r.jitter, err = spanOf("body.jitter", &d.Jitter, time.Millisecond, maxJitter)
	return r, err
}

// checkTiming reads when the schedule ticks.
func (d *ScheduleSpec) checkTiming(w *timing, z *zones) (err error) {
	var given []string
	for _, f := range [...]struct{ name, value string }{{"cron", d.Cron}, {"every", d.Every}, {"at", d.At}} {
		if f.value != "" {
			given = append(given, f.name)
		}
	}
	switch {
	case len(given) == 0:
		return invalid("body.cron", "is missing; send one of cron, every and at")
	case len(given) > 1:
		return invalid("body."+given[1], "stands beside %s; send one of cron, every and at", given[0])
	case d.Zone != "" && d.Cron == "":
		return invalid("body.zone", "belongs to cron; every and at need none")
	}
	if err := d.checkBounds(w); err != nil {
		return err
	}
	if d.Cron == "" {
		if w.every, err = spanOf("body.every", &d.Every, leastEvery, mostEvery); err != nil {
			return err
		}
		w.at, err = instantOf("body.at", &d.At, 0)
		return err
	}
	if d.Zone == "" {
		d.Zone = "UTC"
	}
	zone, err := z.load(d.Zone)
	if err != nil {
		return err
	}
	w.cron, err = parseCron(d.Cron, zone)
	return err
}

// checkBounds reads between what times the schedule ticks.
func (d *ScheduleSpec) checkBounds(w *timing) (err error) {
	if w.start, err = instantOf("body.start_at", &d.StartAt, 0); err != nil {
		return err
	}
	if w.end, err = instantOf("body.end_at", &d.EndAt, lastTick); err != nil {
		return err
	}
	if w.end <= w.start {
		return invalid("body.end_at", "is not after start_at; ticks are from start_at on and before end_at")
	}
	return nil
}

// checkMissed reads what becomes of ticks that cannot simply run.
func (d *ScheduleSpec) checkMissed(r *rules) (err error) {
	if err := choose("missed", &d.Missed, []string{missedLatest, missedNone, missedAll}, nil); err != nil {
		return err
	}
	if err := choose("overlap", &d.Overlap, []string{"skip", "allow"}, []string{"buffer", "cancel"}); err != nil {
		return err
	}
	r.missed, r.skip = d.Missed, d.Overlap == "skip"
	if d.Missed != missedAll {
		const alone = `belongs to missed all; send missed: "all" with it`
		switch {
		case d.MissedMax != nil:
			return invalid("body.missed_max", alone)
		case d.MissedWindow != "":
			return invalid("body.missed_window", alone)
		}
		return nil
	}
	if r.skip {
		return invalid("body.overlap", `is skip, by which the first of the missed ticks would keep out the others; send overlap: "allow" with missed all`)
	}
	most := orElse(d.MissedMax, maxMissed)
	if most < 1 || most > maxMissed {
		return invalid("body.missed_max", "is from 1 to %d", maxMissed)
	}
	if d.MissedWindow == "" {
		d.MissedWindow = api.Duration(defaultMissedWindow).String()
	}
	d.MissedMax, r.most = &most, most
	r.window, err = spanOf("body.missed_window", &d.MissedWindow, leastMissedWindow, mostMissedWindow)
	return err
}

// spanOf reads a span into milliseconds and leaves it as every other client
// would read it back; none is 0.
func spanOf(at string, text *string, least, most time.Duration) (int64, error) {
	d, err := duration(at, *text, 0, least, most)
	if err != nil || *text == "" {
		return 0, err
	}
	*text = api.Duration(d.Truncate(time.Millisecond)).String()
	return d.Milliseconds(), nil
}

// instantOf reads a time into milliseconds; none is otherwise.
func instantOf(at string, text *string, otherwise int64) (int64, error) {
	if *text == "" {
		return otherwise, nil
	}
	when, err := time.Parse(time.RFC3339, *text)
	if err != nil || when.Year() < 1970 || when.UnixMilli() >= lastTick {
		return 0, invalid(at, "is not a time as in 2026-03-29T02:30:00+01:00, in the years 1970 to 9999")
	}
	*text = when.Truncate(time.Millisecond).Format(time.RFC3339Nano)
	return when.UnixMilli(), nil
}

// choose checks one of a few words; the first is the default.
func choose(name string, value *string, words, later []string) error {
	switch {
	case *value == "":
		*value = words[0]
	case slices.Contains(words, *value):
	case slices.Contains(later, *value):
		return api.NotSupported("body." + name)
	default:
		return invalid("body."+name, "is none of %v", words)
	}
	return nil
}

// equal reports whether two checked definitions say the same.
func (d *ScheduleSpec) equal(other *ScheduleSpec) bool {
	a, errA := json.Marshal(d)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

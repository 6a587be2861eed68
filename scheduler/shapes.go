package scheduler

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// Job is a job as clients see it. A list leaves out what only GET of one job
// tells: payload, output, errors and timeline. It has the last error instead.
type Job struct {
	ID              engine.ID         `json:"id" doc:"Names the job for ever."`
	Queue           string            `json:"queue"`
	State           string            `json:"state" enum:"scheduled,ready,running,retrying,done,dead,cancelled"`
	Key             string            `json:"key,omitempty"`
	Tags            []string          `json:"tags,omitempty" nullable:"false"`
	Priority        int               `json:"priority"`
	Attempt         int               `json:"attempt" doc:"Leases so far that count."`
	MaxAttempts     int               `json:"max_attempts"`
	CreatedAt       time.Time         `json:"created_at"`
	RunAt           time.Time         `json:"run_at" doc:"When it is, or was, due."`
	ExpiresAt       *time.Time        `json:"expires_at,omitempty" doc:"When the lease ends, while it runs."`
	FinishedAt      *time.Time        `json:"finished_at,omitempty"`
	Timeout         string            `json:"timeout,omitempty"`
	Backoff         []string          `json:"backoff,omitempty" nullable:"false"`
	CancelRequested bool              `json:"cancel_requested,omitempty" doc:"Its worker is told by the next heartbeat."`
	Progress        *Progress         `json:"progress,omitempty" doc:"What its worker has said last."`
	LastError       string            `json:"last_error,omitempty" doc:"In lists: what the newest attempt of a job that is dead, or tried again, failed with."`
	Schedule        string            `json:"schedule,omitempty" doc:"The schedule that made it."`
	Headers         map[string]string `json:"headers,omitempty"`
	Payload         json.RawMessage   `json:"payload,omitempty"`
	Output          json.RawMessage   `json:"output,omitempty"`
	Errors          []AttemptError    `json:"errors,omitempty" nullable:"false" doc:"What failed attempts ended with, oldest first."`
	Timeline        []Moment          `json:"timeline,omitempty" nullable:"false" doc:"The newest 1,000 transitions, oldest first."`

	etag string
}

// AttemptError is what one attempt failed with.
type AttemptError struct {
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	Error   string    `json:"error"`
}

// Moment is one transition of a job.
type Moment struct {
	At      time.Time  `json:"at"`
	Event   string     `json:"event" enum:"enqueued,due,leased,completed,failed,expired,snoozed,released,cancel_requested,cancelled,retried,redriven,changed"`
	State   string     `json:"state" doc:"After it."`
	Attempt int        `json:"attempt,omitempty"`
	Token   string     `json:"token,omitempty" doc:"Of the lease."`
	RunAt   *time.Time `json:"run_at,omitempty" doc:"When it is due, where it waits."`
	Note    string     `json:"note,omitempty" doc:"The worker that leased it, the error that it failed with, the schedule that made it."`
}

// Progress is how far a job has come, as its worker says.
type Progress struct {
	Percent int    `json:"percent"`
	Message string `json:"message,omitempty"`
}

// newJob describes a job. Without f it leaves out what no transition changes,
// and takes the time in the id for that of its creation.
func newJob(j *job, f *fixed) *Job {
	a := &Job{
		ID: j.id, Queue: j.queue, State: j.state.String(), Priority: int(j.priority),
		Attempt: int(j.attempt), MaxAttempts: int(j.attempts), CreatedAt: j.id.Time().UTC(), RunAt: clockTime(j.due),
		CancelRequested: j.cancel, etag: etagOf(j.last),
	}
	if f != nil {
		a.CreatedAt, a.Schedule, a.Key, a.Tags, a.Headers = clockTime(f.created), f.schedule, f.key, f.tags, headersOf(f)
	}
	if at := clockTime(j.time); j.state == Running {
		a.ExpiresAt = &at
	} else if j.state.finished() {
		a.FinishedAt = &at
	}
	if j.timeout != 0 {
		a.Timeout = spanText(j.timeout)
	}
	if j.progress.percent >= 0 {
		a.Progress = &Progress{int(j.progress.percent), j.progress.message}
	}
	for _, d := range j.backoff {
		a.Backoff = append(a.Backoff, spanText(d))
	}
	return a
}

func headersOf(f *fixed) map[string]string {
	if len(f.headers) == 0 {
		return nil
	}
	headers := make(map[string]string, len(f.headers))
	for _, h := range f.headers {
		headers[h.name] = h.value
	}
	return headers
}

func newMoment(t transition) Moment {
	m := Moment{At: clockTime(t.at), Event: t.event.String(), State: t.state.String(), Attempt: int(t.attempt), Note: t.text}
	if t.token != 0 {
		m.Token = strconv.FormatUint(t.token, 10)
	}
	if t.state.waiting() {
		at := clockTime(t.time)
		m.RunAt = &at
	}
	return m
}

// addHistory fills in timeline and errors.
func (a *Job) addHistory(r engine.Reader, j *job) error {
	err := j.history(r, maxTimeline, func(_ []byte, t transition) error {
		a.Timeline = append(a.Timeline, newMoment(t))
		if t.event == evFailed || t.event == evExpired {
			a.Errors = append(a.Errors, AttemptError{Attempt: int(t.attempt), At: clockTime(t.at), Error: t.text})
		}
		return nil
	})
	slices.Reverse(a.Timeline)
	slices.Reverse(a.Errors)
	return err
}

const maxTimeline = 1_000

// addLastError fills in what the newest attempt failed with. It looks behind a
// few transitions that are none of an attempt.
func (a *Job) addLastError(r engine.Reader, j *job) {
	if j.state != Dead && j.state != Retrying {
		return
	}
	_ = j.history(r, lastErrorWithin, func(_ []byte, t transition) error { // the check reports what cannot be read
		if t.event != evFailed && t.event != evExpired {
			return nil
		}
		a.LastError = t.text
		return errFound
	})
}

const lastErrorWithin = 4

var errFound = errors.New("found") // ends a walk

// lastTime is the end of the year 9999, the last that RFC 3339 can write.
var lastTime = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

func clockTime(ms int64) time.Time {
	return time.UnixMilli(min(ms, lastTime.UnixMilli())).UTC()
}

func spanText(ms uint32) string {
	return api.Duration(time.Duration(ms) * time.Millisecond).String()
}

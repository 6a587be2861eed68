package scheduler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// Limits and defaults of a job.
const (
	MaxPayload      = 1 << 20  // bytes of compact JSON
	maxOutput       = 63 << 10 // the same of an output
	maxPriority     = 9
	defaultPriority = 5
	defaultAttempts = 5
	maxAttempts     = 1_000
	maxBackoff      = 32                  // entries of the list
	maxSpan         = 30 * 24 * time.Hour // of timeout and of one entry of backoff
	maxRetention    = 366 * 24 * time.Hour
	maxText         = 8 << 10 // bytes that are kept of an error
)

// JobSpec is a job as a client describes it.
type JobSpec struct {
	Payload      json.RawMessage   `json:"payload,omitempty" doc:"Any JSON value of at most 1 MiB. The worker gets it."`
	Delay        string            `json:"delay,omitempty" doc:"How long it waits before it is ready. Not together with run_at." example:"5s"`
	RunAt        string            `json:"run_at,omitempty" doc:"When it is ready, RFC 3339 with zone. A time in the past means now."`
	Priority     *int              `json:"priority,omitempty" doc:"From 0 to 9; 9 runs first." default:"5"`
	Key          string            `json:"key,omitempty" doc:"What its queue's limits per key, strict order and rate by key go by, as in customer-7. Keys take turns." example:"customer-7"`
	UniqueKey    string            `json:"unique_key,omitempty" doc:"Refused with 409 job_exists while the newest job of the queue that has it is in one of unique_states." example:"invoice-4711"`
	UniqueFor    string            `json:"unique_for,omitempty" doc:"How long, from its enqueue, the unique key counts. Without it: as long as the job is kept." example:"1h"`
	UniqueStates []string          `json:"unique_states,omitempty" doc:"Which states of the other job refuse this one; without it scheduled, ready, running and retrying." nullable:"false"`
	MaxAttempts  *int              `json:"max_attempts,omitempty" doc:"From 1 to 1,000. The last failure makes a dead letter." default:"5"`
	Timeout      string            `json:"timeout,omitempty" doc:"The longest that one attempt may take, across heartbeats. Without it heartbeats may go on for ever." example:"60s"`
	Backoff      []string          `json:"backoff,omitempty" doc:"The wait after the first, second, … failure; the last one repeats. Without it: random between 0 and 2 s, 4 s, 8 s, … up to 1 h." nullable:"false"`
	Retention    string            `json:"retention,omitempty" doc:"How long it is kept when it has ended. Without it as the server is set: a day, dead letters two weeks." example:"24h"`
	Tags         []string          `json:"tags,omitempty" doc:"Up to 16 words to find it by." nullable:"false"`
	Headers      map[string]string `json:"headers,omitempty" doc:"Up to 32, of at most 8 KiB together. The worker gets them. A traceparent of the request is added."`
}

// plan is what a JobSpec says about a job, checked. Spans are milliseconds.
type plan struct {
	payload   []byte
	priority  uint8
	attempts  uint32
	timeout   uint32
	keep      uint32 // s; 0: as the server is set
	backoff   []uint32
	delay     int64 // -1: none
	runAt     int64 // 0: none
	key       string
	uniqueKey string
	uniqueFor int64 // 0: as long as the job is kept
	clash     stateSet
	tags      []string
	headers   []header
}

// or fills in what a JobSpec leaves out.
func (sp JobSpec) or(d *JobSpec) JobSpec {
	if sp.Priority == nil {
		sp.Priority = d.Priority
	}
	if sp.MaxAttempts == nil {
		sp.MaxAttempts = d.MaxAttempts
	}
	if sp.Timeout == "" {
		sp.Timeout = d.Timeout
	}
	if sp.Backoff == nil {
		sp.Backoff = d.Backoff
	}
	if sp.Retention == "" {
		sp.Retention = d.Retention
	}
	return sp
}

// check turns a JobSpec into a plan; at is where in the input it stands.
func (sp *JobSpec) check(at string) (p plan, err error) {
	if p.payload, err = compact(at+".payload", sp.Payload, MaxPayload); err != nil {
		return p, err
	}
	if err := sp.checkPolicy(at, &p); err != nil {
		return p, err
	}
	if err := sp.checkUnique(at, &p); err != nil {
		return p, err
	}
	if p.key, err = word(at+".key", sp.Key, maxKeyText); err != nil {
		return p, err
	}
	if p.tags, err = checkTags(at+".tags", sp.Tags); err != nil {
		return p, err
	}
	if p.headers, err = checkHeaders(at+".headers", sp.Headers); err != nil {
		return p, err
	}
	return p, sp.checkTime(at, &p)
}

// checkPolicy reads how often and how long a job runs.
func (sp *JobSpec) checkPolicy(at string, p *plan) (err error) {
	priority, attempts := orElse(sp.Priority, defaultPriority), orElse(sp.MaxAttempts, defaultAttempts)
	if priority < 0 || priority > maxPriority {
		return invalid(at+".priority", "is from 0 to %d", maxPriority)
	}
	if attempts < 1 || attempts > maxAttempts {
		return invalid(at+".max_attempts", "is from 1 to %d", maxAttempts)
	}
	p.priority, p.attempts = uint8(priority), uint32(attempts)
	if sp.Timeout != "" {
		if p.timeout, err = span(at+".timeout", sp.Timeout, time.Millisecond); err != nil {
			return err
		}
	}
	keep, err := duration(at+".retention", sp.Retention, 0, time.Second, maxRetention)
	if err != nil {
		return err
	}
	p.keep = uint32(keep / time.Second)
	if len(sp.Backoff) > maxBackoff {
		return invalid(at+".backoff", "has at most %d entries", maxBackoff)
	}
	for i, text := range sp.Backoff {
		d, err := span(fmt.Sprintf("%s.backoff[%d]", at, i), text, 0)
		if err != nil {
			return err
		}
		p.backoff = append(p.backoff, d)
	}
	return nil
}

func (sp *JobSpec) checkTime(at string, p *plan) error {
	p.delay = -1
	if sp.Delay != "" && sp.RunAt != "" {
		return invalid(at+".run_at", "stands beside delay; send one of them")
	}
	if sp.Delay != "" {
		d, err := api.ParseDuration(sp.Delay)
		if err != nil {
			return invalid(at+".delay", "%s", err)
		}
		p.delay = time.Duration(d).Milliseconds()
	}
	if sp.RunAt != "" {
		when, err := time.Parse(time.RFC3339, sp.RunAt)
		if err != nil || when.Year() < 1970 {
			return invalid(at+".run_at", "is not a time as in 2026-03-29T02:30:00+01:00, from the year 1970 on")
		}
		p.runAt = when.UnixMilli()
	}
	return nil
}

// dueAt is when a job that is created now shall be ready.
func (p plan) dueAt(now int64) int64 {
	switch {
	case p.runAt != 0:
		return p.runAt
	case p.delay > math.MaxInt64-now:
		return math.MaxInt64
	case p.delay >= 0:
		return now + p.delay
	}
	return now
}

func orElse(v *int, otherwise int) int {
	if v == nil {
		return otherwise
	}
	return *v
}

// span reads a duration that is stored in 32 bits.
func span(at, text string, least time.Duration) (uint32, error) {
	d, err := api.ParseDuration(text)
	if err != nil {
		return 0, invalid(at, "%s", err)
	}
	if time.Duration(d) < least || time.Duration(d) > maxSpan {
		return 0, invalid(at, "is from %s to %s", api.Duration(least), api.Duration(maxSpan))
	}
	return uint32(time.Duration(d).Milliseconds()), nil
}

// compact checks the size of a JSON value and takes out its white space, of
// which most have none. A value that is not there is null.
func compact(at string, raw json.RawMessage, most int) ([]byte, error) {
	if raw == nil {
		return []byte("null"), nil
	}
	if spaced(raw) {
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			return nil, invalid(at, "is not JSON: %s", err)
		}
		raw = b.Bytes()
	}
	if len(raw) > most {
		return nil, engine.Errorf(engine.TooLarge, "payload_too_large", "%s has %d bytes and may have %d; store the data elsewhere and send its name", at, len(raw), most)
	}
	return raw, nil
}

// spaced reports whether a JSON value has white space outside of its strings.
func spaced(raw []byte) bool {
	quoted := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && c <= ' ':
			return true
		}
	}
	return false
}

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
	MaxPayload      = 63 << 10 // bytes of compact JSON, of an output too
	maxPriority     = 9
	defaultPriority = 5
	defaultAttempts = 5
	maxAttempts     = 1_000
	maxBackoff      = 32                  // entries of the list
	maxSpan         = 30 * 24 * time.Hour // of timeout and of one entry of backoff
	maxText         = 8 << 10             // bytes that are kept of an error
)

// JobSpec is a job as a client describes it.
type JobSpec struct {
	Payload     json.RawMessage `json:"payload,omitempty" doc:"Any JSON value of at most 63 KiB. The worker gets it."`
	Delay       string          `json:"delay,omitempty" doc:"How long it waits before it is ready. Not together with run_at." example:"5s"`
	RunAt       string          `json:"run_at,omitempty" doc:"When it is ready, RFC 3339 with zone. A time in the past means now."`
	Priority    *int            `json:"priority,omitempty" doc:"From 0 to 9; 9 runs first." default:"5"`
	MaxAttempts *int            `json:"max_attempts,omitempty" doc:"From 1 to 1,000. The last failure makes a dead letter." default:"5"`
	Timeout     string          `json:"timeout,omitempty" doc:"The longest that one attempt may take, across heartbeats. Without it heartbeats may go on for ever." example:"60s"`
	Backoff     []string        `json:"backoff,omitempty" doc:"The wait after the first, second, … failure; the last one repeats. Without it: random between 0 and 2 s, 4 s, 8 s, … up to 1 h." nullable:"false"`

	// Described in the contract and not built yet.
	Key          json.RawMessage `json:"key,omitempty" doc:"Not supported yet."`
	UniqueKey    json.RawMessage `json:"unique_key,omitempty" doc:"Not supported yet."`
	UniqueFor    json.RawMessage `json:"unique_for,omitempty" doc:"Not supported yet."`
	UniqueStates json.RawMessage `json:"unique_states,omitempty" doc:"Not supported yet."`
	Retention    json.RawMessage `json:"retention,omitempty" doc:"Not supported yet."`
	Tags         json.RawMessage `json:"tags,omitempty" doc:"Not supported yet."`
	Headers      json.RawMessage `json:"headers,omitempty" doc:"Not supported yet."`
}

// checkSupported refuses the fields that are not built yet.
func (sp *JobSpec) checkSupported(at string) error {
	for _, f := range []struct {
		name  string
		value json.RawMessage
	}{
		{"key", sp.Key}, {"unique_key", sp.UniqueKey}, {"unique_for", sp.UniqueFor}, {"unique_states", sp.UniqueStates},
		{"retention", sp.Retention}, {"tags", sp.Tags}, {"headers", sp.Headers},
	} {
		if f.value != nil {
			return api.NotSupported(at + "." + f.name)
		}
	}
	return nil
}

// plan is what a JobSpec says about a job, checked. Spans are milliseconds.
type plan struct {
	payload  []byte
	priority uint8
	attempts uint32
	timeout  uint32
	backoff  []uint32
	delay    int64 // -1: none
	runAt    int64 // 0: none
}

// check turns a JobSpec into a plan; at is where in the input it stands.
func (sp *JobSpec) check(at string) (p plan, err error) {
	if err := sp.checkSupported(at); err != nil {
		return p, err
	}
	if p.payload, err = compact(at+".payload", sp.Payload); err != nil {
		return p, err
	}
	priority, attempts := orElse(sp.Priority, defaultPriority), orElse(sp.MaxAttempts, defaultAttempts)
	if priority < 0 || priority > maxPriority {
		return p, invalid(at+".priority", "is from 0 to %d", maxPriority)
	}
	if attempts < 1 || attempts > maxAttempts {
		return p, invalid(at+".max_attempts", "is from 1 to %d", maxAttempts)
	}
	p.priority, p.attempts = uint8(priority), uint32(attempts)
	if sp.Timeout != "" {
		if p.timeout, err = span(at+".timeout", sp.Timeout, time.Millisecond); err != nil {
			return p, err
		}
	}
	if len(sp.Backoff) > maxBackoff {
		return p, invalid(at+".backoff", "has at most %d entries", maxBackoff)
	}
	for i, text := range sp.Backoff {
		d, err := span(fmt.Sprintf("%s.backoff[%d]", at, i), text, 0)
		if err != nil {
			return p, err
		}
		p.backoff = append(p.backoff, d)
	}
	return p, sp.checkTime(at, &p)
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

// compact checks the size of a JSON value and takes out its white space. A
// value that is not there is null.
func compact(at string, raw json.RawMessage) ([]byte, error) {
	if raw == nil {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return nil, invalid(at, "is not JSON: %s", err)
	}
	if b.Len() > MaxPayload {
		return nil, engine.Errorf(engine.TooLarge, "payload_too_large", "%s has %d bytes and may have %d; store the data elsewhere and send its name", at, b.Len(), MaxPayload)
	}
	return b.Bytes(), nil
}

package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Job is a job as the server describes it. The answer to Enqueue has no output
// and no errors yet.
type Job struct {
	ID              string            `json:"id"`
	Queue           string            `json:"queue"`
	State           string            `json:"state"` // scheduled, ready, running, retrying, done, dead or cancelled
	Priority        int               `json:"priority"`
	Attempt         int               `json:"attempt"` // leases so far that count
	MaxAttempts     int               `json:"max_attempts"`
	CreatedAt       time.Time         `json:"created_at"`
	RunAt           time.Time         `json:"run_at"`      // when it is, or was, due
	ExpiresAt       time.Time         `json:"expires_at"`  // of its lease; zero unless it runs
	FinishedAt      time.Time         `json:"finished_at"` // zero until it has ended
	CancelRequested bool              `json:"cancel_requested"`
	Schedule        string            `json:"schedule"` // that made it
	Key             string            `json:"key"`
	Tags            []string          `json:"tags"`
	Headers         map[string]string `json:"headers"`
	Payload         json.RawMessage   `json:"payload"`
	Output          json.RawMessage   `json:"output"`
	Errors          []AttemptError    `json:"errors"` // oldest first
	Timeline        []Moment          `json:"timeline"`
}

// AttemptError is what one attempt failed with.
type AttemptError struct {
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	Error   string    `json:"error"`
}

// Moment is one transition of a job.
type Moment struct {
	At      time.Time `json:"at"`
	Event   string    `json:"event"` // as in "leased"
	State   string    `json:"state"` // after it
	Attempt int       `json:"attempt"`
	Note    string    `json:"note"` // the worker that leased it, the error that it failed with
}

// JobOptions of Enqueue. The zero value of each is the server's default. Spans
// are sent in whole milliseconds, rounded up.
type JobOptions struct {
	Delay       time.Duration     // how long it waits before it is ready; not together with RunAt
	RunAt       time.Time         // when it is ready
	Priority    *int              // from 0 to 9; 9 runs first
	Key         string            // jobs of one key take their turns as the queue says
	UniqueKey   string            // while a job of this key is there, another one is refused
	UniqueFor   time.Duration     // for how long at most
	MaxAttempts int               // the last failure makes a dead letter
	Timeout     time.Duration     // the longest that one attempt may take
	Backoff     []time.Duration   // the wait after the first, second, … failure; the last one repeats
	Tags        []string          // to find it by
	Headers     map[string]string // for the worker, beside the payload

	// IdempotencyKey makes one job of all calls that carry it within a day,
	// also from several processes; "" = one that is drawn for this call.
	IdempotencyKey string
}

// spec is a job as the server takes it.
type spec struct {
	Payload     json.RawMessage   `json:"payload,omitempty"`
	Delay       string            `json:"delay,omitempty"`
	RunAt       string            `json:"run_at,omitempty"`
	Priority    *int              `json:"priority,omitempty"`
	Key         string            `json:"key,omitempty"`
	UniqueKey   string            `json:"unique_key,omitempty"`
	UniqueFor   string            `json:"unique_for,omitempty"`
	MaxAttempts int               `json:"max_attempts,omitempty"`
	Timeout     string            `json:"timeout,omitempty"`
	Backoff     []string          `json:"backoff,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
}

func (o *JobOptions) spec(payload json.RawMessage) spec {
	s := spec{
		Payload: payload, Priority: o.Priority, Key: o.Key, UniqueKey: o.UniqueKey, MaxAttempts: o.MaxAttempts,
		Tags: o.Tags, Headers: o.Headers,
		Delay: optional(o.Delay), UniqueFor: optional(o.UniqueFor), Timeout: optional(o.Timeout),
	}
	if !o.RunAt.IsZero() {
		s.RunAt = o.RunAt.Format(time.RFC3339Nano)
	}
	for _, d := range o.Backoff {
		s.Backoff = append(s.Backoff, span(d))
	}
	return s
}

// span writes a duration as the contract does. The server refuses one that is
// negative.
func span(d time.Duration) string {
	ms := d.Milliseconds()
	if d > time.Duration(ms)*time.Millisecond {
		ms++
	}
	return strconv.FormatInt(ms, 10) + "ms"
}

// optional writes nothing for a span that is not set.
func optional(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return span(d)
}

// Enqueue makes one job, whose payload is the JSON of payload; o may be nil.
// When it returns a job, that is on the server's disk. A call that had to be
// repeated makes no second job.
func (c *Client) Enqueue(ctx context.Context, queue string, payload any, o *JobOptions) (*Job, error) {
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("client: the payload cannot be sent: %w", err)
	}
	if o == nil {
		o = &JobOptions{}
	}
	key := o.IdempotencyKey
	if key == "" {
		key = rand.Text()
	}
	var job Job
	err = c.do(ctx, call{
		method: http.MethodPost, path: "/v1/queues/" + url.PathEscape(queue) + "/jobs",
		in: o.spec(raw), out: &job, key: key, repeatable: true,
	})
	if err != nil {
		return nil, err
	}
	return &job, nil
}

// Job returns one job with its timeline.
func (c *Client) Job(ctx context.Context, id string) (*Job, error) {
	return c.ofJob(ctx, http.MethodGet, id, "", true)
}

// Cancel keeps a job from running. The worker of one that runs is told by its
// next heartbeat. Cancelling twice is no error.
func (c *Client) Cancel(ctx context.Context, id string) (*Job, error) {
	return c.ofJob(ctx, http.MethodPost, id, "/cancel", true)
}

// Retry makes a dead or cancelled job ready with all its attempts before it,
// and a retrying one at once. The call is not repeated: the job might run and
// die between two tries, and would be retried twice.
func (c *Client) Retry(ctx context.Context, id string) (*Job, error) {
	return c.ofJob(ctx, http.MethodPost, id, "/retry", false)
}

func (c *Client) ofJob(ctx context.Context, method, id, what string, repeatable bool) (*Job, error) {
	var job Job
	err := c.do(ctx, call{method: method, path: jobPath(id, what), out: &job, repeatable: repeatable})
	if err != nil {
		return nil, err
	}
	return &job, nil
}

func jobPath(id, what string) string { return "/v1/jobs/" + url.PathEscape(id) + what }

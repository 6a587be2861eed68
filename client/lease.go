package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Lease is a job in the hands of one worker.
type Lease struct {
	ID          string            `json:"id"`
	Queue       string            `json:"queue"`
	Payload     json.RawMessage   `json:"payload"`
	Attempt     int               `json:"attempt"` // from 1
	MaxAttempts int               `json:"max_attempts"`
	Token       string            `json:"token"`      // decimal; rises with every lease of the job
	ExpiresAt   time.Time         `json:"expires_at"` // by the server's clock; the worker renews it
	Headers     map[string]string `json:"headers"`
	Key         string            `json:"key"`
}

// lease polls queues, of which the first is preferred. It is not repeated: an
// answer that was lost holds jobs until their leases end, and another try would
// take more.
func (c *Client) lease(ctx context.Context, queues []string, limit int, wait, lease time.Duration, worker string) ([]Lease, error) {
	in := struct {
		Queues []string `json:"queues"`
		Limit  int      `json:"limit"`
		Wait   string   `json:"wait"`
		Lease  string   `json:"lease"`
		Worker string   `json:"worker"`
	}{queues, limit, span(wait), span(lease), worker}
	var out struct {
		Jobs []Lease `json:"jobs"`
	}
	err := c.do(ctx, call{method: http.MethodPost, path: "/v1/leases", in: in, out: &out, timeout: wait + tryTimeout})
	return out.Jobs, err
}

// beat names a lease in a heartbeat, with what its handler reports.
type beat struct {
	ID       string `json:"id"`
	Token    string `json:"token"`
	Progress *int   `json:"progress,omitempty"` // percent
	Message  string `json:"message,omitempty"`
}

// beats is what became of the leases that a heartbeat names.
type beats struct {
	Extended []string `json:"extended"`
	Lost     []string `json:"lost"`
	Cancel   []string `json:"cancel"`
}

func (c *Client) heartbeat(ctx context.Context, leases []beat, extend time.Duration) (out beats, err error) {
	in := struct {
		Leases []beat `json:"leases"`
		Extend string `json:"extend"`
	}{leases, span(extend)}
	err = c.do(ctx, call{method: http.MethodPost, path: "/v1/leases/heartbeat", in: in, out: &out, repeatable: true})
	return out, err
}

// completed is a job that is done.
type completed struct {
	ID     string          `json:"id"`
	Token  string          `json:"token"`
	Output json.RawMessage `json:"output,omitempty"`
}

// completeAll returns the ids that are done now. The others were lost.
func (c *Client) completeAll(ctx context.Context, jobs []completed) ([]string, error) {
	in := struct {
		Jobs []completed `json:"jobs"`
	}{jobs}
	var out struct {
		Completed []string `json:"completed"`
	}
	err := c.do(ctx, call{method: http.MethodPost, path: "/v1/leases/complete", in: in, out: &out, repeatable: true})
	return out.Completed, err
}

// verdict is the body of a call that settles one attempt. The token makes it
// repeatable: the server takes the first and refuses the others.
type verdict struct {
	Token  string          `json:"token"`
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
	Delay  string          `json:"delay,omitempty"`
	Final  bool            `json:"final,omitempty"`
}

// settle tells what became of an attempt: complete, fail or snooze.
func (c *Client) settle(ctx context.Context, id, what string, v verdict) error {
	return c.do(ctx, call{method: http.MethodPost, path: jobPath(id, "/"+what), in: v, repeatable: true})
}

package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Options of New. The zero value of each is its default.
type Options struct {
	// HTTP makes the requests; nil = a client of its own. It needs no timeout:
	// every try has one.
	HTTP *http.Client
	// Retries is how often a call is repeated that may be; 0 = 8 times, which
	// take half a minute at most where the server does not ask for more,
	// negative = never.
	Retries int
}

// Client calls one server as the owner of one API key. It is safe for
// concurrent use.
type Client struct {
	base      string
	http      *http.Client
	retries   int
	authorize func(http.Header) // a closure, so that no %v ever prints the key
}

// New returns a client of the server at baseURL, as in "http://127.0.0.1:8080".
// What is wrong with either argument shows at the first call.
func New(baseURL, apiKey string, o Options) *Client {
	c := &Client{
		base: strings.TrimRight(baseURL, "/"), http: o.HTTP, retries: o.Retries,
		authorize: func(h http.Header) { h.Set("Authorization", "Bearer "+apiKey) },
	}
	if c.http == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 16 // a worker settles jobs on several at once
		c.http = &http.Client{Transport: transport}
	}
	switch {
	case c.retries == 0:
		c.retries = 8
	case c.retries < 0:
		c.retries = 0
	}
	return c
}

// call is one request, however often it is sent.
type call struct {
	method, path string
	in, out      any           // JSON; nil = none
	key          string        // Idempotency-Key; "" = none
	repeatable   bool          // sending it twice has the effect of once
	timeout      time.Duration // of one try; 0 = tryTimeout
}

const tryTimeout = 30 * time.Second

// do sends a call until it is answered, as often as it may.
func (c *Client) do(ctx context.Context, q call) error {
	var body []byte
	if q.in != nil {
		var err error
		if body, err = json.Marshal(q.in); err != nil {
			return fmt.Errorf("client: %s %s cannot be sent: %w", q.method, q.path, err)
		}
	}
	for try := 0; ; try++ {
		err := c.try(ctx, q, body)
		if err == nil || !q.repeatable || try >= c.retries || !passing(err) {
			return err
		}
		if err := pause(ctx, try, err); err != nil {
			return err
		}
	}
}

// try sends a call once.
func (c *Client) try(ctx context.Context, q call, body []byte) error {
	timeout := q.timeout
	if timeout == 0 {
		timeout = tryTimeout
	}
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(within, q.method, c.base+q.path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	c.authorize(r.Header)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.key != "" {
		r.Header.Set("Idempotency-Key", q.key)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return broken(ctx, q, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return broken(ctx, q, err)
	case len(text) > maxAnswer:
		return fmt.Errorf("client: %s %s: the answer has more than %d bytes", q.method, q.path, maxAnswer)
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		return newError(answer, text)
	case q.out == nil:
		return nil
	}
	if err := json.Unmarshal(text, q.out); err != nil {
		return fmt.Errorf("client: the answer to %s %s cannot be read: %w", q.method, q.path, err)
	}
	return nil
}

// maxAnswer bounds what an answer may take of memory. The server itself keeps
// a lease of many jobs to some MiB.
const maxAnswer = 64 << 20

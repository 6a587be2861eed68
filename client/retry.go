package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// brokenError is a call without an answer: the server may have done what it
// asks, or not.
type brokenError struct {
	call  string
	cause error
}

func (e *brokenError) Error() string {
	return "client: " + e.call + " got no answer: " + e.cause.Error()
}
func (e *brokenError) Unwrap() error { return e.cause }

// broken tells a connection that failed from a caller that gave up.
func broken(ctx context.Context, q call, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("client: %s %s: %w", q.method, q.path, context.Cause(ctx))
	}
	return &brokenError{q.method + " " + q.path, err}
}

// passing reports whether the same call may succeed a little later.
func passing(err error) bool {
	if _, ok := errors.AsType[*brokenError](err); ok {
		return true
	}
	answer, ok := errors.AsType[*Error](err)
	if !ok || answer.RetryAfter > maxPause {
		return false
	}
	switch answer.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return answer.Code == "idempotency_in_flight" // our own first try, still under way
}

// Waits between tries.
const (
	pauseBase = 250 * time.Millisecond
	pauseCap  = 10 * time.Second
	maxPause  = 30 * time.Second // what asks for more is an error at once
)

// jitter is how long to wait after the n-th failure, from 0: evenly spread
// between 0 and min(pauseCap, pauseBase·2^n). That is "full jitter" of the AWS
// Architecture Blog, "Exponential Backoff And Jitter", 2015.
func jitter(n int) time.Duration {
	return rand.N(min(pauseCap, pauseBase<<min(n, 10)) + 1)
}

// pause waits after the n-th failure, and longer where the server asked for it.
// It returns an error when ctx ends before.
func pause(ctx context.Context, n int, failure error) error {
	wait := jitter(n)
	if answer, ok := errors.AsType[*Error](failure); ok {
		wait += answer.RetryAfter
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w, while waiting after: %w", context.Cause(ctx), failure)
	}
}

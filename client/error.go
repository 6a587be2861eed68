package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Error is an answer of the server that is no success: its problem of RFC 9457.
// errors.AsType[*client.Error] finds it.
type Error struct {
	Status     int           `json:"-"`          // of HTTP
	Code       string        `json:"code"`       // stable snake_case as in "job_not_found"; "" where a proxy answered
	Detail     string        `json:"detail"`     // what was wrong, and what to do
	RequestID  string        `json:"request_id"` // which the server's log has, too
	Faults     []Fault       `json:"errors"`     // of the input
	RetryAfter time.Duration `json:"-"`          // how long the server asks to wait; 0 = it does not say
}

// Fault is one fault of the input.
type Fault struct {
	Location string `json:"location"` // as in "body.priority"
	Message  string `json:"message"`
}

// Error gives status, code, detail and the request's id.
func (e *Error) Error() string {
	text := fmt.Sprintf("client: the server answered %d", e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// newError reads an answer. What is no problem of ours, a proxy's page for
// one, is known by its status alone.
func newError(answer *http.Response, body []byte) *Error {
	var e Error
	if json.Unmarshal(body, &e) != nil {
		e = Error{Detail: http.StatusText(answer.StatusCode)}
	}
	if e.Status = answer.StatusCode; e.RequestID == "" {
		e.RequestID = answer.Header.Get("X-Request-Id")
	}
	e.RetryAfter = retryAfter(answer.Header.Get("Retry-After"))
	return &e
}

// retryAfter reads seconds or a date (RFC 9110 §10.2.3).
func retryAfter(text string) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// Why the context of a handler ended; context.Cause tells.
var (
	// ErrLeaseLost means that somebody else may be working on the job.
	ErrLeaseLost = errors.New("client: the lease of the job is lost")
	// ErrCancelRequested means that somebody cancelled the job.
	ErrCancelRequested = errors.New("client: the job is to be cancelled")
	// ErrStopped means that the worker stops and has waited long enough.
	ErrStopped = errors.New("client: the worker stops")
)

// cancelError and snoozeError are how a handler says that an attempt neither
// succeeded nor failed.
type (
	cancelError struct{ cause error }
	snoozeError struct{ delay time.Duration }
)

// Cancel makes a handler's job cancelled instead of retried; cause may be nil.
func Cancel(cause error) error { return cancelError{cause} }

// Snooze makes a handler's job ready again after delay. The attempt does not count.
func Snooze(delay time.Duration) error { return snoozeError{max(0, delay)} }

func (e cancelError) Error() string {
	if e.cause == nil {
		return "cancelled by its handler"
	}
	return e.cause.Error()
}

func (e cancelError) Unwrap() error { return e.cause }

func (e snoozeError) Error() string { return "snoozed for " + e.delay.String() }

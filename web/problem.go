package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
)

const problemType = "application/problem+json"

// problem is an error as RFC 9457 shapes it, with members of ours: a stable
// code, the id of the request, and what was wrong where. It is an error itself,
// so that middleware can return one.
type problem struct {
	Type      string  `json:"type" doc:"Always about:blank; code tells problems apart." example:"about:blank"`
	Title     string  `json:"title" doc:"The status in words." example:"Not Found"`
	Status    int     `json:"status" doc:"The HTTP status." example:"404"`
	Code      string  `json:"code" doc:"What went wrong, in stable snake_case." example:"job_not_found"`
	Detail    string  `json:"detail" doc:"What was wrong, and what to do." example:"there is no such job"`
	RequestID string  `json:"request_id" doc:"The id of the request, which is also in the server's log."`
	Errors    []fault `json:"errors,omitempty" nullable:"false" doc:"Each fault of the input."`

	header http.Header
	cause  error // for the log alone
}

// fault locates one fault of the input.
type fault struct {
	Location string `json:"location" doc:"Where it is." example:"body.fields[2].type"`
	Message  string `json:"message" doc:"What was expected." example:"expected string"`
}

var (
	_ huma.StatusError       = (*problem)(nil)
	_ huma.ContentTypeFilter = (*problem)(nil)
)

func (p *problem) Error() string               { return p.Code + ": " + p.Detail }
func (p *problem) Unwrap() error               { return p.cause }
func (p *problem) GetStatus() int              { return p.Status }
func (p *problem) ContentType(_ string) string { return problemType }

// refuse makes the problem of a status that web itself answers.
func refuse(status int, code, format string, args ...any) *problem {
	return &problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Code: code, Detail: fmt.Sprintf(format, args...), header: http.Header{},
	}
}

// refusal makes the problem of a status that speaks for itself.
func refusal(status int) *problem { return refuse(status, codeOf(status), "%s", detailOf(status)) }

// statusOf is where the engine's kinds become HTTP.
var statusOf = map[engine.Kind]int{
	engine.Malformed:       http.StatusBadRequest,
	engine.Unauthenticated: http.StatusUnauthorized,
	engine.Forbidden:       http.StatusForbidden,
	engine.NotFound:        http.StatusNotFound,
	engine.Conflict:        http.StatusConflict,
	engine.Precondition:    http.StatusPreconditionFailed,
	engine.TooLarge:        http.StatusRequestEntityTooLarge,
	engine.Invalid:         http.StatusUnprocessableEntity,
	engine.Busy:            http.StatusTooManyRequests,
	engine.Unavailable:     http.StatusServiceUnavailable,
	engine.Full:            http.StatusInsufficientStorage,
}

// problemOf turns any error into what the client is told of it.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if e, ok := errors.AsType[*engine.Error](err); ok && e.Kind != engine.Internal {
		return problemOfEngine(e, err)
	}
	if e, ok := errors.AsType[*echo.HTTPError](err); ok && e.Code < http.StatusInternalServerError {
		return refusal(e.Code)
	}
	if p := problemOfBody(err); p != nil {
		return p
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return problemOfEngine(errCancelled, err)
	}
	p := refusal(http.StatusInternalServerError)
	p.cause = err
	return p
}

var errCancelled = &engine.Error{Kind: engine.Unavailable, Code: "cancelled", Detail: "the request was ended before it was finished; try again"}

func problemOfEngine(e *engine.Error, whole error) *problem {
	p := refuse(statusOf[e.Kind], e.Code, "%s", e.Detail)
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, fault{f.Location, f.Message})
	}
	if e.Kind == engine.Busy || e.Kind == engine.Unavailable {
		p.retryAfter(e.RetryAfter)
	}
	if e.Cause != nil {
		p.cause = whole
	}
	return p
}

// problemOfBody recognises what reading a request's body fails with.
func problemOfBody(err error) *problem {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooLarge(tooLarge.Limit)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refusal(http.StatusRequestTimeout)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return refuse(http.StatusBadRequest, "body_incomplete", "the body ended before it was complete")
	}
	if _, broken := errors.AsType[bodyError](err); broken && !errors.Is(err, context.Canceled) {
		return refuse(http.StatusBadRequest, "malformed_body", "the body cannot be read; its chunks are malformed, or the connection broke")
	}
	return nil
}

func errTooLarge(limit int64) *problem {
	return refuse(http.StatusRequestEntityTooLarge, codeOf(http.StatusRequestEntityTooLarge), "the body may have %d bytes here; send less at once", limit)
}

// retryAfter tells the client when to come back: in whole seconds, at least one.
func (p *problem) retryAfter(d time.Duration) {
	seconds := max(1, int(math.Ceil(d.Seconds())))
	p.header.Set("Retry-After", strconv.Itoa(seconds))
}

// newProblem is huma's constructor of errors. Of the faults it keeps place and
// message, never the value: it may be the whole body, secrets included.
func newProblem(status int, message string, faults ...error) huma.StatusError {
	for _, f := range faults {
		if _, ok := errors.AsType[*engine.Error](f); ok {
			return problemOf(f)
		}
	}
	if status == http.StatusInternalServerError && len(faults) > 0 {
		return problemOf(errors.Join(faults...))
	}
	p := refuse(status, codeOf(status), "%s", message)
	for _, f := range faults {
		if d, ok := f.(huma.ErrorDetailer); ok {
			p.Errors = append(p.Errors, fault{d.ErrorDetail().Location, d.ErrorDetail().Message})
		} else if f != nil {
			p.Errors = append(p.Errors, fault{Message: f.Error()})
		}
	}
	if len(p.Errors) > 0 {
		p.Detail = sentence(p.Errors)
	}
	return p
}

// formatFault is huma's Sprintf for faults. Where it would add the error of a
// parser it adds nothing: such an error quotes what it could not parse.
func formatFault(format string, args ...any) string {
	if len(args) == 1 {
		if _, ok := args[0].(error); ok {
			return strings.TrimSuffix(format, ": %v")
		}
	}
	return fmt.Sprintf(format, args...)
}

// sentence tells the faults in one line: the first in full, the rest by number.
func sentence(faults []fault) string {
	first := strings.TrimPrefix(faults[0].Location+": "+faults[0].Message, ": ")
	if more := len(faults) - 1; more > 0 {
		return fmt.Sprintf("%s; and %d more, all listed in errors", first, more)
	}
	return first
}

package scheduler

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

// postJobs takes one job or many, which only the body tells.
func (s *Scheduler) postJobs(c echo.Context) error {
	r, err := readEnqueue(c)
	if err != nil {
		return err
	}
	switch {
	case r.atomic:
		return s.postAtomic(c, r)
	case r.many:
		return s.postMany(c, r)
	}
	return s.postOne(c, r)
}

// enqueueRequest is a request of postJobs before its jobs are read.
type enqueueRequest struct {
	principal engine.Principal
	queue     string
	key       string // Idempotency-Key
	many      bool
	atomic    bool
	trace     string // traceparent, "" for none
	body      *bufio.Reader
}

const maxKey = 255 // characters of an Idempotency-Key

func readEnqueue(c echo.Context) (r enqueueRequest, err error) {
	if r.principal, err = principalOf(c.Request().Context()); err != nil {
		return r, err
	}
	r.queue, r.key = c.Param("queue"), c.Request().Header.Get("Idempotency-Key")
	if err := api.CheckName("queue", r.queue); err != nil {
		return r, err
	}
	if len(r.key) > maxKey {
		return r, invalid("header.Idempotency-Key", "has at most %d characters", maxKey)
	}
	switch atomic := c.QueryParam("atomic"); atomic {
	case "", "false":
	case "true":
		r.atomic = true
	default:
		return r, invalid("query.atomic", "is true or false")
	}
	for name := range c.QueryParams() {
		if name != "atomic" {
			return r, invalid("query."+name, "is no parameter of this path")
		}
	}
	if r.trace = c.Request().Header.Get(traceHeader); !isTraceParent(r.trace) {
		r.trace = ""
	}
	media, _, _ := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	r.body = bufio.NewReader(http.MaxBytesReader(c.Response(), c.Request().Body, maxBulkBody))
	r.many = r.atomic || media == mediaLines || begins(r.body, '[')
	return r, nil
}

// isTraceParent reports whether a header has the form of W3C Trace Context
// §3.2: version, trace id, parent id and flags in hexadecimal.
func isTraceParent(text string) bool {
	parts := strings.Split(text, "-")
	if len(parts) != 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || len(parts[2]) != 16 || len(parts[3]) != 2 {
		return false
	}
	for _, part := range parts {
		if strings.Trim(part, "0123456789abcdef") != "" {
			return false
		}
	}
	return true
}

// begins reports whether the first character that is no white space is c.
func begins(in *bufio.Reader, c byte) bool {
	for n := 1; n <= in.Size(); n++ {
		ahead, err := in.Peek(n)
		if err != nil {
			return false
		}
		switch last := ahead[n-1]; last {
		case ' ', '\t', '\r', '\n':
		default:
			return last == c
		}
	}
	return false
}

// once makes the part of a request repeatable that one update carries out.
func (r enqueueRequest) once(part string, body []byte) engine.Once {
	return engine.Once{Principal: r.principal, Route: "POST /v1/queues/" + r.queue + "/jobs" + part, Key: r.key, Body: body}
}

func (s *Scheduler) postOne(c echo.Context, r enqueueRequest) error {
	body, err := io.ReadAll(io.LimitReader(r.body, maxBody+1))
	if err != nil {
		return err
	}
	if len(body) > maxBody {
		return engine.Errorf(engine.TooLarge, "too_large", "one job may have %d bytes; send less", maxBody)
	}
	q, err := s.read(c.Request().Context(), r.principal.Tenant, r.queue, body, "body")
	if err != nil {
		return err
	}
	q.trace(r.trace)
	a, err := s.enqueue(c.Request().Context(), q, r.once("", body))
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusCreated, a)
}

func (s *Scheduler) postMany(c echo.Context, r enqueueRequest) error {
	b := s.newBulk(c.Request().Context(), r)
	err := api.Lines(r.body, api.MaxLines, maxLine, b.line)
	if err == nil {
		err = b.flush()
	}
	if err != nil {
		return b.failed(err)
	}
	return writeJSON(c, http.StatusOK, b.answer)
}

func (s *Scheduler) postAtomic(c echo.Context, r enqueueRequest) error {
	answer, err := s.enqueueAtomic(c.Request().Context(), r)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, answer)
}

// writeJSON writes like huma does: without escapes that only HTML needs. It
// fails only where v is no JSON: a client that went away is not a fault of the
// request.
func writeJSON(c echo.Context, status int, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, mediaJSON)
	c.Response().WriteHeader(status)
	_, _ = c.Response().Write(b.Bytes())
	return nil
}

package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"quintet/engine"
)

// observe measures each request and writes its line in the access log. The
// line names the route by its pattern: a URL may hold what is nobody's
// business, a credential sent by mistake included.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		status := http.StatusInternalServerError // of a panic, which recover answers
		s.metrics.inFlight.Inc()
		defer func() {
			s.metrics.inFlight.Dec()
			s.report(c, status, time.Since(began))
		}()
		if err := next(c); err != nil {
			s.answerError(err, c)
		}
		if status = c.Response().Status; status >= http.StatusInternalServerError && s.abandoned(c.Request()) {
			status = statusAbandoned
		}
		return nil
	}
}

// statusAbandoned is recorded, and never sent, for a request whose client was
// gone before its answer: no fault of the server's.
const statusAbandoned = 499

// abandoned reports whether the client went away, which also a stop of the
// server looks like to a request.
func (s *Server) abandoned(r *http.Request) bool {
	select {
	case <-s.leaving:
		return false
	default:
		return r.Context().Err() == context.Canceled
	}
}

func (s *Server) report(c echo.Context, status int, took time.Duration) {
	r, pattern := c.Request(), "unmatched"
	if route := routeOf(c); route != nil {
		pattern = route.pattern
	}
	s.metrics.observe(pattern, r.Method, status, took, c.Response().Size)
	attrs := []slog.Attr{
		slog.String("method", methodLabel(r.Method)),
		slog.String("route", pattern),
		slog.Int("status", status),
		slog.Int64("bytes", c.Response().Size),
		slog.Float64("seconds", took.Seconds()),
		slog.String("remote", c.RealIP()),
	}
	if p, ok := engine.PrincipalFrom(r.Context()); ok {
		attrs = append(attrs, slog.String("subject", p.Subject))
	}
	s.options.AccessLog.LogAttrs(r.Context(), levelOf(status), "request", attrs...)
}

func levelOf(status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case status >= http.StatusBadRequest:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

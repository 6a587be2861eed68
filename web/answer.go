package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine/telemetry"
)

// recover turns a panic into a problem and its stack into a log line.
func (s *Server) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler: // the connection is to be cut
				panic(v)
			default:
				s.answerError(fmt.Errorf("panic: %v\n%s", v, debug.Stack()), c)
			}
		}()
		return next(c)
	}
}

// answerError is where every error of middleware, router and raw handlers
// ends. After the first byte of an answer the client can only be told by
// cutting the connection: a half answer must not look whole.
func (s *Server) answerError(err error, c echo.Context) {
	p := problemOf(err)
	s.complete(c.Request().Context(), p)
	if c.Response().Committed {
		panic(http.ErrAbortHandler)
	}
	writeProblem(c.Response(), p)
}

// answerHuma does the same for errors that huma writes: it is called with
// every value that huma is about to write.
func (s *Server) answerHuma(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*problem); ok {
		s.complete(ctx.Context(), p)
		for name, values := range p.header {
			ctx.SetHeader(name, values[0])
		}
	}
	return v, nil
}

// complete adds what only the request knows. Here, and only here, the cause of
// an error that was our fault is logged.
func (s *Server) complete(ctx context.Context, p *problem) {
	p.RequestID = telemetry.RequestID(ctx)
	if p.Status == http.StatusUnauthorized && p.header.Get("WWW-Authenticate") == "" {
		p.header.Set("WWW-Authenticate", `Bearer realm="quintet", error="invalid_token"`)
	}
	if p.cause != nil && p.Status >= http.StatusInternalServerError {
		s.options.Log.ErrorContext(ctx, "a request failed", "code", p.Code, "error", p.cause)
	}
}

// writeProblem writes p in place of whatever answer was prepared.
func writeProblem(w http.ResponseWriter, p *problem) {
	h := w.Header()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Disposition", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", problemType)
	maps.Copy(h, p.header)
	w.WriteHeader(p.Status)
	// A client that has gone away needs no answer.
	_ = json.NewEncoder(w).Encode(p)
}

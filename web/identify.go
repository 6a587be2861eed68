package web

import (
	"regexp"

	"github.com/labstack/echo/v4"

	"quintet/engine/telemetry"
)

const requestIDHeader = "X-Request-Id"

var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// identify gives the request its id: the client's where it is harmless in a
// log, else a new one. The answer carries it.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		id := r.Header.Get(requestIDHeader)
		if !requestIDForm.MatchString(id) {
			id = s.options.IDs.New().String()
		}
		c.Response().Header().Set(requestIDHeader, id)
		c.SetRequest(r.WithContext(telemetry.WithRequestID(r.Context(), id)))
		return next(c)
	}
}

// trace puts the request into the caller's trace, or into a new one, and tells
// the caller which span it became.
func (s *Server) trace(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		ctx := telemetry.WithTrace(r.Context(), s.options.Tracer.Continue(r.Header))
		telemetry.Inject(ctx, c.Response().Header())
		c.SetRequest(r.WithContext(ctx))
		return next(c)
	}
}

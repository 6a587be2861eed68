package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

const routeSlot = "quintet.route"

// routeOf returns the route of a request, nil before resolve and where there
// is none.
func routeOf(c echo.Context) *route {
	r, _ := c.Get(routeSlot).(*route)
	return r
}

// resolve finds the route of a request. What is not in the table is not
// served, whatever the router says.
func (s *Server) resolve(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if allow, ok := c.Get(echo.ContextKeyHeaderAllow).(string); ok {
			p := refusal(http.StatusMethodNotAllowed)
			p.header.Set("Allow", strings.TrimPrefix(allow, http.MethodOptions+", "))
			return p
		}
		r := s.routes[routeKey{c.Request().Method, c.Path()}]
		if r == nil || !unescapeParameters(c) {
			return refusal(http.StatusNotFound)
		}
		c.Set(routeSlot, r)
		return next(c)
	}
}

// unescapeParameters makes every path parameter unescaped exactly once: echo
// leaves them escaped where the path holds an escape that it need not. It
// reports false for an empty one, and for one with a slash: echo lets the last
// parameter of a pattern take all that follows.
func unescapeParameters(c echo.Context) bool {
	escaped := c.Request().URL.RawPath != ""
	names, values := c.ParamNames(), slices.Clone(c.ParamValues())
	for i, value := range values {
		if names[i] != "*" && (value == "" || strings.Contains(value, "/")) {
			return false
		}
		if !escaped {
			continue
		}
		plain, err := url.PathUnescape(value)
		if err != nil {
			return false
		}
		values[i] = plain
	}
	c.SetParamValues(values...)
	return true
}

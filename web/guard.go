package web

import (
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// apiPolicy is the Content-Security-Policy of every answer that sets no other:
// an answer is data, and shows and loads nothing.
const apiPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"

// secure sets the headers that every answer has. A handler may set others.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", apiPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// guard keeps other web sites out. On a loopback listener only loopback names
// are served: a site whose name an attacker points at 127.0.0.1 (DNS
// rebinding) would otherwise read as if it were ours. And no site may make a
// browser change anything here.
func (s *Server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		secure(c.Response().Header())
		if s.loopback && !isLoopbackName(hostname(r.Host)) {
			return refuse(http.StatusMisdirectedRequest, "host_not_allowed", "this server answers only to localhost and loopback addresses; use http://%s", s.options.Listen)
		}
		if err := s.origins.Check(r); err != nil {
			return refuse(http.StatusForbidden, "cross_origin", "a web page of another origin may not call this; call it from a server, or from a page that this server delivered")
		}
		return next(c)
	}
}

// hostname returns the name or address in a Host header, without its port.
func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return strings.ToLower(host)
	}
	return strings.ToLower(strings.Trim(hostport, "[]"))
}

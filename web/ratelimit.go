package web

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"quintet/engine"
)

// Limiter counts the requests of tenants.
type Limiter interface {
	// Allow takes one request of t from what it may still make. It returns the
	// requests per second that t is granted (0 = not limited), how many it may
	// make at once now, after how long a refused one may come again, and
	// whether this one may go on. It is called concurrently and never waits.
	Allow(t engine.Tenant) (perSecond, remaining int, reset time.Duration, ok bool)
}

type unlimited struct{}

func (unlimited) Allow(engine.Tenant) (int, int, time.Duration, bool) { return 0, 0, 0, true }

// limitTenant takes the request from its tenant's allowance and tells how much
// is left of it (draft-ietf-httpapi-ratelimit-headers-10).
func (s *Server) limitTenant(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		principal, known := engine.PrincipalFrom(c.Request().Context())
		if !known {
			return next(c)
		}
		perSecond, remaining, reset, ok := s.house.Limiter.Allow(principal.Tenant)
		if perSecond > 0 {
			h := c.Response().Header()
			h.Set("RateLimit-Policy", fmt.Sprintf(`"tenant";q=%d;w=1`, perSecond))
			h.Set("RateLimit", fmt.Sprintf(`"tenant";r=%d;t=%d`, remaining, int(math.Ceil(reset.Seconds()))))
		}
		if ok {
			return next(c)
		}
		p := refuse(http.StatusTooManyRequests, "rate_limited", "the tenant may make %d requests a second; slow down", perSecond)
		p.retryAfter(reset)
		return p
	}
}

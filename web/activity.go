package web

import (
	"time"

	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

const (
	activityBuffer = 256              // events that a reader may be behind
	heartbeat      = 15 * time.Second // between signs of life on a quiet stream
)

// activityRoutes registers the stream of what happens.
func (s *Server) activityRoutes() {
	op := own("activity", "/v1/activity", "What happens in the caller's tenant, live")
	op.Description = "Server-sent events: `activity` with what happened, `goodbye` when the server stops. " +
		"Nothing is kept: a reader that does not keep up misses events, or is cut off. A comment every 15 s shows that the stream lives."
	op.Security = api.AnyPrincipal()
	s.get(op, api.MediaEvents, text, s.activity)
}

// activity ends without an error however the stream ends: its answer has
// begun, and a reader that is gone needs none.
func (s *Server) activity(c echo.Context) error {
	ctx := c.Request().Context()
	principal, _ := engine.PrincipalFrom(ctx)
	happened := s.house.Bus.Subscribe(ctx, principal.Tenant, activityBuffer)
	quiet := time.NewTicker(heartbeat)
	defer quiet.Stop()
	events := api.OpenEvents(c.Response())
	err := events.Comment("connected")
	for err == nil {
		select {
		case e, open := <-happened:
			if !open {
				return nil
			}
			if principal.Bound() && !told(principal, e) {
				continue
			}
			err = events.Send("activity", e)
		case <-quiet.C:
			err = events.Comment("still here")
		case <-s.leaving:
			_ = events.Send("goodbye", api.Goodbye{Code: "stopping", Detail: "the server is shutting down; connect again shortly"})
			return nil
		case <-ctx.Done():
			return nil
		}
	}
	s.options.Log.DebugContext(ctx, "a reader of the activity was cut off", "error", err)
	return nil
}

// told reports whether a bound principal may hear of an event: of searches in
// its collections, where no filter hides a part of them, and of other
// capabilities but for credentials.
func told(p engine.Principal, e engine.Event) bool {
	switch e.Capability {
	case "search":
		return len(p.Filters) == 0 && p.Admits(e.Subject)
	case "gateway":
		return false
	}
	return true
}

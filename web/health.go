package web

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/engine/telemetry"
)

// checkTime is how long one check of readiness may take.
const checkTime = 2 * time.Second

// livePath is the one path that is answered well while the server starts.
const livePath = "/livez"

type health struct {
	Status string   `json:"status" enum:"ok" doc:"Always ok; whatever else there is to say is a problem."`
	Checks []string `json:"checks,omitempty" nullable:"false" doc:"With ?verbose: the checks that hold, which is all of them."`
}

type release struct {
	Version  string `json:"version" example:"1.0.0"`
	Revision string `json:"revision,omitempty" doc:"The commit that it was built from."`
	Go       string `json:"go" example:"go1.26.0"`
}

type (
	nothing       struct{}
	healthOutput  struct{ Body health }
	releaseOutput struct{ Body release }
)

// healthRoutes registers what load balancers and operators ask.
func (s *Server) healthRoutes() {
	huma.Register(s.api, *own("livez", livePath, "Whether the process runs"), s.live)

	ready := own("readyz", "/readyz", "Whether requests are served")
	ready.Description = "503 while it starts or stops, and while a check fails. With ?verbose, which needs a credential, it says which."
	ready.Security = append(api.Security{{}}, api.AnyPrincipal()...)
	ready.Parameters = []*huma.Param{{Name: "verbose", In: "query", Description: "Tell the checks.", Schema: &huma.Schema{Type: huma.TypeString}}}
	s.get(ready, "application/json", s.schema(health{}), s.ready)

	huma.Register(s.api, *own("version", "/version", "Which release this is"), s.version)

	metrics := own("metrics", "/metrics", "Metrics in the format of Prometheus")
	metrics.Description = "Open on a loopback listener; on any other it needs platform:admin."
	if !s.loopback {
		metrics.Security = api.Scope("platform:admin")
	}
	s.get(metrics, "text/plain", text, echo.WrapHandler(telemetry.Handler(s.options.Registry)))
}

func (s *Server) live(context.Context, *nothing) (*healthOutput, error) {
	return &healthOutput{health{Status: "ok"}}, nil
}

func (s *Server) version(context.Context, *nothing) (*releaseOutput, error) {
	return &releaseOutput{release{Version: s.options.Version, Revision: revision(), Go: runtime.Version()}}, nil
}

// revision is the commit that the program was built from, "" when unknown.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return ""
}

func (s *Server) ready(c echo.Context) error {
	ctx := c.Request().Context()
	verbose := c.QueryParams().Has("verbose")
	if _, known := engine.PrincipalFrom(ctx); verbose && !known {
		return missingCredential()
	}
	if s.stopping.Load() {
		return engine.ErrClosed
	}
	names, faults := s.check(ctx)
	if len(faults) > 0 {
		return notReady(faults, verbose)
	}
	answer := health{Status: "ok"}
	if verbose {
		answer.Checks = names
	}
	return c.JSON(http.StatusOK, answer)
}

// check asks every check, and returns the names of all and what is wrong.
func (s *Server) check(ctx context.Context) (names []string, faults []engine.FieldError) {
	for _, check := range s.house.Checks {
		names = append(names, check.Name)
		ctx, cancel := context.WithTimeout(ctx, checkTime)
		if err := check.Ask(ctx); err != nil {
			faults = append(faults, engine.FieldError{Location: check.Name, Message: err.Error()})
		}
		cancel()
	}
	return names, faults
}

func notReady(faults []engine.FieldError, verbose bool) error {
	e := engine.Errorf(engine.Unavailable, "not_ready", "%d checks fail; GET /readyz?verbose with a credential tells which", len(faults))
	if verbose {
		e.Detail, e.Fields = "the checks in errors fail", faults
	}
	return e
}

// answerStarting answers everything until the routes are there. It must not
// touch them: they are being registered.
func (s *Server) answerStarting(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	if r.URL.Path == livePath {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(health{Status: "ok"}) // the client may be gone
		return
	}
	p := refuse(http.StatusServiceUnavailable, "starting", "the server is starting; try again shortly")
	p.RequestID = s.options.IDs.New().String()
	p.retryAfter(time.Second)
	w.Header().Set(requestIDHeader, p.RequestID)
	writeProblem(w, p)
}

package web

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
	"quintet/engine/telemetry"
)

// Options of New. The zero value of each is its default.
type Options struct {
	Listen        string               // address and port; "" = 127.0.0.1:8080
	Version       string               // "" = "dev"
	ShutdownDelay time.Duration        // between "not ready" and the end of accepting
	Log           *slog.Logger         // faults; nil = nowhere
	AccessLog     *slog.Logger         // one line per request; nil = nowhere
	Registry      *prometheus.Registry // gets this package's metrics and is served at /metrics; nil = a new one
	IDs           *engine.IDs          // for requests without an id; nil = a new source
	Tracer        *telemetry.Tracer    // nil = a new one
	SecureCookies bool                 // clients reach the server by TLS, if not directly
}

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:8080"
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.AccessLog == nil {
		o.AccessLog = slog.New(slog.DiscardHandler)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.IDs == nil {
		o.IDs = engine.NewIDs(engine.SystemClock{}, nil)
	}
	if o.Tracer == nil {
		o.Tracer = telemetry.NewTracer(rand.Uint64)
	}
	return o
}

// Server is the HTTP server. Its life is Listen, Mount, Start, Stop; Listen
// may be left to Start. It is safe for concurrent use once started.
type Server struct {
	options  Options
	loopback bool // only this machine can reach the listener
	origins  *http.CrossOriginProtection
	metrics  *metrics
	echo     *echo.Echo
	api      huma.API

	// Written by Mount, read only after mounted is true.
	house     House
	routes    routeTable
	documents documents
	static    map[string]staticFile // of the console, by path

	mounted  atomic.Bool // routes are served; before, everything is "starting"
	stopping atomic.Bool
	listener atomic.Pointer[net.Listener]
	leaving  chan struct{} // closed when live connections shall say goodbye
	failed   chan error

	mu     sync.Mutex // guards what follows, and is held for the whole of Listen and Stop
	http   *http.Server
	cancel context.CancelFunc // ends the context of every request
	served chan struct{}      // closed when http.Serve has returned
	hooks  []func()
}

var _ engine.Service = (*Server)(nil)

// New returns a server that neither listens nor has routes.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{
		options:  o,
		loopback: isLoopback(o.Listen),
		origins:  http.NewCrossOriginProtection(),
		metrics:  newMetrics(o.Registry),
		leaving:  make(chan struct{}),
		failed:   make(chan error, 1),
	}
	s.hooks = []func(){func() { close(s.leaving) }}
	s.echo = echo.New()
	s.echo.Logger.SetOutput(slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn).Writer())
	s.echo.HTTPErrorHandler = s.answerError
	s.echo.IPExtractor = echo.ExtractIPDirect()
	s.echo.SchemeExtractor = echo.ExtractSchemeDirect()
	s.echo.Use(s.middleware()...)
	s.api = s.newAPI()
	return s
}

// middleware is what every request passes on its way to a handler, in this
// order. It runs after the router, so that all of it can know the route.
func (s *Server) middleware() []echo.MiddlewareFunc {
	return []echo.MiddlewareFunc{
		s.recover,      // a panic becomes a problem
		s.identify,     // X-Request-Id
		s.guard,        // Host, Origin, security headers
		s.trace,        // traceparent
		s.observe,      // access log and metrics
		s.resolve,      // the route, or 404 and 405
		s.limit,        // bytes, media type and time of the body
		s.authenticate, // who
		s.limitTenant,  // how often
		s.authorise,    // whether
	}
}

// isLoopback reports whether only this machine reaches an address to listen on.
func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && isLoopbackName(host)
}

func isLoopbackName(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

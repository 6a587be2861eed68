package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of a connection.
const (
	headerTime  = 10 * time.Second // to send the header of a request
	idleTime    = 2 * time.Minute  // between two requests
	headerBytes = 32 << 10         // of a request's header
)

// lastCall is how long before the deadline of Stop the requests that still run
// are cancelled, so that they can answer.
const lastCall = time.Second

// Name names the server in the log of starts and stops.
func (s *Server) Name() string { return "web" }

// Listen binds the address and begins to answer: 200 at /livez, and a problem
// "starting" at everything else until Start.
func (s *Server) Listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil {
		return errors.New("web: Listen was called before")
	}
	l, err := net.Listen("tcp", s.options.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s; is another program there? %w", s.options.Listen, err)
	}
	if addr, ok := l.Addr().(*net.TCPAddr); s.loopback && ok && !addr.IP.IsLoopback() {
		return errors.Join(fmt.Errorf("%s is not a loopback address on this machine, it is %s", s.options.Listen, addr.IP), l.Close())
	}
	s.serveOn(l)
	return nil
}

// serveOn starts the goroutine that accepts connections of l. It ends when
// Stop shuts the server down.
func (s *Server) serveOn(l net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.served = cancel, make(chan struct{})
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(s.options.Log.Handler(), slog.LevelWarn),
	}
	s.listener.Store(&l)
	go func() {
		defer close(s.served)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("web: accepting connections: %w", err)
		}
	}()
}

// serve is the handler of the http.Server.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if s.mounted.Load() {
		s.echo.ServeHTTP(w, r)
		return
	}
	s.answerStarting(w, r)
}

// Addr returns the address that the server listens on, nil before Listen. Its
// port is the real one where the options say 0.
func (s *Server) Addr() net.Addr {
	if l := s.listener.Load(); l != nil {
		return (*l).Addr()
	}
	return nil
}

// Failed yields the error after which no connection is accepted any more.
func (s *Server) Failed() <-chan error { return s.failed }

// OnShutdown registers fn to be called by Stop before the server waits for
// requests: the place to end live connections, for which it would wait in vain.
// Functions are called in the order of registration and must not block.
func (s *Server) OnShutdown(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, fn)
}

// Start serves the routes that Mount registered, and listens first where
// Listen was not called.
func (s *Server) Start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.routes == nil {
		return errors.New("web: Start before Mount")
	}
	if s.listener.Load() == nil {
		if err := s.Listen(); err != nil {
			return err
		}
	}
	s.mounted.Store(true)
	return nil
}

// Stop makes the server not ready, waits for the shutdown delay so that load
// balancers notice, ends the live connections, and waits for the requests in
// progress. Those still running shortly before the deadline are cancelled;
// those still running at it are cut. It is idempotent.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http == nil || s.stopping.Swap(true) {
		return nil
	}
	if s.mounted.Load() {
		pause(ctx, s.options.ShutdownDelay)
	}
	for _, hook := range s.hooks {
		hook()
	}
	return s.drain(ctx)
}

func (s *Server) drain(ctx context.Context) error {
	defer s.cancel()
	if deadline, ok := ctx.Deadline(); ok {
		timer := time.AfterFunc(time.Until(deadline)-lastCall, s.cancel)
		defer timer.Stop()
	}
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("requests were cut: %w", err), s.http.Close())
	}
	<-s.served
	return err
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

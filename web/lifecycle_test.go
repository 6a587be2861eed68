package web_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine"
	"quintet/web"
)

func TestStarting(t *testing.T) {
	b := &bed{client: http.DefaultClient, Server: web.New(web.Options{Listen: "127.0.0.1:0"})}
	if err := b.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Stop(context.Background()) })
	runScenarios(t, b, []scenario{
		{name: "OKLive", method: "GET", path: "/livez", status: 200, has: []string{`{"status":"ok"}`, "nosniff"}},
		{name: "ErrReady", method: "GET", path: "/readyz", status: 503, code: "starting", has: []string{"Retry-After: 1"}},
		{name: "ErrRoute", method: "POST", path: "/v1/notes", token: "writer", body: "{}", status: 503, code: "starting"},
	})
	if err := b.Mount(web.House{Bus: engine.NewBus(), Authenticator: credentials(), Capabilities: []web.Capability{&notes{}}}); err != nil {
		t.Fatal(err)
	}
	runScenarios(t, b, []scenario{{name: "ErrMounted", method: "GET", path: "/readyz", status: 503, code: "starting"}})
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	runScenarios(t, b, []scenario{{name: "OKStarted", method: "GET", path: "/readyz", status: 200}})
}

func TestReadiness(t *testing.T) {
	var broken error
	b := newBed(t, func(_ *web.Options, h *web.House) {
		h.Checks = []web.Check{
			{Name: "disk", Ask: func(context.Context) error { return nil }},
			{Name: "keyring", Ask: func(context.Context) error { return broken }},
		}
	})
	runScenarios(t, b, []scenario{
		{name: "OK", method: "GET", path: "/readyz", status: 200, lacks: []string{"disk"}},
		{name: "OKVerbose", method: "GET", path: "/readyz?verbose", token: "other", status: 200, has: []string{`["disk","keyring"]`}},
	})
	broken = errors.New("a write failed")
	runScenarios(t, b, []scenario{
		{name: "Err", method: "GET", path: "/readyz", status: 503, code: "not_ready", lacks: []string{"disk", "keyring", "a write failed"}},
		{name: "ErrVerbose", method: "GET", path: "/readyz?verbose=1", token: "other", status: 503, code: "not_ready", has: []string{`"location":"keyring","message":"a write failed"`}, lacks: []string{"disk"}},
		{name: "OKLive", method: "GET", path: "/livez", status: 200},
	})
}

func TestService(t *testing.T) {
	mounted := func(t *testing.T, listen string) *web.Server {
		s := web.New(web.Options{Listen: listen})
		if err := s.Mount(web.House{Bus: engine.NewBus(), Authenticator: credentials()}); err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Run("OKStopBeforeStart", func(t *testing.T) {
		if err := web.New(web.Options{}).Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("OKStopTwice", func(t *testing.T) {
		s := mounted(t, "127.0.0.1:0")
		if err := errors.Join(s.Start(t.Context()), s.Stop(t.Context()), s.Stop(t.Context())); err != nil {
			t.Error(err)
		}
	})
	t.Run("ErrStartCancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if s := mounted(t, "127.0.0.1:0"); s.Start(ctx) == nil || s.Addr() != nil {
			t.Error("it started")
		}
	})
	t.Run("ErrPortTaken", func(t *testing.T) {
		first := mounted(t, "127.0.0.1:0")
		if err := first.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		second := mounted(t, first.Addr().String())
		if err := second.Start(t.Context()); err == nil || !strings.Contains(err.Error(), first.Addr().String()) {
			t.Errorf("got %v", err)
		}
		if err := errors.Join(second.Stop(t.Context()), first.Stop(t.Context())); err != nil {
			t.Error(err)
		}
	})
}

func TestStop(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, b *bed, _ func() net.Conn) {
		b.notes.waiting = make(chan struct{})
		told := make(chan string, 2)
		b.OnShutdown(func() { told <- "first" })
		b.OnShutdown(func() { told <- "second" })
		answers := make(chan answer)
		go func() { answers <- b.call(t, "POST", "/v1/fail/wait", "reader", "") }()
		<-b.notes.waiting

		// The request ends by itself never; it is cancelled in time to be
		// answered.
		began := time.Now()
		b.stops.Go(func() { b.stop(t, 20*time.Second) })
		a := <-answers
		if took := time.Since(began); a.status != 503 || took != 19*time.Second {
			t.Errorf("after %v: %v", took, a)
		}
		checkProblem(t, a, "cancelled")
		if first, second := <-told, <-told; first != "first" || second != "second" {
			t.Error(first, second)
		}
	})
}

// TestShutdownDelay watches the server while it is no longer ready and still
// serves.
func TestShutdownDelay(t *testing.T) {
	delay := func(o *web.Options, _ *web.House) { o.ShutdownDelay = 5 * time.Second }
	inBubble(t, delay, func(t *testing.T, b *bed, _ func() net.Conn) {
		b.stops.Go(func() { b.stop(t, time.Minute) })
		synctest.Wait()
		for _, s := range []scenario{
			{method: "GET", path: "/readyz", status: 503, code: "stopping"},
			{method: "GET", path: "/v1/notes/1", token: "reader", status: 200},
			{method: "GET", path: "/livez", status: 200},
		} {
			s.run(t, b)
		}
	})
}

package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
	"quintet/engine/telemetry"
	"quintet/web"
)

// acme and globex are the tenants of these tests, ground is what they stand on.
var (
	acme, globex engine.Tenant
	ground       *engine.Engine
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "quintet-web-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	e, err := engine.Open(context.Background(), engine.Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	defer e.Close()
	ground = e
	for name, t := range map[string]*engine.Tenant{"acme": &acme, "globex": &globex} {
		if *t, err = e.Tenants.Create(context.Background(), name, func(*engine.Tx) error { return nil }); err != nil {
			panic(err)
		}
	}
	return m.Run()
}

// keys is an authenticator that knows its credentials by heart.
type keys map[string]engine.Principal

func (k keys) Authenticate(_ context.Context, credential string, _ *http.Request) (engine.Principal, error) {
	if p, ok := k[credential]; ok {
		return p, nil
	}
	return engine.Principal{}, engine.Errorf(engine.Unauthenticated, "credential_invalid", "this credential is not valid; get a new one")
}

func credentials() keys {
	principal := func(t engine.Tenant, subject string, scopes ...string) engine.Principal {
		return engine.Principal{Tenant: t, Subject: subject, Kind: engine.KindAPIKey, Scopes: scopes}
	}
	return keys{
		"writer": principal(acme, "apikey:writer", "notes:read", "notes:write"),
		"reader": principal(acme, "apikey:reader", "notes:read"),
		"other":  principal(globex, "apikey:other"),
		"root":   principal(acme, "apikey:root", "platform:admin"),
	}
}

// allowance lets a fixed number of requests of each tenant pass.
type allowance struct {
	mu   sync.Mutex
	left map[engine.Tenant]int
}

func (a *allowance) Allow(t engine.Tenant) (int, int, time.Duration, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left[t]--
	return 5000, max(0, a.left[t]), 1500 * time.Millisecond, a.left[t] >= 0
}

// bed is a real server on a port of its own, and what it logged.
type bed struct {
	*web.Server
	client *http.Client
	bus    *engine.Bus
	notes  *notes
	log    *output
	access *output
	stops  sync.WaitGroup // of stops that run beside a test
}

// adjust changes what a bed is made of.
type adjust func(*web.Options, *web.House)

// mountBed makes a server with routes that does not listen yet.
func mountBed(t *testing.T, listen string, change adjust) *bed {
	t.Helper()
	b := &bed{client: http.DefaultClient, bus: engine.NewBus(), notes: &notes{}, log: &output{}, access: &output{}}
	o := web.Options{
		Listen: listen, Version: "1.2.3", Registry: prometheus.NewRegistry(),
		Log: logger(t, b.log), AccessLog: logger(t, b.access),
	}
	h := web.House{Bus: b.bus, Authenticator: credentials(), Capabilities: []web.Capability{b.notes}}
	if change != nil {
		change(&o, &h)
	}
	b.Server = web.New(o)
	if err := b.Mount(h); err != nil {
		t.Fatal(err)
	}
	return b
}

// newBed starts a server on a port of its own.
func newBed(t *testing.T, change adjust) *bed {
	t.Helper()
	b := mountBed(t, "127.0.0.1:0", change)
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.stop(t, 10*time.Second) })
	return b
}

// stop stops the server within a time.
func (b *bed) stop(t *testing.T, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := b.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func logger(t *testing.T, o *output) *slog.Logger {
	t.Helper()
	log, err := telemetry.NewLog(o, telemetry.LogConfig{Format: "json", Level: slog.LevelDebug})
	if err != nil {
		t.Fatal(err)
	}
	return log.Logger
}

func (b *bed) url(path string) string { return "http://" + b.Addr().String() + path }

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// call sends one request; headers are "Name: value".
func (b *bed) call(t *testing.T, method, path, token, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url(path), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	response, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(data)}
}

// output collects what a log writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

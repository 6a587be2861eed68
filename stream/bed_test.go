package stream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/stream"
)

// noon is when the clock of a bed stands at first.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var background = context.Background()

// bed is a server of streams whose clock and housekeeping a test drives.
type bed struct {
	t      testing.TB
	dir    string
	config stream.Config
	clock  *enginetest.Clock
	engine *engine.Engine
	s      *stream.Streams
	acme   engine.Tenant
	globex engine.Tenant
	echo   *echo.Echo
}

func newBed(t testing.TB, c stream.Config) *bed {
	t.Helper()
	b := &bed{t: t, dir: filepath.Join(t.TempDir(), "data"), config: c, clock: enginetest.NewClock(noon)}
	b.open()
	t.Cleanup(b.close)
	return b
}

func (b *bed) open() {
	b.t.Helper()
	e, err := engine.Open(background, engine.Options{Dir: b.dir, Clock: b.clock, SegmentBytes: 1 << 20, Reserve: 64 << 10})
	if err != nil {
		b.t.Fatal(err)
	}
	b.engine = e
	b.acme, b.globex = tenantIn(b.t, e, "acme"), tenantIn(b.t, e, "globex")
	b.s = stream.New(e, b.config).Manual()
	if err := b.s.Start(background); err != nil {
		b.t.Fatal(err)
	}
	b.echo = newEcho(b.s, map[string]engine.Principal{
		"acme":   {Tenant: b.acme, Scopes: []string{"stream:read", "stream:write", "stream:admin"}},
		"globex": {Tenant: b.globex, Scopes: []string{"stream:read", "stream:write", "stream:admin"}},
	})
}

// close may be called again.
func (b *bed) close() {
	b.t.Helper()
	if b.engine == nil {
		return
	}
	defer func() { b.engine = nil }()
	if err := b.s.Stop(background); err != nil {
		b.t.Error(err)
	}
	if err := b.engine.Close(); err != nil {
		b.t.Error(err)
	}
}

// reopen stops everything cleanly and starts it again.
func (b *bed) reopen() {
	b.t.Helper()
	b.close()
	b.open()
}

func tenantIn(t testing.TB, e *engine.Engine, name string) engine.Tenant {
	t.Helper()
	if tenant, err := e.Tenants.Lookup(name); err == nil {
		return tenant
	}
	tenant, err := e.Tenants.Create(background, name, func(*engine.Tx) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

// statusOf is what the real server answers each kind of error with.
var statusOf = map[engine.Kind]int{
	engine.Malformed: 400, engine.Unauthenticated: 401, engine.NotFound: 404, engine.Conflict: 409, engine.Precondition: 412, engine.TooLarge: 413,
	engine.Invalid: 422, engine.Busy: 429, engine.Internal: 500, engine.Unavailable: 503, engine.Full: 507,
}

// newEcho is a small stand-in for package web, which streams may not import.
func newEcho(s *stream.Streams, principals map[string]engine.Principal) *echo.Echo {
	huma.NewError = func(status int, message string, faults ...error) huma.StatusError {
		for _, f := range faults {
			if own, ok := errors.AsType[*engine.Error](f); ok {
				return problemOf(own)
			}
		}
		return &problem{Status: status, Code: "validation_failed", Detail: fmt.Sprint(message, faults)}
	}
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if c.Response().Committed {
			panic(http.ErrAbortHandler)
		}
		own, ok := errors.AsType[*engine.Error](err)
		if !ok {
			own = engine.Errorf(engine.Internal, "internal", "%v", err)
		}
		_ = c.JSON(problemOf(own).Status, problemOf(own))
	}
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			p, ok := principals[strings.TrimPrefix(c.Request().Header.Get("Authorization"), "Bearer ")]
			if !ok {
				return engine.Errorf(engine.Unauthenticated, "credential_missing", "who?")
			}
			c.SetRequest(c.Request().WithContext(engine.WithPrincipal(c.Request().Context(), p)))
			return next(c)
		}
	})
	s.Routes(humaecho.New(e, huma.DefaultConfig("test", "1")), e)
	return e
}

type problem struct {
	Status     int      `json:"status"`
	Code       string   `json:"code"`
	Detail     string   `json:"detail"`
	RetryAfter float64  `json:"retry_after,omitempty"`
	Errors     []string `json:"errors,omitempty"`
}

func (p *problem) Error() string  { return p.Detail }
func (p *problem) GetStatus() int { return p.Status }

func problemOf(e *engine.Error) *problem {
	p := &problem{Status: statusOf[e.Kind], Code: e.Code, Detail: e.Detail, RetryAfter: e.RetryAfter.Seconds()}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, f.Location+" "+f.Message)
	}
	return p
}

// reply is an answer of the server.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) String() string { return fmt.Sprint(r.status, " ", r.body) }

// call sends one request as a tenant. Headers are "Name: value".
func (b *bed) call(tenant, method, path, body string, headers ...string) reply {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body == "" {
		r = httptest.NewRequest(method, path, nil)
	}
	r.Header.Set("Authorization", "Bearer "+tenant)
	r.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	b.echo.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), strings.TrimSpace(w.Body.String())}
}

const asLines = "Content-Type: application/x-ndjson"

// send appends lines to a stream and demands that all are taken.
func (b *bed) send(name string, lines ...string) stream.Answer {
	b.t.Helper()
	a, err := b.s.Append(background, b.acme, name, stream.Input{Body: strings.NewReader(strings.Join(lines, "\n")), Length: -1})
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

func (b *bed) define(name string, d stream.Definition) {
	b.t.Helper()
	if _, _, err := b.s.Define(background, b.acme, name, d, ""); err != nil {
		b.t.Fatal(err)
	}
}

// answer is what a query answers.
type answer struct {
	Step   string `json:"step"`
	Series []struct {
		Group  map[string]*string `json:"group"`
		Other  bool               `json:"other"`
		Points []map[string]any   `json:"points"`
	} `json:"series"`
	Omitted int    `json:"omitted"`
	Late    uint64 `json:"late"`
	Other   uint64 `json:"other"`
}

func (b *bed) query(name string, q stream.Query) answer {
	b.t.Helper()
	data, err := b.s.Query(background, b.acme, name, q)
	if err != nil {
		b.t.Fatal(err)
	}
	var a answer
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&struct {
		*answer
		Approximate []string `json:"approximate"`
	}{answer: &a}); err != nil {
		b.t.Fatalf("%v: %s", err, data)
	}
	return a
}

// count returns how many events of the last hours a query finds.
func (b *bed) count(name string) (n uint64) {
	b.t.Helper()
	for _, s := range b.query(name, stream.Query{From: "-6h", To: b.clock.Now().Add(15 * time.Minute).Format(time.RFC3339), Step: "1h"}).Series {
		for _, p := range s.Points {
			n += uint64(p["count"].(float64))
		}
	}
	return n
}

// at writes the time of an event some seconds from the bed's clock, in ms.
func (b *bed) at(seconds int) string {
	return strconv.FormatInt(b.clock.Now().Add(time.Duration(seconds)*time.Second).UnixMilli(), 10)
}

func codeOf(err error) string {
	if own, ok := errors.AsType[*engine.Error](err); ok {
		return own.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func readAll(t testing.TB, r io.Reader) string {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// limits are small enough for tests to reach its bounds.
func limits() stream.Config {
	return stream.Config{InFlight: 6 << 20, InFlightTenant: 4 << 20}
}

// files reads every file of the data folder.
func (b *bed) files() map[string][]byte {
	b.t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			found[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

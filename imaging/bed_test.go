package imaging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // results are decoded again
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/imaging"
)

// noon is when the clock of a bed stands at first.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var background = context.Background()

// bed is a server of images whose clock a test drives.
type bed struct {
	t        testing.TB
	dir      string
	config   imaging.Config
	clock    *enginetest.Clock
	registry *prometheus.Registry
	engine   *engine.Engine
	s        *imaging.Images
	acme     engine.Tenant
	globex   engine.Tenant
	echo     *echo.Echo
}

func newBed(t testing.TB, c imaging.Config) *bed {
	t.Helper()
	b := &bed{t: t, dir: filepath.Join(t.TempDir(), "data"), config: c, clock: enginetest.NewClock(noon)}
	b.open()
	t.Cleanup(b.close)
	return b
}

func (b *bed) open() {
	b.t.Helper()
	b.registry = prometheus.NewRegistry()
	e, err := engine.Open(background, engine.Options{Dir: b.dir, Clock: b.clock, Registerer: b.registry, SegmentBytes: 1 << 20, Reserve: 64 << 10})
	if err != nil {
		b.t.Fatal(err)
	}
	b.engine = e
	b.acme, b.globex = tenantIn(b.t, e, "acme"), tenantIn(b.t, e, "globex")
	b.s = imaging.New(e, b.config)
	if err := b.s.Start(background); err != nil {
		b.t.Fatal(err)
	}
	scopes := []string{"imaging:read", "imaging:write"}
	b.echo = newEcho(b.s, map[string]engine.Principal{"acme": {Tenant: b.acme, Scopes: scopes}, "globex": {Tenant: b.globex, Scopes: scopes}})
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
	engine.Malformed: 400, engine.Unauthenticated: 401, engine.Forbidden: 403, engine.NotFound: 404, engine.Conflict: 409, engine.Precondition: 412,
	engine.TooLarge: 413, engine.Invalid: 422, engine.Busy: 429, engine.Internal: 500, engine.Unavailable: 503, engine.Full: 507,
}

// newEcho is a small stand-in for package web, which images may not import.
func newEcho(s *imaging.Images, principals map[string]engine.Principal) *echo.Echo {
	huma.NewError = func(status int, message string, faults ...error) huma.StatusError {
		for _, f := range faults {
			if own, ok := errors.AsType[*engine.Error](f); ok {
				return problemOf(own)
			}
		}
		return &problem{Status: status, Code: "of_status", Detail: fmt.Sprint(message, faults)}
	}
	e := echo.New()
	e.HTTPErrorHandler = answerError
	e.Use(unescape, func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if strings.HasPrefix(c.Request().URL.Path, "/img/") {
				return next(c)
			}
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

// unescape makes path parameters unescaped once, as the real server does.
func unescape(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		values := append([]string(nil), c.ParamValues()...)
		for i, v := range values {
			if plain, err := url.PathUnescape(v); err == nil && c.Request().URL.RawPath != "" {
				values[i] = plain
			}
		}
		c.SetParamValues(values...)
		return next(c)
	}
}

func answerError(err error, c echo.Context) {
	if c.Response().Committed {
		panic(http.ErrAbortHandler)
	}
	if p, ok := errors.AsType[*problem](err); ok {
		_ = c.JSON(p.Status, p)
		return
	}
	if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		_ = c.JSON(h.Code, &problem{Status: h.Code, Code: "of_router"})
		return
	}
	own, ok := errors.AsType[*engine.Error](err)
	if !ok {
		own = engine.Errorf(engine.Internal, "internal", "%v", err)
	}
	_ = c.JSON(problemOf(own).Status, problemOf(own))
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
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	b.echo.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

// put uploads a file of acme and demands that it is taken.
func (b *bed) put(data []byte) imaging.Image {
	b.t.Helper()
	img, err := b.s.Put(background, b.acme, bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	return img
}

// sign signs a URL of acme.
func (b *bed) sign(id imaging.ID, operations, life string) string {
	b.t.Helper()
	r := b.call("acme", "POST", "/v1/images/"+id.String()+"/sign", fmt.Sprintf(`{"operations":%q,"expires_in":%q}`, operations, life))
	var signed imaging.Signed
	if err := json.Unmarshal([]byte(r.body), &signed); err != nil || r.status != 200 {
		b.t.Fatal(r, err)
	}
	return signed.URL
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

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// drawn makes a PNG that differs with its number.
func drawn(t testing.TB, w, h, number int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * 3), uint8(y * 5), uint8(number), 255})
		}
	}
	img.SetNRGBA(0, 0, color.NRGBA{uint8(number >> 16), uint8(number >> 8), uint8(number), 255})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sizeOf decodes a result.
func sizeOf(t testing.TB, body string) (w, h int, format string) {
	t.Helper()
	img, format, err := image.Decode(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return img.Bounds().Dx(), img.Bounds().Dy(), format
}

// metric sums a metric over its labels.
func (b *bed) metric(name string) (sum float64) {
	b.t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	found := false
	for _, f := range families {
		if f.GetName() != "quintet_imaging_"+name {
			continue
		}
		found = true
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	if !found {
		b.t.Fatalf("there is no metric %s", name)
	}
	return sum
}

// check demands that the stored data are sound.
func (b *bed) check() {
	b.t.Helper()
	problems, err := b.engine.Check(background, func(string, int64, int64) {})
	if err != nil || len(problems) > 0 {
		b.t.Errorf("check: %q, %v", problems, err)
	}
}

package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/gateway"
	"quintet/gateway/token"
)

const publicURL = "https://quintet.test"

var background = context.Background()

// tester is what these tests need of a test: rapid's has it, too.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// opener is a test at whose end the data folder is closed.
type opener interface {
	tester
	Cleanup(func())
}

// bed is a gateway over a real engine, behind a router that does what the
// server does: authenticate, demand the scopes of the operation, render errors.
type bed struct {
	*gateway.Gateway
	engine   *engine.Engine
	clock    *enginetest.Clock
	registry *prometheus.Registry
	dir      string
	lines    *logged
	router   *echo.Echo
	document *huma.OpenAPI
	platform string // key of the platform's administrator
}

// logged collects log lines of every level.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestMain(m *testing.M) {
	huma.NewError = newProblem
	os.Exit(m.Run())
}

// newBed opens a new data folder and makes its first key.
func newBed(tb testing.TB) *bed {
	tb.Helper()
	b := openBed(tb, filepath.Join(tb.TempDir(), "data"), enginetest.NewClock(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)))
	if err := b.EnsureAdminKey(background, b.dir); err != nil {
		tb.Fatal(err)
	}
	b.platform = b.keyFile(tb, "admin.key")
	return b
}

// openBed opens a data folder that may have been used before.
func openBed(tb opener, dir string, clock *enginetest.Clock) *bed {
	tb.Helper()
	b := &bed{clock: clock, registry: prometheus.NewRegistry(), dir: dir, lines: &logged{}}
	log := slog.New(slog.NewTextHandler(b.lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	b.engine, err = engine.Open(background, engine.Options{Dir: dir, Clock: clock, Log: log, Registerer: b.registry, Reserve: 1 << 20, SegmentBytes: 256 << 10})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(b.close)
	b.Gateway = gateway.New(b.engine, gateway.Options{PublicURL: publicURL + "/"})
	if err := b.Start(background); err != nil {
		tb.Fatal(err)
	}
	b.router = echo.New()
	b.router.HTTPErrorHandler = renderError
	b.router.Use(b.protect)
	config := huma.DefaultConfig("test", "1")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", "", nil
	api := humaecho.New(b.router, config)
	b.document = api.OpenAPI()
	b.Routes(api, b.router)
	return b
}

func (b *bed) close() { _ = b.engine.Close() }

// reopen closes the data folder and opens it again.
func (b *bed) reopen(tb testing.TB) *bed {
	tb.Helper()
	if err := b.engine.Close(); err != nil {
		tb.Fatal(err)
	}
	again := openBed(tb, b.dir, b.clock)
	again.platform = b.platform
	return again
}

func (b *bed) keyFile(tb tester, name string) string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// protect does for these tests what web does for the product.
func (b *bed) protect(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op := b.operation(c.Request().Method, c.Path())
		if op == nil {
			return echo.ErrNotFound
		}
		if len(op.Security) == 0 {
			return next(c)
		}
		credential := strings.TrimPrefix(c.Request().Header.Get("Authorization"), "Bearer ")
		p, err := b.Authenticate(c.Request().Context(), credential, c.Request())
		if err != nil {
			return err
		}
		for _, alternative := range op.Security {
			if p.Holds(alternative["bearer"]) {
				c.SetRequest(c.Request().WithContext(engine.WithPrincipal(c.Request().Context(), p)))
				return next(c)
			}
		}
		return engine.Errorf(engine.Forbidden, "scope_missing", "this needs %v", op.Security)
	}
}

func (b *bed) operation(method, pattern string) *huma.Operation {
	item := b.document.Paths[strings.NewReplacer(":id", "{id}", ":tenant", "{tenant}").Replace(pattern)]
	if item == nil {
		return nil
	}
	return map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PATCH": item.Patch, "DELETE": item.Delete}[method]
}

// problem is how these tests show an error.
type problem struct {
	Status int                 `json:"status"`
	Code   string              `json:"code"`
	Detail string              `json:"detail"`
	Fields []engine.FieldError `json:"errors,omitempty"`
}

func (p *problem) Error() string  { return p.Code }
func (p *problem) GetStatus() int { return p.Status }

func problemOf(err error) *problem {
	if e, ok := errors.AsType[*engine.Error](err); ok {
		status := map[engine.Kind]int{
			engine.Malformed: 400, engine.Unauthenticated: 401, engine.Forbidden: 403, engine.NotFound: 404, engine.Conflict: 409,
			engine.Precondition: 412, engine.TooLarge: 413, engine.Invalid: 422, engine.Busy: 429, engine.Unavailable: 503, engine.Full: 507,
		}[e.Kind]
		return &problem{status, e.Code, e.Detail, e.Fields}
	}
	if e, ok := errors.AsType[*echo.HTTPError](err); ok {
		return &problem{Status: e.Code, Code: "http"}
	}
	return &problem{Status: 500, Code: "internal", Detail: err.Error()}
}

func renderError(err error, c echo.Context) {
	p := problemOf(err)
	_ = c.JSON(p.Status, p)
}

func newProblem(status int, message string, faults ...error) huma.StatusError {
	if status == 500 && len(faults) > 0 {
		return problemOf(errors.Join(faults...))
	}
	return &problem{Status: status, Code: "validation_failed", Detail: fmt.Sprint(message, faults)}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// field returns a member of a JSON object.
func (a answer) field(name string) string {
	var members map[string]any
	_ = json.Unmarshal([]byte(a.body), &members)
	text, _ := members[name].(string)
	return text
}

// call sends one request; headers are "Name: value".
func (b *bed) call(method, path, credential, body string, headers ...string) answer {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if credential != "" {
		r.Header.Set("Authorization", "Bearer "+credential)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	b.router.ServeHTTP(w, r)
	text, _ := io.ReadAll(w.Body)
	return answer{w.Code, w.Header(), string(text)}
}

// must makes a call that has to answer with status.
func (b *bed) must(tb tester, status int, method, path, credential, body string, headers ...string) answer {
	tb.Helper()
	a := b.call(method, path, credential, body, headers...)
	if a.status != status {
		tb.Fatalf("%s %s: %d %s; want %d", method, path, a.status, a.body, status)
	}
	return a
}

// tenant makes a tenant and returns its first key.
func (b *bed) tenant(tb tester, id string) (key string) {
	tb.Helper()
	return b.must(tb, 201, "POST", "/v1/tenants", b.platform, `{"id":"`+id+`","name":"`+id+` Inc."}`).field("key")
}

// key makes an API key and returns its id and text.
func (b *bed) key(tb tester, credential, body string) (id, text string) {
	tb.Helper()
	a := b.must(tb, 201, "POST", "/v1/apikeys", credential, body)
	return a.field("id"), a.field("key")
}

// client makes a client with a scope and returns its id and secret.
func (b *bed) client(tb tester, credential, scopes string) (id, secret string) {
	tb.Helper()
	a := b.must(tb, 201, "POST", "/v1/clients", credential, `{"name":"worker","grants":["client_credentials"],"scopes":[`+scopes+`]}`)
	return a.field("client_id"), a.field("client_secret")
}

// token fetches an access token.
func (b *bed) token(tb tester, tenant, id, secret string) string {
	tb.Helper()
	return b.must(tb, 200, "POST", "/t/"+tenant+"/oauth/token", "", "grant_type=client_credentials&client_id="+id+"&client_secret="+secret).field("access_token")
}

// handle returns the engine's handle of a tenant.
func (b *bed) handle(tb tester, name string) engine.Tenant {
	tb.Helper()
	t, err := b.engine.Tenants.Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// audit returns what was done in a tenant, as "action target".
func (b *bed) audit(tb tester, tenant string) (acts []string) {
	tb.Helper()
	records, err := b.Audit(background, b.handle(tb, tenant), engine.ID{}, 1_000_000)
	if err != nil {
		tb.Fatal(err)
	}
	for _, r := range records {
		acts = append(acts, r.Action+" "+r.Target)
	}
	return acts
}

// signingKey takes a tenant's signing key out of the store.
func (b *bed) signingKey(tb testing.TB, tenant string) (key *token.Key) {
	tb.Helper()
	err := b.engine.Store.View(background, b.handle(tb, tenant), func(v *engine.View) error {
		for _, data := range v.Scan("gateway.signing", nil, nil) {
			var record struct{ Secret []byte }
			if err := json.Unmarshal(data, &record); err != nil {
				return err
			}
			var err error
			key, err = token.ParseKey(record.Secret)
			return err
		}
		return errors.New("there is none")
	})
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// sound runs every check of the engine and the gateway's own.
func (b *bed) sound(tb testing.TB) {
	tb.Helper()
	problems, err := b.engine.Check(background, func(string, int64, int64) {})
	if err != nil || len(problems) > 0 {
		tb.Errorf("check: %q, %v", problems, err)
	}
}

// scenario is one request and what must and must not come of it.
type scenario struct {
	name, method, path, as, body string
	headers                      []string
	status                       int
	want, not                    []string // parts of the answer's body
}

func (b *bed) run(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			a := b.call(s.method, s.path, s.as, s.body, s.headers...)
			if a.status != s.status {
				t.Errorf("status %d; want %d: %s", a.status, s.status, a.body)
			}
			for _, part := range s.want {
				if !strings.Contains(a.body, part) {
					t.Errorf("the answer lacks %q: %s", part, a.body)
				}
			}
			for _, part := range s.not {
				if strings.Contains(a.body, part) {
					t.Errorf("the answer shows %q: %s", part, a.body)
				}
			}
		})
	}
}

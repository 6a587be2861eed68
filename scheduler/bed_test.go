package scheduler_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/scheduler"
)

// bed is a scheduler on an engine of its own behind HTTP, with one tenant.
type bed struct {
	t        testing.TB
	dir      string
	e        *engine.Engine
	s        *scheduler.Scheduler
	registry *prometheus.Registry
	acme     engine.Tenant
	web      *echo.Echo
	options  scheduler.Options
	clock    engine.Clock
	document *huma.OpenAPI
	schemas  huma.Registry // kept when it opens again: to describe every type takes longer than the rest

	maxStore  int64 // 0 = the engine's default
	onDisk    bool  // speed counts: with segments as the engine makes them
	anonymous bool  // nobody is authenticated
}

// newBed opens a bed that the test's end closes.
func newBed(t testing.TB, o scheduler.Options) *bed {
	t.Helper()
	b := &bed{t: t, dir: filepath.Join(memory(t), "data"), options: o, clock: o.Clock}
	b.open()
	t.Cleanup(b.close)
	return b
}

// memory returns a folder that needs no disk where the system has one: tests
// of virtual time wait for no sync. Those of real durability use a real disk.
func memory(t testing.TB) string {
	t.Helper()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		dir, err := os.MkdirTemp("/dev/shm", "quintet-scheduler-")
		must(t, err)
		t.Cleanup(func() { os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

func (b *bed) open() {
	b.t.Helper()
	b.openEngine()
	must(b.t, b.s.Start(context.Background()))
}

func (b *bed) openEngine() {
	b.t.Helper()
	b.registry = prometheus.NewRegistry()
	o := engine.Options{Dir: b.dir, Clock: b.clock, MaxStore: b.maxStore, Registerer: b.registry}
	if !b.onDisk {
		o.Reserve, o.SegmentBytes = 1<<20, 64<<10
	}
	e, err := engine.Open(context.Background(), o)
	must(b.t, err)
	b.e = e
	if b.acme, err = e.Tenants.Lookup("acme"); err != nil {
		b.acme, err = e.Tenants.Create(context.Background(), "acme", func(*engine.Tx) error { return nil })
		must(b.t, err)
	}
	b.s = scheduler.New(e, b.options)
	b.web = b.newWeb()
}

func (b *bed) close() {
	if b.e == nil {
		return
	}
	if err := errors.Join(b.s.Stop(context.Background()), b.e.Close()); err != nil {
		b.t.Error(err)
	}
	b.e = nil
}

func (b *bed) reopen() {
	b.t.Helper()
	b.close()
	b.open()
}

// check runs the engine's check and compares the board with a rebuilt one.
func (b *bed) check() {
	b.t.Helper()
	problems, err := b.e.Check(context.Background(), func(string, int64, int64) {})
	must(b.t, err)
	for _, p := range problems {
		b.t.Error(p)
	}
	if diff := b.s.BoardDiff(context.Background()); diff != "" {
		b.t.Errorf("the board and the store differ: %s", diff)
	}
}

// newWeb does what the server does around a capability: it knows the caller by
// a header that names the tenant, and renders errors.
func (b *bed) newWeb() *echo.Echo {
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		p := problemOf(err)
		c.Response().Header().Set("Content-Type", "application/problem+json")
		_ = c.JSON(p.Status, p)
	}
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			t, err := b.e.Tenants.Lookup(cmp.Or(c.Request().Header.Get("Test-Tenant"), "acme"))
			if err != nil {
				return err
			}
			if b.anonymous {
				return next(c)
			}
			p := engine.Principal{Tenant: t, Subject: "apikey:1", Kind: engine.KindAPIKey}
			c.SetRequest(c.Request().WithContext(engine.WithPrincipal(c.Request().Context(), p)))
			return next(c)
		}
	})
	config := huma.DefaultConfig("test", "1")
	config.CreateHooks = nil
	if b.schemas == nil {
		b.schemas = config.Components.Schemas
	}
	config.Components.Schemas = b.schemas
	api := humaecho.New(e, config)
	b.s.Routes(api, e)
	b.document = api.OpenAPI()
	return e
}

type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors,omitempty"`
}

func (p *problem) Error() string  { return p.Code }
func (p *problem) GetStatus() int { return p.Status }

var statusOf = map[engine.Kind]int{
	engine.Malformed: 400, engine.Unauthenticated: 401, engine.NotFound: 404, engine.Conflict: 409, engine.Precondition: 412,
	engine.TooLarge: 413, engine.Invalid: 422, engine.Busy: 429, engine.Unavailable: 503, engine.Full: 507,
}

func problemOf(err error) *problem {
	if own, ok := errors.AsType[*engine.Error](err); ok && own.Kind != engine.Internal {
		p := &problem{Status: statusOf[own.Kind], Code: own.Code, Detail: own.Detail}
		for _, f := range own.Fields {
			p.Errors = append(p.Errors, struct {
				Location string `json:"location"`
				Message  string `json:"message"`
			}{f.Location, f.Message})
		}
		return p
	}
	return &problem{Status: 500, Code: "internal", Detail: err.Error()}
}

func TestMain(m *testing.M) {
	huma.NewError = func(status int, message string, faults ...error) huma.StatusError {
		for _, f := range faults {
			if own, ok := errors.AsType[*engine.Error](f); ok {
				return problemOf(own)
			}
		}
		return &problem{Status: status, Code: "validation_failed", Detail: fmt.Sprint(message, ": ", errors.Join(faults...))}
	}
	os.Exit(m.Run())
}

// reply is the answer to one call.
type reply struct {
	t      testing.TB
	call   string
	status int
	header http.Header
	body   []byte
}

// do makes a call. Headers follow the body in pairs.
func (b *bed) do(method, path, body string, headers ...string) *reply {
	b.t.Helper()
	return b.doContext(context.Background(), method, path, body, headers...)
}

func (b *bed) doContext(ctx context.Context, method, path, body string, headers ...string) *reply {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.web.ServeHTTP(w, r)
	return &reply{b.t, method + " " + path, w.Code, w.Header(), w.Body.Bytes()}
}

// cut is as much of the body as a failure prints.
func (r *reply) cut() []byte { return r.body[:min(len(r.body), 2000)] }

// want demands a status and that the body holds, or with a leading ! does not
// hold, each of the texts, white space aside.
func (r *reply) want(status int, texts ...string) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: status %d, expected was %d\n%s", r.call, r.status, status, r.cut())
	}
	var plain bytes.Buffer
	_ = json.Compact(&plain, r.body)
	for _, text := range texts {
		unwanted, not := strings.CutPrefix(text, "!")
		if not == strings.Contains(plain.String(), unwanted) {
			r.t.Fatalf("%s: expected was %s in\n%s", r.call, text, r.cut())
		}
	}
	return r
}

// into decodes the body.
func (r *reply) into(v any) {
	r.t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		r.t.Fatalf("%s: %v in\n%s", r.call, err, r.body)
	}
}

// get returns one member of the body.
func (r *reply) get(name string) string {
	r.t.Helper()
	var members map[string]any
	r.into(&members)
	return fmt.Sprint(members[name])
}

// enqueue makes one job and returns its id.
func (b *bed) enqueue(queue, body string) string {
	b.t.Helper()
	return b.do("POST", "/v1/queues/"+queue+"/jobs", body).want(201).get("id")
}

type leased struct {
	ID, Queue, Token string
	Attempt          int
	Payload          json.RawMessage
	ExpiresAt        time.Time `json:"expires_at"`
}

// lease polls a queue and returns what it got.
func (b *bed) lease(queue, body string) []leased {
	b.t.Helper()
	var a struct{ Jobs []leased }
	b.do("POST", "/v1/queues/"+queue+"/lease", body).want(200).into(&a)
	return a.Jobs
}

// leaseOne demands exactly one job.
func (b *bed) leaseOne(queue string) leased {
	b.t.Helper()
	jobs := b.lease(queue, `{"limit":10}`)
	if len(jobs) != 1 {
		b.t.Fatalf("leased %d jobs of %s, expected was one", len(jobs), queue)
	}
	return jobs[0]
}

// call makes a worker's call with the token of a lease, and more members.
func (b *bed) call(l leased, what, members string) *reply {
	b.t.Helper()
	return b.do("POST", "/v1/jobs/"+l.ID+"/"+what, `{"token":"`+l.Token+`"`+members+`}`)
}

func (b *bed) job(id string) *scheduler.Job {
	b.t.Helper()
	var j scheduler.Job
	b.do("GET", "/v1/jobs/"+id, "").want(200).into(&j)
	return &j
}

// bulk runs a bulk operation to its end, in virtual time, and demands texts of
// what became of it.
func (b *bed) bulk(kind, body string, texts ...string) *reply {
	b.t.Helper()
	at := b.do("POST", "/v1/jobs/"+kind, body).want(202).header.Get("Location")
	synctest.Wait()
	return b.do("GET", at, "").want(200, texts...)
}

// wantState demands a job's state and the events of its timeline.
func (b *bed) wantState(id, state string, events ...string) *scheduler.Job {
	b.t.Helper()
	j := b.job(id)
	var got []string
	for _, m := range j.Timeline {
		got = append(got, m.Event)
	}
	if j.State != state || len(events) > 0 && strings.Join(got, " ") != strings.Join(events, " ") {
		b.t.Fatalf("job %s is %s by %v, expected was %s by %v", id, j.State, got, state, events)
	}
	return j
}

// scenarios returns what runs one scenario as a subtest: in virtual time, on a
// bed of its own, with a check at its end and another one after a restart.
func scenarios(t *testing.T, o scheduler.Options) func(name string, f func(b *bed)) {
	return func(name string, f func(b *bed)) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				b := newBed(t, o)
				f(b)
				synctest.Wait()
				b.check()
				b.reopen()
				synctest.Wait()
				b.check()
			})
		})
	}
}

// leaseIDs leases and returns the ids, in the order in which they came.
func (b *bed) leaseIDs(queue, body string) (ids []string) {
	b.t.Helper()
	for _, l := range b.lease(queue, body) {
		ids = append(ids, l.ID)
	}
	return ids
}

// wantIDs demands ids in their order.
func (b *bed) wantIDs(what string, got []string, want ...string) {
	b.t.Helper()
	if !slices.Equal(got, want) {
		b.t.Fatalf("%s: %v, expected were %v", what, got, want)
	}
}

// enqueueMany makes jobs of NDJSON lines, all of which must be taken, and
// returns their ids.
func (b *bed) enqueueMany(queue string, n int, line func(i int) string) []string {
	b.t.Helper()
	var a struct{ IDs []string }
	b.do("POST", "/v1/queues/"+queue+"/jobs", lines(n, line), "Content-Type", "application/x-ndjson").want(200, `"rejected":0`).into(&a)
	return a.IDs
}

// virtual runs f in a bubble of virtual time.
func virtual(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// pass lets virtual time pass and waits until what is due has been done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func nothing(*engine.Tx) error { return nil }

// lines makes an NDJSON body.
func lines(n int, line func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(line(i) + "\n")
	}
	return b.String()
}

// openIdle opens a bed in which nothing happens by itself.
func (b *bed) openIdle() {
	b.t.Helper()
	b.openEngine()
	must(b.t, b.s.StartIdle(context.Background()))
}

func newTestClock(now time.Time) *enginetest.Clock { return enginetest.NewClock(now) }

// operationScope returns the scope that an operation demands.
func operationScope(op any) string {
	o, ok := op.(*huma.Operation)
	if !ok || o == nil || len(o.Security) != 1 || len(o.Security[0]["bearer"]) != 1 || o.Tags[0] != "scheduler" || o.Summary == "" {
		return ""
	}
	return o.Security[0]["bearer"][0]
}

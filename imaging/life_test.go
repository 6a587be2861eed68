package imaging_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/config"
	"quintet/imaging"
)

// TestDocument holds that every route is in the OpenAPI document, that only
// the signed one is public, and that nothing else is.
func TestDocument(t *testing.T) {
	b := newBed(t, imaging.Config{})
	e := echo.New()
	a := humaecho.New(e, huma.DefaultConfig("test", "1"))
	b.s.Routes(a, e)
	var routes []string
	for _, r := range e.Routes() {
		if strings.HasPrefix(r.Path, "/v1/") || strings.HasPrefix(r.Path, "/img/") {
			for _, name := range []string{"id", "operations", "tenant", "source"} {
				r.Path = strings.ReplaceAll(r.Path, ":"+name, "{"+name+"}")
			}
			routes = append(routes, r.Method+" "+r.Path)
		}
	}
	var documented []string
	for path, item := range a.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op == nil {
				continue
			}
			documented = append(documented, op.Method+" "+path)
			public := len(op.Security) == 0 && op.Security != nil
			scoped := len(op.Security) == 1 && len(op.Security[0]["bearer"]) == 1 && strings.HasPrefix(op.Security[0]["bearer"][0], "imaging:")
			if public != (path == "/img/{tenant}/{operations}/{source}") || public == scoped {
				t.Errorf("%s %s demands %v", op.Method, path, op.Security)
			}
			if op.Tags[0] != "imaging" || op.Summary == "" || op.Description == "" || op.OperationID == "" {
				t.Errorf("%s %s is not described", op.Method, path)
			}
		}
	}
	slices.Sort(routes)
	slices.Sort(documented)
	if !slices.Equal(routes, documented) || len(routes) != 7 {
		t.Errorf("the routes are %q\nthe document has %q", routes, documented)
	}
	if _, err := json.Marshal(a.OpenAPI()); err != nil {
		t.Error(err)
	}
	r := httptest.NewRecorder()
	b.echo.ServeHTTP(r, httptest.NewRequest("GET", "/v1/images", nil))
	if r.Code != 401 {
		t.Errorf("a request without a credential: %d", r.Code)
	}
}

func TestMetricsAndBus(t *testing.T) {
	b := newBed(t, imaging.Config{})
	events := b.engine.Bus.Subscribe(t.Context(), b.acme, 20)
	img := b.put(drawn(t, 20, 10, 1))
	b.put(drawn(t, 20, 10, 1))
	path := "/v1/images/" + img.ID.String() + "/"
	for _, operations := range []string{"w=9", "w=9", "w=8", "w=9,h=9"} {
		b.call("acme", "GET", path+operations, "")
	}
	if _, err := b.s.Put(background, b.acme, strings.NewReader("text")); err == nil {
		t.Error("text was taken")
	}
	b.call("nobody", "GET", "/img/acme/w=9/"+img.ID.String(), "")
	if err := b.s.Delete(background, b.acme, img.ID); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"uploads_total": 1, "refused_total": 1, "signatures_invalid_total": 1, "rendition_seconds": 2, "cache_hits_total": 2, "cache_misses_total": 2,
		"cache_joined_total": 0, "cache_evictions_total": 0, "cache_bytes": 0, "memory_bytes": 0, "uploads_bytes": 0, "waiting": 0,
	} {
		if got := b.metric(name); got != want {
			t.Errorf("%s is %v; want %v", name, got, want)
		}
	}
	for _, want := range []string{"image.uploaded", "image.rendered", "image.rendered", "image.deleted"} {
		if got := <-events; got.Type != want || got.Subject != img.ID.String() || got.Count != 1 || got.Capability != "imaging" || !got.Time.Equal(noon) {
			t.Errorf("the bus tells %+v; want %s", got, want)
		}
	}
	if len(events) > 0 {
		t.Errorf("the bus tells more: %+v", <-events)
	}
}

// TestTenantDeleted holds that nothing of a deleted tenant stays in memory.
func TestTenantDeleted(t *testing.T) {
	b := newBed(t, imaging.Config{})
	img := b.put(drawn(t, 20, 10, 1))
	if r := b.call("acme", "GET", "/v1/images/"+img.ID.String()+"/w=9", ""); r.status != 200 {
		t.Fatal(r)
	}
	if b.metric("cache_bytes") == 0 {
		t.Fatal("nothing was kept")
	}
	if err := b.engine.Tenants.Delete(background, b.acme, func(*engine.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if n := b.metric("cache_bytes"); n != 0 {
		t.Errorf("%v bytes are left", n)
	}
	if _, err := b.s.Put(background, b.acme, strings.NewReader(string(drawn(t, 20, 10, 1)))); codeOf(err) != "tenant_not_found" {
		t.Errorf("an upload of a deleted tenant: %v", err)
	}
	b.acme = tenantIn(t, b.engine, "acme")
	if page, err := b.s.List(background, b.acme, 0, ""); err != nil || len(page.Items) != 0 {
		t.Errorf("its successor has %+v, %v", page, err)
	}
	b.check()
}

// TestTwoUploadsOfOne holds that uploads of the same bytes at once make one
// image.
func TestTwoUploadsOfOne(t *testing.T) {
	b := newBed(t, imaging.Config{})
	data := string(drawn(t, 200, 100, 1))
	statuses := make(chan int, 8)
	for range cap(statuses) {
		go func() { statuses <- b.call("acme", "POST", "/v1/images", data).status }()
	}
	count := map[int]int{}
	for range cap(statuses) {
		count[<-statuses]++
	}
	if count[201] != 1 || count[200] != 7 {
		t.Errorf("the answers are %v", count)
	}
	b.check()
}

func TestStopAgain(t *testing.T) {
	b := newBed(t, imaging.Config{})
	if err := b.s.Start(background); err != nil {
		t.Errorf("a second start: %v", err)
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	for range 2 {
		if err := b.s.Stop(background); err != nil {
			t.Error(err)
		}
	}
	if err := b.s.Stop(ctx); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	var c imaging.Config
	if problems := c.Validate(); len(problems) > 0 {
		t.Errorf("without settings: %v", problems)
	}
	for name, c := range map[string]imaging.Config{
		"max-bytes": {MaxBytes: -1}, "max-pixels": {MaxPixels: -1}, "max-side": {MaxSide: 65_536}, "queue": {Queue: -1}, "uploads": {Uploads: 1 << 20}, "cache": {Cache: -1}, "memory": {Memory: -1},
	} {
		problems := c.Validate()
		if !slices.ContainsFunc(problems, func(p config.Problem) bool { return p.Field == name }) {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

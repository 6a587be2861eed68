package stream_test

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
)

// TestDocument holds that every route is in the OpenAPI document with a scope,
// and nothing else is.
func TestDocument(t *testing.T) {
	b := newBed(t, limits())
	e := echo.New()
	a := humaecho.New(e, huma.DefaultConfig("test", "1"))
	known := len(e.Routes())
	b.s.Routes(a, e)
	var routes []string
	for _, r := range e.Routes() {
		path := strings.ReplaceAll(r.Path, ":stream", "{stream}")
		if strings.HasPrefix(path, "/v1/") {
			routes = append(routes, r.Method+" "+path)
		}
	}
	var documented []string
	for path, item := range a.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op == nil {
				continue
			}
			documented = append(documented, op.Method+" "+path)
			if len(op.Security) != 1 || len(op.Security[0]["bearer"]) != 1 || !strings.HasPrefix(op.Security[0]["bearer"][0], "stream:") {
				t.Errorf("%s %s demands %v", op.Method, path, op.Security)
			}
			if op.Tags[0] != "stream" || op.Summary == "" || op.Description == "" || op.OperationID == "" {
				t.Errorf("%s %s is not described", op.Method, path)
			}
		}
	}
	slices.Sort(routes)
	slices.Sort(documented)
	if !slices.Equal(routes, documented) || len(routes) != 8 || known > 10 {
		t.Errorf("the routes are %q\nthe document has %q", routes, documented)
	}
	if _, err := json.Marshal(a.OpenAPI()); err != nil {
		t.Error(err)
	}
	r := httptest.NewRecorder()
	b.echo.ServeHTTP(r, httptest.NewRequest("GET", "/v1/streams", nil))
	if r.Code == 200 {
		t.Error("a request without a credential was answered")
	}
}

package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/web"
)

// spec is what these tests read of the document.
type spec struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		OperationID string
		Security    []map[string][]string
		Responses   map[string]any
	}
}

func parse(t *testing.T, document []byte) spec {
	t.Helper()
	var s spec
	if err := json.Unmarshal(document, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// anonymous lists the operations that the document lets anybody call.
func (s spec) anonymous() (list []string) {
	for path, item := range s.Paths {
		for method, op := range item {
			if op.Security != nil && (len(op.Security) == 0 || slices.ContainsFunc(op.Security, func(a map[string][]string) bool { return len(a) == 0 })) {
				list = append(list, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(list)
	return list
}

func TestPublicRoutes(t *testing.T) {
	want := []string{
		"GET /docs", "GET /files/{tenant}/{source}", "GET /livez", "GET /metrics", "GET /openapi-3.0.json",
		"GET /openapi.json", "GET /readyz", "GET /version",
	}
	b := newBed(t, nil)
	if got := parse(t, b.Document()).anonymous(); !slices.Equal(got, want) {
		t.Errorf("on loopback\ngot  %v\nwant %v", got, want)
	}
	elsewhere := newBed(t, func(o *web.Options, _ *web.House) { o.Listen = "0.0.0.0:0" })
	if got := parse(t, elsewhere.Document()).anonymous(); slices.Contains(got, "GET /metrics") {
		t.Errorf("elsewhere: %v", got)
	}
}

// TestEveryRouteIsGuarded calls each route of the router without a credential:
// those that the document does not make public answer 401, and no other does.
func TestEveryRouteIsGuarded(t *testing.T) {
	n := &notes{}
	var router *echo.Echo
	n.extra = func(_ huma.API, e *echo.Echo) { router = e }
	b := newBed(t, func(_ *web.Options, h *web.House) { h.Capabilities = []web.Capability{n} })
	document := parse(t, b.Document())
	parameter := regexp.MustCompile(`:[^/]+`)
	documented := 0
	for _, item := range document.Paths {
		documented += len(item)
	}
	if got := len(router.Routes()); got != documented || got < 10 {
		t.Errorf("%d routes, %d documented", got, documented)
	}
	for _, r := range router.Routes() {
		path := parameter.ReplaceAllString(r.Path, "{x}")
		a := b.call(t, r.Method, strings.ReplaceAll(strings.ReplaceAll(path, "{x}", "x"), "*", "x"), "", "")
		public := slices.ContainsFunc(document.anonymous(), func(s string) bool {
			return regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(s, "{x}") == r.Method+" "+strings.ReplaceAll(path, "*", "{x}")
		})
		if public != (a.status != http.StatusUnauthorized) {
			t.Errorf("%s %s: public %v, answered %d", r.Method, r.Path, public, a.status)
		}
	}
}

func TestMountRefuses(t *testing.T) {
	handler := func(echo.Context) error { return nil }
	add := func(op huma.Operation, serve bool) func(huma.API, *echo.Echo) {
		return func(api huma.API, e *echo.Echo) {
			api.OpenAPI().AddOperation(&op)
			if serve {
				e.GET("/v1/x", handler)
			}
		}
	}
	untagged := operation("x", "GET", "/v1/x", secured())
	untagged.Tags = nil
	for name, test := range map[string]struct {
		extra func(huma.API, *echo.Echo)
		want  string
	}{
		"ErrUndocumented": {func(_ huma.API, e *echo.Echo) { e.GET("/v1/x", handler) }, "route GET /v1/x is not in the document"},
		"ErrOtherMethod":  {func(_ huma.API, e *echo.Echo) { e.DELETE("/v1/notes", handler) }, "route DELETE /v1/notes is not in the document"},
		"ErrNoRoute":      {add(operation("x", "GET", "/v1/x", secured()), false), "operation GET /v1/x has no route"},
		"ErrForgotten":    {add(operation("x", "GET", "/v1/x", nil), true), "does not say who may call it"},
		"ErrScopeForm":    {add(operation("x", "GET", "/v1/x", secured("notes:reed")), true), "notes:reed"},
		"ErrOtherScheme":  {add(operation("x", "GET", "/v1/x", []map[string][]string{{"basic": {}}}), true), "basic"},
		"ErrNoCapability": {add(untagged, true), "first tag"},
		"ErrParameterName": {func(api huma.API, e *echo.Echo) {
			op := operation("x", "GET", "/v1/x/{id}", secured())
			api.OpenAPI().AddOperation(&op)
			e.GET("/v1/x/:name", handler)
		}, "route GET /v1/x/:name is not in the document"},
	} {
		t.Run(name, func(t *testing.T) {
			s := web.New(web.Options{})
			err := s.Mount(web.House{Bus: engine.NewBus(), Authenticator: credentials(), Capabilities: []web.Capability{&notes{extra: test.extra}}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err := s.Start(context.Background()); err == nil {
				t.Error("it starts all the same")
			}
		})
	}
}

func TestDocument(t *testing.T) {
	withBackup := func(_ *web.Options, h *web.House) { h.Backup = &tape{} }
	a, b := newBed(t, withBackup), newBed(t, withBackup)
	if !bytes.Equal(a.Document(), b.Document()) {
		t.Error("two servers with the same routes write different documents")
	}
	if got := a.call(t, "GET", "/openapi.json", "", ""); got.body != string(a.Document()) || got.header.Get("Content-Type") != "application/openapi+json" {
		t.Error("what is served is not what Document returns")
	}
	document := parse(t, a.Document())
	if op := document.Paths["/v1/notes"]["post"]; document.OpenAPI != "3.1.0" || !slices.Equal(op.Security[0]["bearer"], []string{"notes:write"}) {
		t.Errorf("%+v", op)
	}
	text := a.call(t, "GET", "/openapi-3.0.json", "", "").body
	older := parse(t, []byte(text))
	if strings.Contains(text, "contentMediaType") || !strings.Contains(text, `"format": "binary"`) {
		t.Error("OpenAPI 3.0 knows binary by its format")
	}
	if older.OpenAPI != "3.0.3" || len(older.Paths) != len(document.Paths) {
		t.Errorf("%s with %d paths", older.OpenAPI, len(older.Paths))
	}
	for path, item := range document.Paths {
		for method, op := range item {
			if op.OperationID == "" || op.Responses["default"] == nil {
				t.Errorf("%s %s has no id, or does not say what an error looks like", method, path)
			}
			for _, alternative := range older.Paths[path][method].Security {
				if len(alternative["bearer"]) > 0 {
					t.Errorf("%s %s: OpenAPI 3.0 has no scopes for this scheme", method, path)
				}
			}
		}
	}
	for _, gone := range []string{"$schema", "ErrorModel"} {
		if strings.Contains(string(a.Document()), gone) {
			t.Errorf("%s is in the document", gone)
		}
	}
}

func TestDocsPage(t *testing.T) {
	b := newBed(t, nil)
	a := b.call(t, "GET", "/docs", "", "")
	for _, want := range []string{"/v1/notes/{id}", "notes:read", "Idempotency-Key", `id="schema-Problem"`, "any credential"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("%s is not on the page", want)
		}
	}
	for _, gone := range []string{"<script", "style=", "http://", "https://", "ZgotmplZ"} {
		if strings.Contains(a.body, gone) {
			t.Errorf("%s is on the page", gone)
		}
	}
	_, rest, _ := strings.Cut(a.body, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, base64.StdEncoding.EncodeToString(sum[:])) {
		t.Errorf("the policy does not allow the page's style: %s", policy)
	}
}

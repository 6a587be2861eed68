package web_test

import (
	"encoding/json"
	"strings"
	"testing"

	"quintet/web"
)

// scenario is one call and what its answer must and must not hold. An answer
// of 400 and more must be a problem with the code, whatever else.
type scenario struct {
	name                      string
	method, path, token, body string
	headers                   []string

	status int
	code   string
	has    []string // in the body or the headers "Name: value"
	lacks  []string
}

func (s scenario) run(t *testing.T, b *bed) {
	t.Helper()
	a := b.call(t, s.method, s.path, s.token, s.body, s.headers...)
	if a.status != s.status {
		t.Fatalf("status %d, want %d: %s", a.status, s.status, a.body)
	}
	if s.status >= 400 {
		checkProblem(t, a, s.code)
	}
	whole := a.body
	for name, values := range a.header {
		whole += "\n" + name + ": " + strings.Join(values, ", ")
	}
	for _, part := range s.has {
		if !strings.Contains(whole, part) {
			t.Errorf("%q is not in\n%s", part, whole)
		}
	}
	for _, part := range append(s.lacks, "hunter2", "goroutine", ".go:") {
		if strings.Contains(whole, part) {
			t.Errorf("%q is in\n%s", part, whole)
		}
	}
}

// checkProblem holds the answer against RFC 9457 and API.md.
func checkProblem(t *testing.T, a answer, code string) {
	t.Helper()
	var p struct {
		Type, Title, Code, Detail string
		Status                    int
		RequestID                 string `json:"request_id"`
		Errors                    []map[string]string
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("not a problem: %v: %s", err, a.body)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	if p.Code != code || p.Status != a.status || p.Type != "about:blank" || p.Title == "" || p.Detail == "" {
		t.Errorf("want code %q and every member: %s", code, a.body)
	}
	if p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("request_id %q, header %q", p.RequestID, a.header.Get("X-Request-Id"))
	}
	for _, e := range p.Errors {
		if len(e) != 2 || e["location"] == "" || e["message"] == "" {
			t.Errorf("a fault has a location, a message and nothing else: %v", e)
		}
	}
	if retry := a.header.Get("Retry-After"); (a.status == 429 || a.status == 503) != (retry != "") {
		t.Errorf("Retry-After %q with status %d", retry, a.status)
	}
}

func runScenarios(t *testing.T, b *bed, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) { s.run(t, b) })
	}
}

func TestBadInput(t *testing.T) {
	const secret = `"password hunter2"`
	deep := strings.Repeat("[", 64) + strings.Repeat("]", 64)
	runScenarios(t, newBed(t, nil), []scenario{
		{name: "ErrUnknownRoute", method: "GET", path: "/v1/nothing?token=abc", status: 404, code: "not_found", lacks: []string{"abc", "v1/nothing"}},
		{name: "ErrTrailingSlash", method: "GET", path: "/v1/notes/", token: "reader", status: 404, code: "not_found"},
		{name: "ErrBelowLastParameter", method: "GET", path: "/v1/notes/a/b", token: "reader", status: 404, code: "not_found"},
		{name: "ErrEmptyParameter", method: "POST", path: "/v1/notes//lines", token: "writer", status: 404, code: "not_found"},
		{name: "ErrMethod", method: "DELETE", path: "/v1/notes", token: "writer", status: 405, code: "method_not_allowed", has: []string{"Allow: POST"}, lacks: []string{"OPTIONS"}},
		{name: "ErrInventedMethod", method: "BREW", path: "/v1/notes", status: 405, code: "method_not_allowed"},
		{name: "ErrOptions", method: "OPTIONS", path: "/v1/notes", status: 405, code: "method_not_allowed"},
		{name: "ErrNoJSON", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":` + secret, status: 400, code: "malformed_json", has: []string{"at byte"}},
		{name: "ErrEmptyBody", method: "POST", path: "/v1/notes", token: "writer", status: 400, code: "malformed_json"},
		{name: "ErrTrailingData", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":` + secret + `} {}`, status: 400, code: "malformed_json"},
		{name: "ErrDuplicateMember", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":` + secret + `,"text":"b"}`, status: 400, code: "malformed_json", has: []string{"twice"}},
		{name: "ErrTooDeep", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":"a","inner":` + deep + `}`, status: 400, code: "malformed_json", has: []string{"more than 64 deep"}},
		{name: "ErrNotUTF8", method: "POST", path: "/v1/notes", token: "writer", body: "{\"text\":\"\xff\"}", status: 400, code: "malformed_json", has: []string{"UTF-8"}},
		{name: "ErrUnknownField", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":"a","secret":` + secret + `}`, status: 422, code: "validation_failed", has: []string{"body.secret"}},
		{name: "ErrOtherCase", method: "POST", path: "/v1/notes", token: "writer", body: `{"TEXT":` + secret + `}`, status: 422, code: "validation_failed"},
		{name: "ErrWrongType", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":"a","priority":` + secret + `}`, status: 422, code: "validation_failed", has: []string{"body.priority"}},
		{name: "ErrWrongTypeInside", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":"a","tags":["x",7]}`, status: 422, code: "validation_failed", has: []string{"body.tags[1]"}},
		{name: "ErrSeveral", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":"","priority":10}`, status: 422, code: "validation_failed", has: []string{"body.text", "body.priority", "and 1 more"}},
		{name: "ErrNull", method: "POST", path: "/v1/notes", token: "writer", body: `null`, status: 422, code: "validation_failed"},
		{name: "ErrMediaType", method: "POST", path: "/v1/notes", token: "writer", body: `text=` + secret, headers: []string{"Content-Type: application/x-www-form-urlencoded"}, status: 415, code: "unsupported_media_type", has: []string{"application/json"}},
		{name: "ErrMediaTypeRaw", method: "POST", path: "/v1/notes/1/lines", token: "writer", body: `{}`, headers: []string{"Content-Type: application/json"}, status: 415, code: "unsupported_media_type"},
		{name: "ErrMediaTypeUnreadable", method: "POST", path: "/v1/notes", token: "writer", body: `{}`, headers: []string{"Content-Type: application/json; charset"}, status: 415, code: "unsupported_media_type"},
		{name: "ErrCompressed", method: "POST", path: "/v1/notes", token: "writer", body: `{}`, headers: []string{"Content-Encoding: gzip"}, status: 415, code: "unsupported_media_type"},
		{name: "ErrUnknownQuery", method: "GET", path: "/v1/notes/1?limitt=3", token: "reader", status: 422, code: "validation_failed", has: []string{"query.limitt"}},
		{name: "ErrUnknownQueryRaw", method: "GET", path: "/files/a/b?x=hunter2", status: 422, code: "validation_failed", has: []string{"query.x"}},
		{name: "ErrQueryTwice", method: "GET", path: "/v1/notes/1?limit=3&limit=4", token: "reader", status: 422, code: "validation_failed", has: []string{"query.limit"}},
		{name: "ErrQueryMalformed", method: "GET", path: "/v1/notes/1?limit=%zz", token: "reader", status: 400, code: "malformed_query"},
		{name: "ErrFormatSaysNoValue", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":"a","due":"hunter2"}`, status: 422, code: "validation_failed", has: []string{"body.due: expected string to be RFC 4122 uuid"}},
		{name: "ErrQueryType", method: "GET", path: "/v1/notes/1?limit=hunter2", token: "reader", status: 422, code: "validation_failed", has: []string{"query.limit"}},
		{name: "ErrPathForm", method: "GET", path: "/v1/notes/x%2Fy", token: "reader", status: 422, code: "validation_failed", has: []string{"path.id"}},
		{name: "ErrHeaderForm", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":"a"}`, headers: []string{"Idempotency-Key: " + strings.Repeat("k", 256)}, status: 422, code: "validation_failed", has: []string{"header.Idempotency-Key"}},
		{name: "ErrNotThere", method: "GET", path: "/v1/notes/missing", token: "reader", status: 404, code: "note_not_found"},
		{name: "OK", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":"<b>"}`, status: 201, has: []string{`{"text":"<b>"}`, "Content-Type: application/json", "Cache-Control: no-store"}, lacks: []string{"$schema", "Link:"}},
		{name: "OKWithoutMediaType", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":"a"}`, headers: []string{"Content-Type: "}, status: 201},
		{name: "OKCharset", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":"a"}`, headers: []string{"Content-Type: application/json; charset=utf-8"}, status: 201},
		{name: "OKMediaRange", method: "POST", path: "/v1/notes/1/lines", token: "writer", body: `x`, headers: []string{"Content-Type: image/png"}, status: 200},
		{name: "OKUnescapedOnce", method: "GET", path: "/v1/notes/a%20b%2ec", token: "reader", status: 200, has: []string{`"a b.c"`}},
		{name: "OKUnescapedOnceOnly", method: "GET", path: "/files/a/x%252Fy", status: 200, has: []string{"a|x%2Fy"}},
		{name: "OKWildcard", method: "GET", path: "/files/a/http%3A%2F%2Fb/c", status: 200, has: []string{"a|http://b/c"}},
		{name: "OKDeep", method: "POST", path: "/v1/notes", token: "writer", body: `{"text":"a","inner":` + deep[1:127] + `}`, status: 201},
		{name: "OKAccept", method: "GET", path: "/v1/notes/1", token: "reader", headers: []string{"Accept: text/html"}, status: 200, has: []string{"Content-Type: application/json"}},
	})
}

func TestFailures(t *testing.T) {
	b := newBed(t, nil)
	scenarios := []scenario{
		{name: "panic", status: 500, code: "internal"},
		{name: "other", status: 500, code: "internal"},
		{name: "kind", status: 500, code: "internal"},
		{name: "busy", status: 429, code: "too_busy", has: []string{"Retry-After: 3"}},
		{name: "poisoned", status: 503, code: "store_failed", has: []string{"Retry-After: 60"}},
		{name: "full", status: 507, code: "store_full"},
		{name: "conflict", status: 409, code: "idempotency_in_flight"},
		{name: "fields", status: 422, code: "bad_lines", has: []string{`"location":"line 7","message":"has no id"`}},
	}
	for _, s := range scenarios {
		s.method, s.token = "POST", "reader"
		s.path = "/v1/fail/" + s.name
		t.Run("Err/"+s.name, func(t *testing.T) { s.run(t, b) })
		s.path += "/raw"
		t.Run("ErrRaw/"+s.name, func(t *testing.T) { s.run(t, b) })
	}
	// Each of the eight that were our fault is in the log once, with its cause.
	for text, want := range map[string]int{`"msg":"a request failed"`: 8, "hunter2 in /secret/path": 8, `"code":"store_failed"`: 2, "[running]": 2} {
		if got := strings.Count(b.log.String(), text); got != want {
			t.Errorf("%q is %d times in the log, want %d\n%s", text, got, want, b.log)
		}
	}
}

func TestAccess(t *testing.T) {
	runScenarios(t, newBed(t, nil), []scenario{
		{name: "ErrNoCredential", method: "GET", path: "/v1/notes/1", status: 401, code: "credential_missing", has: []string{`Www-Authenticate: Bearer realm="quintet"`}, lacks: []string{"invalid_token"}},
		{name: "ErrBadCredential", method: "GET", path: "/v1/notes/1", token: "hunter2", status: 401, code: "credential_invalid", has: []string{"invalid_token"}},
		{name: "ErrScheme", method: "GET", path: "/v1/notes/1", headers: []string{"Authorization: Basic d3JpdGVyOg=="}, status: 401, code: "credential_invalid"},
		{name: "ErrEmptyCredential", method: "GET", path: "/v1/notes/1", headers: []string{"Authorization: Bearer "}, status: 401, code: "credential_invalid"},
		{name: "ErrCredentialInQuery", method: "GET", path: "/v1/notes/1?access_token=reader", status: 422, code: "validation_failed", lacks: []string{"=reader"}},
		{name: "ErrScope", method: "POST", path: "/v1/notes", token: "reader", body: `{"text":"a"}`, status: 403, code: "scope_missing", has: []string{"notes:write"}},
		{name: "ErrScopeRaw", method: "POST", path: "/v1/notes/1/lines", token: "reader", status: 403, code: "scope_missing", has: []string{"notes:write"}},
		{name: "ErrScopeBeforeBody", method: "POST", path: "/v1/notes", token: "other", body: `{`, status: 403, code: "scope_missing"},
		{name: "ErrVerbose", method: "GET", path: "/readyz?verbose", status: 401, code: "credential_missing"},
		{name: "ErrVerboseBadCredential", method: "GET", path: "/readyz?verbose", token: "bad", status: 401, code: "credential_invalid"},
		{name: "OKVerbose", method: "GET", path: "/readyz?verbose", token: "other", status: 200},
		{name: "OKReady", method: "GET", path: "/readyz", status: 200, has: []string{`{"status":"ok"}`}},
		{name: "OKAnyPrincipal", method: "POST", path: "/v1/fail/full", token: "other", status: 507, code: "store_full"},
		{name: "OKSchemeCase", method: "GET", path: "/v1/notes/1", headers: []string{"Authorization: bearer reader"}, status: 200},
		{name: "OKPublicIgnoresCredential", method: "GET", path: "/livez", token: "bad", status: 200, has: []string{"ok"}},
		{name: "OKMetricsOnLoopback", method: "GET", path: "/metrics", status: 200, has: []string{"quintet_web_request_seconds"}},
		{name: "OKVersion", method: "GET", path: "/version", status: 200, has: []string{`"version":"1.2.3"`}},
	})
}

func TestMetricsElsewhere(t *testing.T) {
	b := newBed(t, func(o *web.Options, _ *web.House) { o.Listen = "0.0.0.0:0" })
	runScenarios(t, b, []scenario{
		{name: "ErrNoCredential", method: "GET", path: "/metrics", status: 401, code: "credential_missing"},
		{name: "ErrScope", method: "GET", path: "/metrics", token: "writer", status: 403, code: "scope_missing", has: []string{"platform:admin"}},
		{name: "OK", method: "GET", path: "/metrics", token: "root", status: 200, has: []string{"quintet_web_requests_in_flight 1"}},
		{name: "OKAnyHost", method: "GET", path: "/livez", headers: []string{"Host: quintet.example"}, status: 200},
	})
}

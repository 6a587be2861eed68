package main

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// document is what the matrix reads of the OpenAPI document, which is held
// against the router: no route is missing in it.
type document struct {
	Paths map[string]map[string]struct {
		OperationID string
		Security    []map[string][]string
	}
}

func (r *running) document() (d document) {
	r.t.Helper()
	if err := json.Unmarshal(r.call("GET", "/openapi.json", "", 200), &d); err != nil {
		r.t.Fatal(err)
	}
	return d
}

// TestPublicRoutes holds that these are public and nothing else is.
func TestPublicRoutes(t *testing.T) {
	t.Chdir(t.TempDir())
	r := startServer(t, "--demo-traffic", "off")
	var public []string
	for path, operations := range r.document().Paths {
		for method, o := range operations {
			if len(o.Security) == 0 || len(o.Security[0]) == 0 {
				public = append(public, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(public)
	want := []string{
		"DELETE /console/session", "GET /.well-known/oauth-authorization-server/t/{tenant}", "GET /console", "GET /console/session", "GET /console/{path}",
		"GET /docs", "GET /img/{tenant}/{operations}/{source}", "GET /livez", "GET /metrics", "GET /openapi-3.0.json", "GET /openapi.json", "GET /readyz",
		"GET /t/{tenant}/.well-known/oauth-authorization-server", "GET /t/{tenant}/.well-known/openid-configuration", "GET /t/{tenant}/jwks.json", "GET /version",
		"POST /console/session", "POST /t/{tenant}/oauth/token",
	}
	if !slices.Equal(public, want) {
		t.Errorf("public are\n%s\nwant\n%s", strings.Join(public, "\n"), strings.Join(want, "\n"))
	}
}

// bodies of the operations that take one. An operation that is not here is
// sent {}.
var bodies = map[string]string{
	"put-documents": `[{"n":1}]`, "put-document": `{"n":1}`, "patch-document": `{"n":1}`, "search-collection": `{"mode":"keyword"}`, "similar-documents": `{"id":"d0"}`,
	"restore-collection": `{"snapshot":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f"}`,
	"set-alias":          `{"collection":"books"}`, "start-reindex": `{"collection":"books-v2"}`,
	"sign-image":   `{"operations":"w=10"}`,
	"complete-job": `{"token":"1"}`, "fail-job": `{"token":"1","error":"x"}`, "snooze-job": `{"token":"1","delay":"1s"}`,
	"enqueue-jobs": `{"payload":{"x":1}}`, "backfill-schedule": `{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}`, "preview-schedule-spec": `{"every":"1h","queue":"reports"}`, "put-schedule": `{"cron":"0 0 1 1 *","queue":"reports","job":{}}`,
	"append-events": `[{"ts":1700000000,"type":"a"}]`, "query-stream": `{"from":"-5m","to":"now","step":"1m","select":["count"]}`,
	"update-tenant": `{"name":"stolen"}`, "report-progress": `{"token":"1","progress":5}`, "patch-job": `{"priority":1}`,
}

// medias are the media types of bodies that are not JSON.
var medias = map[string]string{"import-graph": "application/vnd.coder.hnsw"}

// party is a tenant with something of every kind.
type party struct {
	*running
	ids map[string]string // what stands for a parameter, by the path up to it
}

// absent has the ids that nobody has, in the form of those that somebody has.
var absent = map[string]string{
	"/v1/collections/{collection}": "lacks", "/v1/collections/{collection}/documents/{id}": "d9", "/v1/collections/{collection}/snapshots/{id}": "0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f", "/v1/streams/{stream}": "lacks",
	"/v1/aliases/{alias}": "leads-nowhere", "/v1/queues/{queue}": "lacks", "/v1/schedules/{id}": "lacks", "/v1/tenants/{id}": "nobody", "/v1/images/{id}/{operations}": "w=10",
	"/v1/jobs/{id}": "0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f", "/v1/apikeys/{id}": "0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f",
	"/v1/clients/{id}": "0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f", "/v1/images/{id}": "0123456789abcdef0123456789abcdef",
	"/v1/job-operations/{id}": "0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f",
}

// furnished makes a tenant and something of every kind in it.
func furnished(r *running, name string) *party {
	r.t.Helper()
	made := func(data []byte, member string) string {
		var object map[string]any
		if err := json.Unmarshal(data, &object); err != nil {
			r.t.Fatal(err)
		}
		for _, part := range strings.Split(member, ".") {
			if inner, ok := object[part].(map[string]any); ok {
				object = inner
			}
		}
		text, _ := object[member[strings.LastIndexByte(member, '.')+1:]].(string)
		return text
	}
	admin, err := os.ReadFile("data/admin.key")
	if err != nil {
		r.t.Fatal(err)
	}
	platform := &running{t: r.t, url: r.url, key: strings.TrimSpace(string(admin))}
	p := &party{&running{t: r.t, url: r.url}, maps.Clone(absent)}
	p.key = made(platform.call("POST", "/v1/tenants", `{"id":"`+name+`","name":"Bee"}`, 201), "key")
	p.call("PUT", "/v1/collections/books", `{}`, 201)
	p.call("PUT", "/v1/collections/books/documents/d1", `{"n":42}`, 0)
	p.call("PUT", "/v1/aliases/titles", `{"collection":"books"}`, 201)
	p.ids["/v1/collections/{collection}/snapshots/{id}"] = made(p.call("POST", "/v1/collections/books/snapshots", "", 201), "id")
	p.call("POST", "/v1/streams/clicks/events", `[{"ts":1700000000,"type":"secret"}]`, 200)
	p.ids["/v1/jobs/{id}"] = made(p.call("POST", "/v1/queues/post/jobs", `{"payload":{"secret":1}}`, 201), "id")
	p.ids["/v1/job-operations/{id}"] = made(p.call("POST", "/v1/jobs/cancel", `{"queue":"absent"}`, 202), "operation.id")
	p.call("PUT", "/v1/schedules/nightly", `{"cron":"0 0 1 1 *","queue":"post","job":{}}`, 201)
	p.ids["/v1/images/{id}"] = made(p.upload(), "id")
	p.ids["/v1/apikeys/{id}"] = made(p.call("POST", "/v1/apikeys", `{"name":"theirs","scopes":["search:read"]}`, 201), "id")
	p.ids["/v1/clients/{id}"] = made(p.call("POST", "/v1/clients", `{"name":"theirs","grants":["client_credentials"],"scopes":["search:read"]}`, 201), "client_id")
	maps.Copy(p.ids, map[string]string{
		"/v1/collections/{collection}": "books", "/v1/collections/{collection}/documents/{id}": "d1", "/v1/streams/{stream}": "clicks",
		"/v1/aliases/{alias}": "titles", "/v1/queues/{queue}": "post", "/v1/schedules/{id}": "nightly", "/v1/tenants/{id}": name,
	})
	return p
}

func (p *party) upload() []byte {
	p.t.Helper()
	q, err := http.NewRequest("POST", p.url+"/v1/images", strings.NewReader(string(demoImage)))
	if err != nil {
		p.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "image/jpeg")
	_, body := p.send(q)
	return []byte(body)
}

// send returns status and body of an answer, of a stream only the status.
func (p *party) send(q *http.Request) (int, string) {
	p.t.Helper()
	q.Header.Set("Authorization", "Bearer "+p.key)
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		return answer.StatusCode, ""
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// digest is everything that a tenant can read of its own.
func (p *party) digest() (all string) {
	for _, path := range []string{
		"/v1/collections/books", "/v1/aliases", "/v1/collections/books/documents/d1", "/v1/collections/books/snapshots", "/v1/collections", "/v1/streams", "/v1/streams/clicks/events?from=1",
		"/v1/queues", "/v1/queues/post", "/v1/jobs", "/v1/job-operations", "/v1/jobs/" + p.ids["/v1/jobs/{id}"], "/v1/schedules", "/v1/images",
		"/v1/images/" + p.ids["/v1/images/{id}"], "/v1/apikeys", "/v1/clients", "/v1/whoami",
	} {
		all += string(p.call("GET", path, "", 200)) + "\n"
	}
	return all
}

var parameter = regexp.MustCompile(`\{[a-z]+\}`)

// fill puts ids in the place of parameters. A parameter that nobody has an id
// for is a fault of this test.
func fill(t *testing.T, path string, ids map[string]string) string {
	t.Helper()
	filled, last := "", 0
	for _, at := range parameter.FindAllStringIndex(path, -1) {
		id, known := ids[path[:at[1]]]
		if !known {
			t.Errorf("the matrix has no id for %s of %s", path[at[0]:at[1]], path)
		}
		filled += path[last:at[0]] + url.PathEscape(id)
		last = at[1]
	}
	return filled + path[last:]
}

// changing is what differs between two answers that say the same.
var changing = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)|"(took_ms|token)":("?[0-9.]+"?)|exp=\d+|sig=[A-Za-z0-9_-]+`)

func alike(body string, ids map[string]string) string {
	for _, id := range ids {
		body = strings.ReplaceAll(body, `"`+id+`"`, `"…"`)
	}
	return changing.ReplaceAllString(body, "…")
}

// TestTenantMatrix sends every operation with a parameter, by every kind of
// credential of one tenant, once with ids that nobody has and once with those
// of another tenant: the answers are the same, and the other tenant has
// afterwards what it had.
func TestTenantMatrix(t *testing.T) {
	t.Chdir(t.TempDir())
	r := startServer(t, "--demo-traffic", "off")
	theirs := furnished(r, "bee")
	before := theirs.digest()
	own := &party{r, nil}
	var narrow struct{ Key string }
	if err := json.Unmarshal(r.call("POST", "/v1/apikeys", `{"name":"narrow","scopes":["scheduler:read","imaging:read"]}`, 201), &narrow); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, credential := range []string{r.key, narrow.Key} {
		own.running = &running{t: t, url: r.url, key: credential}
		document := r.document()
		for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
			for _, method := range slices.Sorted(maps.Keys(document.Paths[path])) {
				o := document.Paths[path][method]
				if !strings.Contains(path, "{") || len(o.Security) == 0 {
					continue
				}
				tried++
				own.compare(strings.ToUpper(method), path, o.OperationID, theirs.ids)
			}
		}
	}
	if tried < 70 {
		t.Errorf("only %d operations were tried", tried)
	}
	after := strings.Split(theirs.digest(), "\n")
	for i, line := range strings.Split(before, "\n") {
		if after[i] != line {
			t.Errorf("the other tenant had\n%.2000q\nand has\n%.2000q", line, after[i])
		}
	}
}

// ask sends an operation with ids in the place of its parameters.
func (p *party) ask(method, path, operation string, ids map[string]string) (int, string) {
	p.t.Helper()
	body := ""
	if method != "GET" && method != "DELETE" {
		if body = bodies[operation]; body == "" {
			body = "{}"
		}
	}
	q, err := http.NewRequest(method, p.url+fill(p.t, path, ids), strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if body != "" {
		q.Header.Set("Content-Type", cmp.Or(medias[operation], "application/json"))
	}
	return p.send(q)
}

func (p *party) compare(method, path, operation string, theirs map[string]string) {
	p.t.Helper()
	ask := func(ids map[string]string) (int, string) {
		status, answer := p.ask(method, path, operation, ids)
		return status, alike(answer, ids)
	}
	wantStatus, want := ask(absent)
	status, got := ask(theirs)
	if status != wantStatus || got != want {
		p.t.Errorf("%s %s: with an id that nobody has %d %s\nwith another tenant's %d %s", method, path, wantStatus, want, status, got)
	}
}

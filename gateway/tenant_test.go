package gateway_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quintet/engine"
)

func TestTenants(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	made := b.must(t, 201, "POST", "/v1/tenants", b.platform, `{"id":"acme","name":"Acme"}`)
	acme := made.field("key")
	if made.field("issuer") != publicURL+"/t/acme" || !strings.HasPrefix(acme, "qk_acme_") || made.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("a new tenant: %s %v", made.body, made.header)
	}
	b.tenant(t, "globex")
	b.run(t, []scenario{
		{name: "OK/get", method: "GET", path: "/v1/tenants/acme", as: b.platform, status: 200,
			want: []string{`"name":"Acme"`, `"per_second":5000`, `"burst":10000`, `"created_at":"2026-07-01T12:00:00Z"`}, not: []string{"qk_", "key"}},
		{name: "OK/list", method: "GET", path: "/v1/tenants?limit=1", as: b.platform, status: 200, want: []string{`"id":"acme"`, `"next":"`}, not: []string{"globex", "_platform"}},
		{name: "OK/next page", method: "GET", path: "/v1/tenants?limit=1&cursor=YWNtZQ", as: b.platform, status: 200, want: []string{`"id":"globex"`, `"next":null`}, not: []string{`"id":"acme"`}},
		{name: "OK/the first key has all scopes", method: "GET", path: "/v1/whoami", as: acme, status: 200,
			want: []string{`"tenant":"acme"`, `"kind":"apikey"`, `"search:read"`, `"imaging:admin"`, `"gateway:admin"`, `"expires_at":null`}, not: []string{"platform:admin"}},
		{name: "OK/the platform's key", method: "GET", path: "/v1/whoami", as: b.platform, status: 200, want: []string{`"tenant":"_platform"`, `"scopes":["platform:admin"]`}},

		{name: "Err/taken", method: "POST", path: "/v1/tenants", as: b.platform, body: `{"id":"acme","name":"x"}`, status: 409, want: []string{"tenant_exists"}},
		{name: "Err/name of the platform", method: "POST", path: "/v1/tenants", as: b.platform, body: `{"id":"_platform","name":"x"}`, status: 422, want: []string{"invalid_name"}},
		{name: "Err/underscore", method: "POST", path: "/v1/tenants", as: b.platform, body: `{"id":"a_b","name":"x"}`, status: 422, want: []string{"invalid_name"}},
		{name: "Err/no name", method: "POST", path: "/v1/tenants", as: b.platform, body: `{"id":"new"}`, status: 422},
		{name: "Err/unknown field", method: "POST", path: "/v1/tenants", as: b.platform, body: `{"id":"new","name":"x","plan":"gold"}`, status: 422},
		{name: "Err/unknown tenant", method: "GET", path: "/v1/tenants/nobody", as: b.platform, status: 404, want: []string{"tenant_not_found"}},
		{name: "Err/the platform is none", method: "GET", path: "/v1/tenants/_platform", as: b.platform, status: 404, want: []string{"tenant_not_found"}},
		{name: "Err/delete the platform", method: "DELETE", path: "/v1/tenants/_platform", as: b.platform, status: 404, want: []string{"tenant_not_found"}},
		{name: "Err/long id", method: "GET", path: "/v1/tenants/" + strings.Repeat("a", 2000), as: b.platform, status: 404, want: []string{"tenant_not_found"}},
		{name: "Err/bad cursor", method: "GET", path: "/v1/tenants?cursor=*", as: b.platform, status: 422, want: []string{"invalid_cursor"}},
		{name: "Err/limit", method: "GET", path: "/v1/tenants?limit=1001", as: b.platform, status: 422},
		{name: "Err/a tenant lists tenants", method: "GET", path: "/v1/tenants", as: acme, status: 403, want: []string{"scope_missing", "platform:admin"}, not: []string{"globex"}},
		{name: "Err/a tenant makes tenants", method: "POST", path: "/v1/tenants", as: acme, body: `{"id":"mine","name":"x"}`, status: 403},
		{name: "Err/a tenant deletes itself", method: "DELETE", path: "/v1/tenants/acme", as: acme, status: 403},
	})
	if got, want := b.audit(t, engine.PlatformName), []string{"tenant.created acme", "tenant.created globex"}; !slices.Equal(got[1:], want) {
		t.Errorf("audit of the platform: %q; want its first key and %q", got, want)
	}
	b.sound(t)
}

func TestTenantUpdate(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.tenant(t, "acme")
	first := b.must(t, 200, "GET", "/v1/tenants/acme", b.platform, "").header.Get("ETag")
	patch := func(name, ifMatch, body string, status int, want ...string) {
		t.Helper()
		s := scenario{name: name, method: "PATCH", path: "/v1/tenants/acme", as: b.platform, body: body, status: status, want: want}
		if ifMatch != "" {
			s.headers = []string{"If-Match: " + ifMatch}
		}
		b.run(t, []scenario{s})
	}
	patch("OK/with its ETag", first, `{"name":"Acme Corp."}`, 200, `"name":"Acme Corp."`, `"per_second":5000`)
	patch("Err/with the ETag before", first, `{"name":"late"}`, 412, "version_changed")
	patch("Err/with a weak ETag", `W/"2"`, `{"name":"late"}`, 412)
	patch("OK/one of several", `"9", "2"`, `{"rate_limit":{"per_second":10,"burst":20}}`, 200, `"name":"Acme Corp."`, `"per_second":10`, `"burst":20`)
	patch("OK/any", "*", `{"name":"any"}`, 200)
	patch("OK/without", "", `{"name":"last"}`, 200)
	patch("Err/no rate", "", `{"rate_limit":{"per_second":0,"burst":20}}`, 422)
	patch("Err/half a rate", "", `{"rate_limit":{"per_second":10}}`, 422)
	patch("Err/the id is fixed", "", `{"id":"other"}`, 422)
	b.run(t, []scenario{
		{name: "OK/seen afterwards", method: "GET", path: "/v1/tenants/acme", as: b.platform, status: 200, want: []string{`"name":"last"`, `"per_second":10`}},
		{name: "Err/unknown tenant", method: "PATCH", path: "/v1/tenants/nobody", as: b.platform, body: `{"name":"x"}`, status: 404, want: []string{"tenant_not_found"}},
	})
	// A refused change leaves no audit record.
	updates := 0
	for _, act := range b.audit(t, engine.PlatformName) {
		if act == "tenant.updated acme" {
			updates++
		}
	}
	if updates != 4 {
		t.Errorf("%d records of 4 changes", updates)
	}
}

func TestTenantDelete(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme, globex := b.tenant(t, "acme"), b.tenant(t, "globex")
	id, secret := b.client(t, acme, `"search:read"`)
	access := b.token(t, "acme", id, secret)
	b.must(t, 200, "GET", "/v1/whoami", acme, "")
	b.must(t, 200, "GET", "/v1/whoami", access, "")

	b.run(t, []scenario{
		{name: "OK", method: "DELETE", path: "/v1/tenants/acme", as: b.platform, status: 200, want: []string{`"id":"acme"`, "older copies of the keyring", "backup"}},
		{name: "Err/again", method: "DELETE", path: "/v1/tenants/acme", as: b.platform, status: 404},
		{name: "Err/its remembered key", method: "GET", path: "/v1/whoami", as: acme, status: 401, want: []string{"credential_invalid"}},
		{name: "Err/its remembered token", method: "GET", path: "/v1/whoami", as: access, status: 401, want: []string{"credential_invalid"}},
		{name: "Err/its issuer", method: "GET", path: "/t/acme/jwks.json", status: 404},
		{name: "OK/others", method: "GET", path: "/v1/whoami", as: globex, status: 200},
	})
	again := b.tenant(t, "acme")
	b.run(t, []scenario{
		{name: "OK/a new one of that name", method: "GET", path: "/v1/whoami", as: again, status: 200},
		{name: "Err/the old key", method: "GET", path: "/v1/whoami", as: acme, status: 401},
		{name: "Err/the old token", method: "GET", path: "/v1/whoami", as: access, status: 401},
		{name: "Err/the old client", method: "GET", path: "/v1/clients/" + id, as: again, status: 404},
	})
	if got := b.audit(t, engine.PlatformName); !slices.Contains(got, "tenant.deleted acme") {
		t.Errorf("audit of the platform: %q", got)
	}
	b.sound(t)
	b = b.reopen(t)
	b.must(t, 200, "GET", "/v1/whoami", again, "")
	b.must(t, 401, "GET", "/v1/whoami", acme, "")
}

// TestEvents: what happens is told to whoever listens in that tenant.
func TestEvents(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	events := b.engine.Bus.Subscribe(t.Context(), b.handle(t, "acme"), 10)
	id, secret := b.client(t, acme, `"search:read"`)
	b.token(t, "acme", id, secret)
	b.must(t, 204, "DELETE", "/v1/clients/"+id, acme, "")
	for _, want := range []string{"client.created", "token.issued", "client.deleted"} {
		select {
		case e := <-events:
			if e.Type != want || e.Subject != id || e.Capability != "gateway" || e.Count != 1 {
				t.Errorf("event %+v; want %s of %s", e, want, id)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no event %s", want)
		}
	}
}

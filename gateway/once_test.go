package gateway_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// creations are the routes that make something with a secret: their path, two
// bodies, and the members that name what was made and its secret.
var creations = []struct{ path, body, other, id, secret string }{
	{"/v1/apikeys", `{"name":"a","scopes":["search:read"]}`, `{"name":"b","scopes":["search:read"]}`, "id", "key"},
	{"/v1/clients", `{"name":"a","grants":["client_credentials"],"scopes":["search:read"]}`, `{"name":"b","grants":["client_credentials"],"scopes":["search:read"]}`, "client_id", "client_secret"},
	{"/v1/tenants", `{"id":"fresh","name":"a"}`, `{"id":"other","name":"a"}`, "id", "key"},
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	for _, c := range creations {
		t.Run(c.path[4:], func(t *testing.T) {
			b := newBed(t)
			as := b.tenant(t, "acme")
			if c.path == "/v1/tenants" {
				as = b.platform
			}
			const once = "Idempotency-Key: k1"
			first := b.must(t, 201, "POST", c.path, as, c.body, once)
			id, secret := first.field(c.id), first.field(c.secret)
			b.run(t, []scenario{
				{name: "Err/repeated", method: "POST", path: c.path, as: as, body: c.body, headers: []string{once}, status: 409, want: []string{"already_created", id}, not: []string{secret}},
				{name: "Err/repeated, spaced otherwise", method: "POST", path: c.path, as: as, body: strings.ReplaceAll(c.body, `":`, `" : `), headers: []string{once}, status: 409, want: []string{"already_created", id}},
				{name: "Err/another body", method: "POST", path: c.path, as: as, body: c.other, headers: []string{once}, status: 422, want: []string{"idempotency_key_reused"}},
				{name: "Err/too long a key", method: "POST", path: c.path, as: as, body: c.other, headers: []string{"Idempotency-Key: " + strings.Repeat("k", 256)}, status: 422},
				{name: "OK/another key", method: "POST", path: c.path, as: as, body: c.other, headers: []string{"Idempotency-Key: k2"}, status: 201, not: []string{id, secret}},
			})
			b = b.reopen(t)
			b.run(t, []scenario{{name: "Err/repeated after a restart", method: "POST", path: c.path, as: as, body: c.body, headers: []string{once}, status: 409, want: []string{"already_created", id}}})
			b.sound(t)
		})
	}
}

// TestIdempotencyKeys: a key belongs to a principal and a route.
func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme, globex := b.tenant(t, "acme"), b.tenant(t, "globex")
	_, second := b.key(t, acme, `{"name":"x","scopes":["gateway:admin","search:read"]}`)
	for _, as := range []string{acme, second, globex} {
		for _, c := range creations[:2] {
			b.must(t, 201, "POST", c.path, as, c.body, "Idempotency-Key: same")
		}
	}
	// A refused request leaves nothing behind.
	b.must(t, 403, "POST", "/v1/apikeys", acme, `{"name":"a","scopes":["platform:admin"]}`, "Idempotency-Key: k")
	b.must(t, 201, "POST", "/v1/apikeys", acme, creations[0].body, "Idempotency-Key: k")
	b.must(t, 409, "POST", "/v1/tenants", b.platform, `{"id":"acme","name":"x"}`, "Idempotency-Key: t")
	b.must(t, 201, "POST", "/v1/tenants", b.platform, `{"id":"new","name":"x"}`, "Idempotency-Key: t")
	// After a day the key is free again.
	b.clock.Advance(24*time.Hour + time.Second)
	b.must(t, 201, "POST", "/v1/apikeys", acme, creations[0].other, "Idempotency-Key: k")
}

// TestIdempotencyTenantDeleted: a repeated request does not bring a tenant back.
func TestIdempotencyTenantDeleted(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	body := `{"id":"acme","name":"x"}`
	b.must(t, 201, "POST", "/v1/tenants", b.platform, body, "Idempotency-Key: k")
	b.must(t, 200, "DELETE", "/v1/tenants/acme", b.platform, "")
	a := b.must(t, 409, "POST", "/v1/tenants", b.platform, body, "Idempotency-Key: k")
	if !strings.Contains(a.body, "already_created") {
		t.Errorf("repeated after the deletion: %s", a.body)
	}
	b.must(t, 404, "GET", "/v1/tenants/acme", b.platform, "")
	b.must(t, 201, "POST", "/v1/tenants", b.platform, body, "Idempotency-Key: k2")
	b.sound(t)
}

// TestIdempotencyRace: of many equal requests at once exactly one makes
// something, and every other one is told so.
func TestIdempotencyRace(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	for _, c := range creations {
		as := acme
		if c.path == "/v1/tenants" {
			as = b.platform
		}
		var mu sync.Mutex
		got := map[string]int{}
		var twins sync.WaitGroup
		for range 16 {
			twins.Go(func() {
				a := b.call("POST", c.path, as, c.body, "Idempotency-Key: race")
				mu.Lock()
				defer mu.Unlock()
				got[fmt.Sprint(a.status, " ", a.field("code"))]++
			})
		}
		twins.Wait()
		if got["201 "] != 1 || got["201 "]+got["409 already_created"]+got["409 idempotency_in_flight"] != 16 {
			t.Errorf("%s: 16 equal requests: %v", c.path, got)
		}
	}
	b.sound(t)
}

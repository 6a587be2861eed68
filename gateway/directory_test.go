package gateway_test

import (
	"fmt"
	"sync"
	"testing"

	"quintet/engine"
)

// TestRebuild: derived anew, the directory knows what it knew, and what was
// remembered through the old one can still be revoked.
func TestRebuild(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	b.must(t, 200, "PATCH", "/v1/tenants/acme", b.platform, `{"rate_limit":{"per_second":7,"burst":9}}`)
	id, secret := b.client(t, acme, `"search:read"`)
	access := b.token(t, "acme", id, secret)
	b.must(t, 200, "GET", "/v1/whoami", access, "")
	if err := b.Rebuild(); err != nil {
		t.Fatal(err)
	}
	if perSecond, _, _, _ := b.Allow(b.handle(t, "acme")); perSecond != 7 {
		t.Errorf("%d a second after a rebuild; want 7", perSecond)
	}
	b.must(t, 200, "GET", "/v1/whoami", access, "")
	b.must(t, 200, "GET", "/t/_platform/jwks.json", "", "")
	b.must(t, 204, "DELETE", "/v1/clients/"+id, acme, "")
	b.must(t, 401, "GET", "/v1/whoami", access, "")
	b.must(t, 200, "GET", "/v1/whoami", acme, "")
	b.must(t, 200, "DELETE", "/v1/tenants/acme", b.platform, "")
	if err := b.Rebuild(); err != nil {
		t.Fatal(err)
	}
	b.must(t, 401, "GET", "/v1/whoami", acme, "")
}

// TestManyTenants: tenants that come and go at once keep their keys apart.
func TestManyTenants(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	var makers sync.WaitGroup
	for i := range 4 {
		makers.Go(func() {
			for j := range 4 {
				id := fmt.Sprintf("t%d-%d", i, j)
				key := b.call("POST", "/v1/tenants", b.platform, `{"id":"`+id+`","name":"x"}`).field("key")
				p, err := b.Authenticate(background, key, nil)
				if err != nil || p.Tenant.Name() != id {
					t.Errorf("%s: its key opens %q, %v", id, p.Tenant.Name(), err)
				}
				if j%2 == 0 {
					if a := b.call("DELETE", "/v1/tenants/"+id, b.platform, ""); a.status != 200 {
						t.Errorf("delete %s: %d %s", id, a.status, a.body)
					}
					if _, err := b.Authenticate(background, key, nil); engine.KindOf(err) != engine.Unauthenticated {
						t.Errorf("%s is deleted, and its key: %v", id, err)
					}
				}
			}
		})
	}
	makers.Wait()
	if n := len(b.engine.Tenants.List()); n != 8 {
		t.Errorf("%d tenants; want 8", n)
	}
	b.sound(t)
}

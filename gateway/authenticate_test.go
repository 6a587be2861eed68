package gateway_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/gateway/token"
)

// TestTokenOnRoutes: the strict verifier stands before every route.
func TestTokenOnRoutes(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme, globex := b.tenant(t, "acme"), b.tenant(t, "globex")
	id, secret := b.client(t, acme, `"gateway:read"`)
	access := b.token(t, "acme", id, secret)
	otherID, otherSecret := b.client(t, globex, `"gateway:read"`)
	other := b.token(t, "globex", otherID, otherSecret)
	theirs := strings.Split(other, ".")
	ours := strings.Split(access, ".")
	b.run(t, []scenario{
		{name: "OK", method: "GET", path: "/v1/whoami", as: access, status: 200, want: []string{`"tenant":"acme"`, `"kind":"client"`, `"scopes":["gateway:read"]`, `"expires_at":"2026-07-01T12:05:00Z"`}},
		{name: "OK/its scope", method: "GET", path: "/v1/clients", as: access, status: 200, want: []string{id}, not: []string{otherID}},
		{name: "Err/beyond its scope", method: "DELETE", path: "/v1/clients/" + id, as: access, status: 403},
		{name: "Err/padded", method: "GET", path: "/v1/whoami", as: access + "==", status: 401},
		{name: "Err/trailing space", method: "GET", path: "/v1/whoami", as: access + " ", status: 401},
		{name: "Err/our claims, their signature", method: "GET", path: "/v1/whoami", as: ours[0] + "." + ours[1] + "." + theirs[2], status: 401},
		{name: "Err/their header, our claims", method: "GET", path: "/v1/whoami", as: theirs[0] + "." + ours[1] + "." + ours[2], status: 401},
		{name: "Err/their claims, our signature", method: "GET", path: "/v1/whoami", as: ours[0] + "." + theirs[1] + "." + ours[2], status: 401},
	})
	b.clock.Advance(5*time.Minute - time.Second)
	b.must(t, 200, "GET", "/v1/whoami", access, "")
	b.clock.Advance(time.Second)
	b.must(t, 401, "GET", "/v1/whoami", access, "")
}

// TestForgedByHolder: not even the holder of a tenant's signing key can make a
// token that opens another tenant, or that outlives its client.
func TestForgedByHolder(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	b.tenant(t, "globex")
	id, _ := b.client(t, acme, `"search:read"`)
	key := b.signingKey(t, "acme")
	now := b.clock.Now()
	claims := token.Claims{
		Issuer: publicURL + "/t/acme", Subject: id, Audience: publicURL, IssuedAt: now.Unix(), NotBefore: now.Unix(), Expires: now.Add(time.Minute).Unix(),
		ID: "j", ClientID: id, Scope: "search:read",
	}
	f := func(name string, status int, change func(*token.Claims)) {
		t.Helper()
		c := claims
		change(&c)
		raw, err := token.Sign(key, c)
		if err != nil {
			t.Fatal(err)
		}
		if a := b.call("GET", "/v1/whoami", raw, ""); a.status != status {
			t.Errorf("%s: %d %s; want %d", name, a.status, a.body, status)
		}
	}
	f("OK", 200, func(*token.Claims) {})
	f("Err/iss of another tenant", 401, func(c *token.Claims) { c.Issuer = publicURL + "/t/globex" })
	f("Err/iss of the platform", 401, func(c *token.Claims) { c.Issuer = publicURL + "/t/" + engine.PlatformName })
	f("Err/aud", 401, func(c *token.Claims) { c.Audience = "https://elsewhere.test" })
	f("Err/no client", 401, func(c *token.Claims) { c.ClientID = "x" })
	f("Err/absent client", 401, func(c *token.Claims) { c.ClientID = "0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f" })
}

// TestRevocation: what is remembered counts no longer than what it rests on.
func TestRevocation(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	id, secret := b.client(t, acme, `"search:read"`)
	keyID, key := b.key(t, acme, `{"name":"ci","scopes":["search:read"]}`)
	access := b.token(t, "acme", id, secret)
	all := func(status int, credentials ...string) {
		t.Helper()
		for range 2 { // verified, and remembered
			for _, c := range credentials {
				b.must(t, status, "GET", "/v1/whoami", c, "")
			}
		}
	}
	all(200, acme, key, access)
	b.must(t, 204, "DELETE", "/v1/apikeys/"+keyID, acme, "")
	all(401, key)
	all(200, acme, access)
	b.must(t, 204, "DELETE", "/v1/clients/"+id, acme, "")
	all(401, access, key)
	all(200, acme)
	b.must(t, 401, "POST", "/t/acme/oauth/token", "", "grant_type=client_credentials&client_id="+id+"&client_secret="+secret)
	b = b.reopen(t)
	b.must(t, 200, "GET", "/v1/whoami", acme, "")
	b.must(t, 401, "GET", "/v1/whoami", access, "")
}

// TestRevocationRace: while many use a key, it is deleted. Whoever asks after
// the answer to the deletion is refused, whatever was remembered meanwhile.
func TestRevocationRace(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	for range 20 {
		id, key := b.key(t, acme, `{"name":"ci","scopes":["search:read"]}`)
		var users sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			users.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						_, _ = b.Authenticate(background, key, nil)
					}
				}
			})
		}
		b.must(t, 204, "DELETE", "/v1/apikeys/"+id, acme, "")
		for range 10 {
			if _, err := b.Authenticate(background, key, nil); engine.KindOf(err) != engine.Unauthenticated {
				t.Errorf("a deleted key: %v", err)
			}
		}
		close(stop)
		users.Wait()
	}
}

// TestStoreFails: a credential that nobody can look up is no bad credential.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	b.close()
	if a := b.call("GET", "/v1/whoami", acme, ""); a.status != 503 {
		t.Errorf("with a closed store: %d %s", a.status, a.body)
	}
}

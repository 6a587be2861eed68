package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"quintet/engine"
)

const form = "Content-Type: application/x-www-form-urlencoded"

func basic(id, secret string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme, globex := b.tenant(t, "acme"), b.tenant(t, "globex")
	id, secret := b.client(t, acme, `"search:read","stream:write"`)
	theirs, theirSecret := b.client(t, globex, `"search:read"`)
	const path, grant = "/t/acme/oauth/token", "grant_type=client_credentials"
	credentials := "&client_id=" + id + "&client_secret=" + secret
	post := func(name, body string, status int, want []string, headers ...string) scenario {
		return scenario{name: name, method: "POST", path: path, body: body, headers: append(headers, form), status: status, want: want, not: []string{secret, theirSecret}}
	}
	issued := []string{`"access_token":"ey`, `"token_type":"Bearer"`, `"expires_in":300`}
	failed := func(code string) []string { return []string{`"error":"` + code + `"`, `"error_description":"`} }
	b.run(t, []scenario{
		post("OK/form", grant+credentials, 200, append(issued, `"scope":"search:read stream:write"`)),
		post("OK/basic", grant, 200, issued, basic(id, secret)),
		post("OK/basic, and the same client_id", grant+"&client_id="+id, 200, issued, basic(id, secret)),
		post("OK/form-encoded basic", grant, 200, issued, "Authorization: bAsIc "+base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(id, "-", "%2D")+":"+strings.ReplaceAll(secret, "_", "%5F")))),
		post("OK/fewer scopes", grant+credentials+"&scope=stream%3Awrite", 200, append(issued, `"scope":"stream:write"`)),
		post("OK/in another order", grant+credentials+"&scope=stream:write+search:read", 200, append(issued, `"scope":"stream:write search:read"`)),
		post("OK/a scope twice", grant+credentials+"&scope=search:read+search:read", 200, append(issued, `"scope":"search:read"`)),
		post("OK/an unknown parameter", grant+credentials+"&resource=x", 200, issued),

		post("Err/no grant", credentials[1:], 400, failed("invalid_request")),
		post("Err/another grant", "grant_type=password"+credentials, 400, failed("unsupported_grant_type")),
		post("Err/more scopes", grant+credentials+"&scope=search:read+gateway:admin", 400, failed("invalid_scope")),
		post("Err/two spaces", grant+credentials+"&scope=search:read++stream:write", 400, failed("invalid_scope")),
		post("Err/a parameter twice", grant+"&"+grant+credentials, 400, failed("invalid_request")),
		post("Err/an unknown parameter twice", grant+credentials+"&x=1&x=1", 400, append(failed("invalid_request"), "twice: x")),
		post("Err/a semicolon", grant+";scope=x"+credentials, 400, failed("invalid_request")),
		post("Err/not a form", "%zz", 400, failed("invalid_request")),
		post("Err/JSON", `{"grant_type":"client_credentials"}`, 401, failed("invalid_client")),
		post("Err/nothing", "", 401, failed("invalid_client")),
		post("Err/wrong secret", grant+"&client_id="+id+"&client_secret="+theirSecret, 401, failed("invalid_client")),
		post("Err/no secret", grant+"&client_id="+id, 401, failed("invalid_client")),
		post("Err/unknown client", grant+"&client_id=0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f&client_secret="+secret, 401, failed("invalid_client")),
		post("Err/a client of another tenant", grant+"&client_id="+theirs+"&client_secret="+theirSecret, 401, failed("invalid_client")),
		post("Err/no id", grant+"&client_id=x&client_secret="+secret, 401, failed("invalid_client")),
		post("Err/two ways at once", grant+"&client_secret="+secret, 400, failed("invalid_request"), basic(id, secret)),
		post("Err/two clients", grant+"&client_id="+theirs, 400, failed("invalid_request"), basic(id, secret)),
		post("Err/two headers", grant, 400, failed("invalid_request"), basic(id, secret), basic(id, secret)),
		post("Err/bearer", grant, 401, failed("invalid_client"), "Authorization: Bearer "+acme),
		post("Err/basic, not base64", grant, 401, failed("invalid_client"), "Authorization: Basic ***"),
		post("Err/basic, no colon", grant, 401, failed("invalid_client"), "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(id))),
		post("Err/basic, bad escape", grant, 401, failed("invalid_client"), "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("%zz:x"))),
		{name: "Err/secret in the URL", method: "POST", path: path + "?" + grant + credentials, headers: []string{form}, status: 400, want: failed("invalid_request"), not: []string{secret}},
		{name: "Err/unknown tenant", method: "POST", path: "/t/nobody/oauth/token", body: grant + credentials, headers: []string{form}, status: 404, want: []string{"tenant_not_found"}},
		{name: "Err/too large", method: "POST", path: path, body: grant + "&x=" + strings.Repeat("x", 70_000), headers: []string{form}, status: 413},
	})
	a := b.call("POST", path, "", grant, basic(id, "wrong"), form)
	if a.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("headers of a refusal: %v", a.header)
	}
	if a := b.call("POST", path, "", grant+credentials, form); a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers of a token: %v", a.header)
	}
}

// TestDiscovery: a relying party finds everything from the issuer alone, and
// another implementation verifies the token with it.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	id, secret := b.client(t, acme, `"search:read"`)
	for _, path := range []string{"/.well-known/oauth-authorization-server/t/acme", "/t/acme/.well-known/oauth-authorization-server", "/t/acme/.well-known/openid-configuration"} {
		a := b.must(t, 200, "GET", path, "", "")
		var m map[string]any
		if err := json.Unmarshal([]byte(a.body), &m); err != nil {
			t.Fatal(err)
		}
		if m["issuer"] != publicURL+"/t/acme" || m["jwks_uri"] != publicURL+"/t/acme/jwks.json" || m["token_endpoint"] != publicURL+"/t/acme/oauth/token" || len(m["response_types_supported"].([]any)) != 0 {
			t.Errorf("%s: %s", path, a.body)
		}
		b.must(t, 404, "GET", strings.Replace(path, "acme", "nobody", 1), "", "")
	}
	keys := b.must(t, 200, "GET", "/t/acme/jwks.json", "", "")
	if strings.Contains(keys.body, `"d"`) || !strings.Contains(keys.header.Get("Content-Type"), "application/json") || !strings.Contains(keys.header.Get("Cache-Control"), "max-age=300") {
		t.Errorf("a key set: %s %v", keys.body, keys.header)
	}
	set, err := jwk.ParseString(keys.body)
	if err != nil {
		t.Fatal(err)
	}
	read, err := jwt.ParseString(b.token(t, "acme", id, secret), jwt.WithKeySet(set), jwt.WithIssuer(publicURL+"/t/acme"), jwt.WithAudience(publicURL), jwt.WithClock(b.clock))
	if err != nil || read.Subject() != id || read.Expiration().Sub(read.IssuedAt()) != 5*time.Minute {
		t.Errorf("a token: %v, %v", read, err)
	}
	if other := b.must(t, 200, "GET", "/t/_platform/jwks.json", "", ""); other.body == keys.body {
		t.Error("two tenants sign with one key")
	}
	b.sound(t)
}

// TestPlatformIssuer: the platform's own clients get tokens of its scope.
func TestPlatformIssuer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	id, secret := b.client(t, b.platform, `"platform:admin"`)
	access := b.token(t, engine.PlatformName, id, secret)
	b.run(t, []scenario{
		{name: "OK", method: "POST", path: "/v1/tenants", as: access, body: `{"id":"acme","name":"Acme"}`, status: 201},
		{name: "OK/who", method: "GET", path: "/v1/whoami", as: access, status: 200,
			want: []string{`"tenant":"_platform"`, `"kind":"client"`, `"subject":"client:` + id, `"expires_at":"2026-07-01T12:05:00Z"`}},
	})
	if got := b.audit(t, engine.PlatformName); got[len(got)-1] != "tenant.created acme" {
		t.Errorf("audit: %q", got)
	}
}

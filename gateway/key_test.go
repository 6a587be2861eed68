package gateway_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quintet/engine"
	"quintet/gateway"
)

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme, globex := b.tenant(t, "acme"), b.tenant(t, "globex")
	id, text := b.key(t, acme, `{"name":"ci","scopes":["search:read","gateway:admin"],"expires_in":"1h"}`)
	theirs, _ := b.key(t, globex, `{"name":"theirs","scopes":["search:read"]}`)
	absent := "0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f"
	b.run(t, []scenario{
		{name: "OK/it works", method: "GET", path: "/v1/whoami", as: text, status: 200,
			want: []string{`"subject":"apikey:` + id, `"scopes":["search:read","gateway:admin"]`, `"expires_at":"2026-07-01T13:00:00Z"`}},
		{name: "OK/get", method: "GET", path: "/v1/apikeys/" + id, as: acme, status: 200, want: []string{`"name":"ci"`, `"created_by":"acme/apikey:`, `"expires_at":"2026-07-01T13:00:00Z"`}, not: []string{"qk_", "hash"}},
		{name: "OK/list", method: "GET", path: "/v1/apikeys", as: acme, status: 200, want: []string{`"name":"first key"`, `"name":"ci"`, `"next":null`}, not: []string{"qk_", "theirs", "hash"}},
		{name: "OK/page", method: "GET", path: "/v1/apikeys?limit=1", as: acme, status: 200, want: []string{`"name":"first key"`}, not: []string{`"ci"`, `"next":null`}},
		{name: "OK/grants what it holds", method: "POST", path: "/v1/apikeys", as: text, body: `{"name":"x","scopes":["search:read"]}`, status: 201, want: []string{`"key":"qk_acme_`, `"expires_at":null`}},
		{name: "OK/the platform has keys, too", method: "POST", path: "/v1/apikeys", as: b.platform, body: `{"name":"x","scopes":["platform:admin"]}`, status: 201, want: []string{`"key":"qk__platform_`}},

		{name: "Err/scope not held", method: "POST", path: "/v1/apikeys", as: text, body: `{"name":"x","scopes":["search:write"]}`, status: 403, want: []string{"scope_not_held", "search:write"}},
		{name: "Err/scope of the platform", method: "POST", path: "/v1/apikeys", as: acme, body: `{"name":"x","scopes":["platform:admin"]}`, status: 403, want: []string{"scope_not_held"}},
		{name: "Err/scope of a tenant", method: "POST", path: "/v1/apikeys", as: b.platform, body: `{"name":"x","scopes":["search:read"]}`, status: 422, want: []string{"invalid_scope"}},
		{name: "Err/no scope", method: "POST", path: "/v1/apikeys", as: acme, body: `{"name":"x","scopes":["search:all"]}`, status: 422, want: []string{"invalid_scope", "body.scopes[0]"}},
		{name: "Err/scope twice", method: "POST", path: "/v1/apikeys", as: acme, body: `{"name":"x","scopes":["search:read","search:read"]}`, status: 422, want: []string{"body.scopes[1]"}},
		{name: "Err/escape in the name", method: "POST", path: "/v1/apikeys", as: acme, body: `{"name":"\u001b[2Jx","scopes":["search:read"]}`, status: 422, want: []string{"body.name", "control characters"}},
		{name: "Err/name of two lines", method: "POST", path: "/v1/apikeys", as: acme, body: `{"name":"a\nb","scopes":["search:read"]}`, status: 422, want: []string{"body.name"}},
		{name: "Err/no scopes", method: "POST", path: "/v1/apikeys", as: acme, body: `{"name":"x","scopes":[]}`, status: 422},
		{name: "Err/life of nothing", method: "POST", path: "/v1/apikeys", as: acme, body: `{"name":"x","scopes":["search:read"],"expires_in":"0s"}`, status: 422, want: []string{"expires_in"}},
		{name: "Err/life of -1h", method: "POST", path: "/v1/apikeys", as: acme, body: `{"name":"x","scopes":["search:read"],"expires_in":"-1h"}`, status: 422},
		{name: "Err/life without unit", method: "POST", path: "/v1/apikeys", as: acme, body: `{"name":"x","scopes":["search:read"],"expires_in":"3600"}`, status: 422},
		{name: "Err/no name", method: "POST", path: "/v1/apikeys", as: acme, body: `{"name":"","scopes":["search:read"]}`, status: 422},
		{name: "Err/unknown field", method: "POST", path: "/v1/apikeys", as: acme, body: `{"name":"x","scopes":["search:read"],"role":"admin"}`, status: 422},
		{name: "Err/read scope missing", method: "GET", path: "/v1/apikeys", as: text, status: 403},

		// Another tenant's answers as an absent one.
		{name: "Err/get absent", method: "GET", path: "/v1/apikeys/" + absent, as: acme, status: 404, want: []string{"apikey_not_found"}, not: []string{absent}},
		{name: "Err/get theirs", method: "GET", path: "/v1/apikeys/" + theirs, as: acme, status: 404, want: []string{"apikey_not_found"}, not: []string{theirs}},
		{name: "Err/delete theirs", method: "DELETE", path: "/v1/apikeys/" + theirs, as: acme, status: 404, want: []string{"apikey_not_found"}},
		{name: "Err/no id", method: "GET", path: "/v1/apikeys/x", as: acme, status: 404, want: []string{"apikey_not_found"}},

		{name: "OK/delete", method: "DELETE", path: "/v1/apikeys/" + id, as: acme, status: 204},
		{name: "Err/deleted and remembered", method: "GET", path: "/v1/whoami", as: text, status: 401, want: []string{"credential_invalid"}},
		{name: "Err/delete again", method: "DELETE", path: "/v1/apikeys/" + id, as: acme, status: 404},
		{name: "OK/theirs is untouched", method: "GET", path: "/v1/apikeys/" + theirs, as: globex, status: 200},
	})
	if got := b.audit(t, "acme"); !slices.Contains(got, "apikey.created "+id) || !slices.Contains(got, "apikey.deleted "+id) || slices.Contains(got, "apikey.created "+theirs) {
		t.Errorf("audit of acme: %q", got)
	}
	b.sound(t)
}

// TestCredentials: everything that is no credential gets the same answer.
func TestCredentialText(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	good := b.tenant(t, "acme")
	gone := b.tenant(t, "gone")
	b.must(t, 200, "DELETE", "/v1/tenants/gone", b.platform, "")
	swap := func(s string, i int) string {
		c := byte('x')
		if s[i] == c {
			c = 'y'
		}
		return s[:i] + string(c) + s[i+1:]
	}
	var first string
	for name, credential := range map[string]string{
		"nothing": "", "text": "password", "prefix": "qk_", "of a tenant that is gone": gone, "typo at the end": swap(good, len(good)-1), "typo inside": swap(good, 20),
		"typo in the tenant": swap(good, 4), "without checksum": good[:strings.LastIndex(good, "_")], "upper case": strings.ToUpper(good), "space": good + " ",
		"line feed": good + "\n", "underscores": "qk____", "no tenant": "qk__" + good[8:], "long": "qk_" + strings.Repeat("a", 20_000), "two": good + good,
		"a checksum that fits, of an unknown tenant": gateway.NewKey("nobody"), "a checksum that fits, unknown": gateway.NewKey("acme"),
		"of the platform, unknown": gateway.NewKey(engine.PlatformName),
	} {
		a := b.call("GET", "/v1/whoami", credential, "")
		if first == "" {
			first = a.body
		}
		if a.status != 401 || a.body != first || credential != "" && strings.Contains(a.body, credential) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func TestKeyExpiry(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	_, short := b.key(t, acme, `{"name":"short","scopes":["search:read"],"expires_in":"30s"}`)
	for range 2 { // the second time it is remembered
		b.must(t, 200, "GET", "/v1/whoami", short, "")
		b.clock.Advance(29 * time.Second / 2)
	}
	b.clock.Advance(time.Second)
	b.must(t, 401, "GET", "/v1/whoami", short, "")
	b.must(t, 200, "GET", "/v1/whoami", acme, "")
	if found, err := b.Credentials(background); err != nil || len(found) != 2 {
		t.Errorf("live credentials: %v, %v; want the platform's key and acme's first", found, err)
	}
}

// TestKeyText: what is made is read back, and no change of a character is.
func TestKeyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tenant := rapid.OneOf(rapid.Just(engine.PlatformName), rapid.StringMatching(`[a-z][a-z0-9-]{0,62}`)).Draw(t, "tenant")
		key := gateway.NewKey(tenant)
		if named, ok := gateway.ParseKey(key); !ok || named != tenant {
			t.Fatalf("%s reads back as of %q, %v", key, named, ok)
		}
		if again := gateway.NewKey(tenant); again == key {
			t.Fatalf("the same key twice")
		}
		i := rapid.IntRange(0, len(key)-1).Draw(t, "place")
		changed := []byte(key)
		changed[i] = byte(rapid.IntRange(0, 255).Draw(t, "byte"))
		if _, ok := gateway.ParseKey(string(changed)); ok && string(changed) != key {
			t.Fatalf("%q passes for a key; %q was made", changed, key)
		}
	})
}

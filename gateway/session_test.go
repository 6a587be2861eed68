package gateway_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/gateway"
)

// link makes a link of the operator's.
func (b *bed) link(tb tester, tenant string) string {
	tb.Helper()
	token, err := b.NewLink(background, tenant)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

// signIn exchanges a link's token for a session.
func (b *bed) signIn(tb tester, token string) gateway.Session {
	tb.Helper()
	s, err := b.SignInByLink(background, token)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func (b *bed) refused(t *testing.T, err error, code string) {
	t.Helper()
	if p := problemOf(err); err == nil || p.Code != code {
		t.Errorf("got %v; want %s", err, code)
	}
}

func TestSessionByLink(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.tenant(t, "acme")
	token := b.link(t, "acme")
	session := b.signIn(t, token)
	if want := b.clock.Now().Add(12 * time.Hour); !session.Expires.Equal(want) {
		t.Errorf("it ends at %v; want %v", session.Expires, want)
	}
	b.run(t, []scenario{{
		name: "OK", method: "GET", path: "/v1/whoami", as: session.Secret, status: 200,
		want: []string{`"tenant":"acme"`, `"subject":"console:`, `"kind":"user"`, "search:read", "gateway:admin", `"expires_at":"2026-07-02T00:00:00Z"`},
		not:  []string{"platform:admin", session.Secret},
	}})
	_, err := b.SignInByLink(background, token)
	b.refused(t, err, "link_invalid")
	if got := b.audit(t, "acme"); !hasPrefix(got, "link.created ") || !hasPrefix(got, "session.created ") {
		t.Errorf("audit: %q", got)
	}

	again := b.reopen(t)
	again.must(t, 200, "GET", "/v1/whoami", session.Secret, "")
	if _, err := again.SignInByLink(background, token); err == nil {
		t.Error("a used link counts again after a restart")
	}
	again.clock.Advance(12*time.Hour - time.Nanosecond)
	again.must(t, 200, "GET", "/v1/whoami", session.Secret, "")
	again.clock.Advance(time.Nanosecond)
	again.must(t, 401, "GET", "/v1/whoami", session.Secret, "")
	again.sound(t)
}

func hasPrefix(all []string, prefix string) bool {
	return slices.ContainsFunc(all, func(s string) bool { return strings.HasPrefix(s, prefix) })
}

func TestLinkRefused(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	late, good := b.link(t, "acme"), b.link(t, "acme")
	session := b.signIn(t, good)
	b.clock.Advance(10 * time.Minute)
	unknown := b.link(t, "acme")
	b.tenant(t, "gone")
	gone := b.link(t, "gone")
	b.must(t, 200, "DELETE", "/v1/tenants/gone", b.platform, "")
	var first string
	for name, token := range map[string]string{
		"expired": late, "used": good, "nothing": "", "text": "ql_", "typo": unknown[:len(unknown)-1] + "-", "an API key": acme,
		"a session": session.Secret, "of a tenant that is gone": gone, "long": strings.Repeat("ql_acme_", 10_000),
	} {
		_, err := b.SignInByLink(background, token)
		if err == nil {
			t.Errorf("%s: it signs in", name)
			continue
		}
		if first == "" {
			first = err.Error()
		}
		if err.Error() != first {
			t.Errorf("%s: told apart by %q", name, err)
		}
	}
	b.must(t, 401, "GET", "/v1/whoami", unknown, "") // a link is no credential
	b.sound(t)
}

// TestLinkOnce: of many who use one link at once, one is let in.
func TestLinkOnce(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.tenant(t, "acme")
	token := b.link(t, "acme")
	var in sync.WaitGroup
	results := make(chan error, 16)
	for range cap(results) {
		in.Go(func() { _, err := b.SignInByLink(background, token); results <- err })
	}
	in.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d were let in", won)
	}
	b.sound(t)
}

func TestSessionByKey(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	id, key := b.key(t, acme, `{"name":"x","scopes":["search:read"],"expires_in":"1h"}`)
	session, err := b.SignInByKey(background, key)
	if err != nil {
		t.Fatal(err)
	}
	b.run(t, []scenario{
		{name: "OK", method: "GET", path: "/v1/whoami", as: session.Secret, status: 200, want: []string{`"scopes":["search:read"]`, `"expires_at":"2026-07-01T13:00:00Z"`}},
		{name: "Err/no more than the key", method: "POST", path: "/v1/apikeys", as: session.Secret, body: `{"name":"x","scopes":["search:read"]}`, status: 403},
		{name: "OK/the key is revoked", method: "DELETE", path: "/v1/apikeys/" + id, as: acme, status: 204},
		{name: "Err/the session has ended with it", method: "GET", path: "/v1/whoami", as: session.Secret, status: 401},
	})
	_, err = b.SignInByKey(background, key)
	b.refused(t, err, "credential_invalid")
	_, err = b.SignInByKey(background, session.Secret)
	b.refused(t, err, "credential_invalid")
	b.sound(t)
}

// TestSessionEnds: signing out, and the end of the tenant, are complete when
// they are answered.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.tenant(t, "acme")
	one, other := b.signIn(t, b.link(t, "acme")), b.signIn(t, b.link(t, "acme"))
	for _, s := range []gateway.Session{one, other} {
		b.must(t, 200, "GET", "/v1/whoami", s.Secret, "")
	}
	for range 2 { // again is no error
		if err := b.SignOut(background, one.Secret); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"", "text", b.platform} {
		if err := b.SignOut(background, text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	b.must(t, 401, "GET", "/v1/whoami", one.Secret, "")
	b.must(t, 200, "GET", "/v1/whoami", other.Secret, "")
	if got := b.audit(t, "acme"); !hasPrefix(got, "session.deleted ") {
		t.Errorf("audit: %q", got)
	}
	b.must(t, 200, "DELETE", "/v1/tenants/acme", b.platform, "")
	b.must(t, 401, "GET", "/v1/whoami", other.Secret, "")
	b.tenant(t, "acme")
	b.must(t, 401, "GET", "/v1/whoami", other.Secret, "")
	b.sound(t)
}

// TestLinksAndSessionsAreFew: a new one ends the oldest beyond the bound, and
// what has expired goes.
func TestLinksAndSessionsAreFew(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.tenant(t, "acme")
	oldest := b.link(t, "acme")
	for range 8 {
		b.clock.Advance(time.Second)
		b.link(t, "acme")
	}
	if _, err := b.SignInByLink(background, oldest); err == nil {
		t.Error("nine links count at once")
	}
	first := b.signIn(t, b.link(t, "acme"))
	for range 47 {
		b.clock.Advance(time.Second)
		b.signIn(t, b.link(t, "acme"))
	}
	b.must(t, 200, "GET", "/v1/whoami", first.Secret, "")
	b.clock.Advance(time.Second)
	b.signIn(t, b.link(t, "acme"))
	b.must(t, 401, "GET", "/v1/whoami", first.Secret, "")
	if links, sessions := b.stored(t, "acme"); links > 8 || sessions != 48 {
		t.Errorf("%d links and %d sessions are stored", links, sessions)
	}
	b.clock.Advance(13 * time.Hour)
	b.signIn(t, b.link(t, "acme"))
	if links, sessions := b.stored(t, "acme"); links != 0 || sessions != 1 {
		t.Errorf("%d links and %d sessions are left", links, sessions)
	}
	b.sound(t)
}

// stored counts the records of links and sessions.
func (b *bed) stored(t *testing.T, tenant string) (links, sessions int) {
	t.Helper()
	err := b.engine.Store.View(background, b.handle(t, tenant), func(v *engine.View) error {
		for range v.Keys("gateway.links", nil, nil) {
			links++
		}
		for range v.Keys("gateway.sessions", nil, nil) {
			sessions++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return links, sessions
}

// TestSessionRate: guessing takes from the tenant's rate.
func TestSessionRate(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.tenant(t, "acme")
	b.must(t, 200, "PATCH", "/v1/tenants/acme", b.platform, `{"rate_limit":{"per_second":1,"burst":2}}`)
	token := b.link(t, "acme")
	guess := token[:len(token)-1] + "-"
	for range 5 {
		_, err := b.SignInByLink(background, guess)
		b.refused(t, err, "link_invalid") // a typo costs nobody anything
	}
	used := b.link(t, "acme")
	b.signIn(t, used)
	_, err := b.SignInByLink(background, used)
	b.refused(t, err, "link_invalid")
	_, err = b.SignInByLink(background, used)
	b.refused(t, err, "rate_limited")
}

func TestLinkRoute(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	_, some := b.key(t, acme, `{"name":"x","scopes":["gateway:admin"]}`)
	b.run(t, []scenario{
		{name: "OK", method: "POST", path: "/v1/console/links", as: acme, status: 201, want: []string{`"url":"https://quintet.test/console#ql_acme_`, `"expires_at":"2026-07-01T12:10:00Z"`}},
		{name: "OK/of the platform", method: "POST", path: "/v1/console/links", as: b.platform, status: 201, want: []string{`console#ql__platform_`}},
		{name: "Err/not all scopes", method: "POST", path: "/v1/console/links", as: some, status: 403, want: []string{"scope_not_held"}, not: []string{"ql_"}},
		{name: "Err/nobody", method: "POST", path: "/v1/console/links", status: 401},
	})
	platform := b.signIn(t, b.must(t, 201, "POST", "/v1/console/links", b.platform, "").field("token"))
	b.run(t, []scenario{
		{name: "OK/the platform's session", method: "GET", path: "/v1/tenants", as: platform.Secret, status: 200, want: []string{"acme"}},
		{name: "OK/and no tenant's", method: "GET", path: "/v1/whoami", as: platform.Secret, status: 200, want: []string{`"scopes":["platform:admin"]`}},
	})
	if _, err := b.NewLink(background, "absent"); err == nil {
		t.Error("a link of no tenant")
	}
}

// TestRestoreTellsSessions: what a restored folder lets in is listed, and
// revoked with the keys.
func TestRestoreTellsSessions(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	session := b.signIn(t, b.link(t, "acme"))
	b.link(t, "acme")
	id, key := b.key(t, acme, `{"name":"x","scopes":["search:read"]}`)
	if _, err := b.SignInByKey(background, key); err != nil {
		t.Fatal(err)
	}
	b.must(t, 204, "DELETE", "/v1/apikeys/"+id, acme, "") // its session is dead
	all, err := b.Credentials(background)
	if err != nil {
		t.Fatal(err)
	}
	var ways []string
	for _, c := range all {
		if c.Kind == engine.KindUser {
			ways = append(ways, c.Tenant+" "+c.Name)
		}
	}
	if want := []string{"acme link to the console", "acme session of the console"}; !slices.Equal(ways, want) {
		t.Errorf("listed %q; want %q", ways, want)
	}
	if _, err := b.RevokeAllKeys(background, b.dir); err != nil {
		t.Fatal(err)
	}
	b.must(t, 401, "GET", "/v1/whoami", session.Secret, "")
	if links, sessions := b.stored(t, "acme"); links+sessions != 0 {
		t.Errorf("%d links and %d sessions are left", links, sessions)
	}
	b.sound(t)
}

// TestSessionSecrecy: neither token nor secret is kept, logged or told again.
func TestSessionSecrecy(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	token := b.must(t, 201, "POST", "/v1/console/links", acme, "").field("token")
	session := b.signIn(t, token)
	seen := b.lines.String() + strings.Join(b.audit(t, "acme"), " ") + b.call("GET", "/v1/apikeys", session.Secret, "").body + b.call("GET", "/v1/whoami", session.Secret+"x", "").body
	if strings.Contains(seen, token) || strings.Contains(seen, session.Secret) {
		t.Error("a secret shows in a log, a record or an answer")
	}
}

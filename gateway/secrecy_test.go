package gateway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestSecretsElsewhere: what was shown once stands in no log line, no audit
// record, no metric, no error and no later answer.
func TestSecretsElsewhere(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	keyID, key := b.key(t, acme, `{"name":"ci","scopes":["search:read"]}`)
	id, secret := b.client(t, acme, `"search:read"`)
	access := b.token(t, "acme", id, secret)
	secrets := map[string]string{"first key": acme, "key": key, "client's secret": secret, "token": access, "key without checksum": key[:len(key)-7], "signature": access[strings.LastIndex(access, ".")+1:]}

	var seen strings.Builder
	for _, path := range []string{"/v1/whoami", "/v1/apikeys", "/v1/apikeys/" + keyID, "/v1/clients", "/v1/clients/" + id, "/v1/apikeys/" + key, "/t/acme/jwks.json"} {
		for _, as := range []string{acme, key, access, key + "x", access + "x"} {
			seen.WriteString(strings.ReplaceAll(b.call("GET", path, as, "").body, "\n", " "))
		}
	}
	for _, body := range []string{`{"name":"x","scopes":["` + key + `"]}`, `{"name":"x","scopes":["search:read"],"expires_in":"x"}`} {
		seen.WriteString(b.call("POST", "/v1/apikeys", acme, body).body)
	}
	records, err := b.Audit(background, b.handle(t, "acme"), [16]byte{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		seen.WriteString(r.Actor + r.Target + r.Details["name"])
	}
	metrics, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics {
		seen.WriteString(m.String())
	}
	for where, text := range map[string]string{"the log": b.lines.String(), "answers, records or metrics": seen.String()} {
		for what, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s holds the %s", where, what)
			}
		}
	}
}

// TestRememberedForAMinute: then the store is asked again.
func TestRememberedForAMinute(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	asked := func(want string) {
		t.Helper()
		err := testutil.GatherAndCompare(b.registry, strings.NewReader(`
# HELP quintet_gateway_verifications_total Credentials verified, the cache aside, by kind and result.
# TYPE quintet_gateway_verifications_total counter
quintet_gateway_verifications_total{kind="apikey",result="ok"} `+want+"\n"), "quintet_gateway_verifications_total")
		if err != nil {
			t.Error(err)
		}
	}
	asked("1") // of the platform's key, which made acme
	for range 3 {
		b.must(t, 200, "GET", "/v1/whoami", acme, "")
	}
	asked("2")
	b.clock.Advance(time.Minute - time.Nanosecond)
	b.must(t, 200, "GET", "/v1/whoami", acme, "")
	asked("2")
	b.clock.Advance(time.Nanosecond)
	b.must(t, 200, "GET", "/v1/whoami", acme, "")
	asked("3")
}

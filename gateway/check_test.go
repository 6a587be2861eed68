package gateway_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"quintet/engine"
	"quintet/gateway"
)

// TestCheck: each invariant, once broken, is reported and named.
func TestCheck(t *testing.T) {
	t.Parallel()
	f := func(name, want string, damage func(tx *engine.Tx)) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.client(t, b.tenant(t, "acme"), `"search:read"`)
			err := b.engine.Store.Update(background, b.handle(t, "acme"), func(tx *engine.Tx) error { damage(tx); return nil })
			if err != nil {
				t.Fatal(err)
			}
			problems, err := b.engine.Check(background, func(string, int64, int64) {})
			if err != nil {
				t.Fatal(err)
			}
			if found := strings.Join(problems, "\n"); (want == "") != (found == "") || !strings.Contains(found, want) {
				t.Errorf("problems %q; want %q", problems, want)
			}
			if strings.Contains(strings.Join(problems, "\n"), "qk_") {
				t.Errorf("problems show a key: %q", problems)
			}
		})
	}
	first := func(tx *engine.Tx, b engine.Bucket) []byte {
		for key := range tx.Keys(b, nil, nil) {
			return key
		}
		return nil
	}
	f("OK", "", func(*engine.Tx) {})
	f("Err/key without hash", "no hash leads to API key", func(tx *engine.Tx) { tx.Delete("gateway.keyhashes", first(tx, "gateway.keyhashes")) })
	f("Err/hash without key", "leads to none", func(tx *engine.Tx) { tx.Delete("gateway.apikeys", first(tx, "gateway.apikeys")) })
	f("Err/hash of nothing", "leads to none", func(tx *engine.Tx) { tx.Put("gateway.keyhashes", bytes.Repeat([]byte{1}, 32), []byte("x")) })
	f("Err/key unreadable", "an API key cannot be read", func(tx *engine.Tx) { tx.Put("gateway.apikeys", first(tx, "gateway.apikeys"), []byte("{")) })
	f("Err/client unreadable", "gateway.clients", func(tx *engine.Tx) { tx.Put("gateway.clients", first(tx, "gateway.clients"), []byte("{")) })
	f("Err/audit unreadable", "gateway.audit", func(tx *engine.Tx) { tx.Put("gateway.audit", first(tx, "gateway.audit"), []byte("{")) })
	f("Err/no record", "has no record", func(tx *engine.Tx) { tx.Platform().Delete("gateway.tenants", []byte("acme")) })
	f("Err/no tenant", "no such tenant", func(tx *engine.Tx) { tx.Platform().Put("gateway.tenants", []byte("ghost"), []byte("{}")) })
	f("Err/no signing key", "no signing key", func(tx *engine.Tx) { tx.Delete("gateway.signing", first(tx, "gateway.signing")) })
	f("Err/another signing key", "is not what its id says", func(tx *engine.Tx) {
		kid := first(tx, "gateway.signing")
		tx.Put("gateway.signing", []byte("another"), tx.Get("gateway.signing", kid))
	})
}

// TestSecretsOnDisk: no secret that was shown stands on disk, and no hash
// leaves the seal. The key files are the exception, by design.
func TestSecretsOnDisk(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	id, secret := b.client(t, acme, `"search:read"`)
	access := b.token(t, "acme", id, secret)
	scalar, err := b.signingKey(t, "acme").Secret()
	if err != nil {
		t.Fatal(err)
	}
	b.must(t, 200, "GET", "/v1/whoami", access, "")
	b.close()
	needles := map[string][]byte{"API key": []byte(acme[8:51]), "client's secret": []byte(secret), "token": []byte(access[:60]), "signing key": scalar, "name": []byte("acme Inc."), "client's id": []byte(id)}
	err = filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".key") {
			return err
		}
		data, err := os.ReadFile(path)
		for name, needle := range needles {
			if bytes.Contains(data, needle) {
				t.Errorf("%s holds the %s", path, name)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	id, secret := b.client(t, acme, `"search:read"`)
	b.must(t, 200, "GET", "/v1/whoami", b.token(t, "acme", id, secret), "")
	b.must(t, 401, "GET", "/v1/whoami", acme+"x", "")
	b.must(t, 401, "GET", "/v1/whoami", gateway.NewKey("acme"), "")
	b.must(t, 401, "GET", "/v1/whoami", "e30.e30.e30", "")
	b.must(t, 400, "POST", "/t/acme/oauth/token", "", "grant_type=x&grant_type=y")
	b.must(t, 200, "PATCH", "/v1/tenants/acme", b.platform, `{"rate_limit":{"per_second":1,"burst":1}}`)
	for range 3 {
		b.Allow(b.handle(t, "acme"))
	}
	want := `
# HELP quintet_gateway_verifications_total Credentials verified, the cache aside, by kind and result.
# TYPE quintet_gateway_verifications_total counter
quintet_gateway_verifications_total{kind="apikey",result="malformed"} 1
quintet_gateway_verifications_total{kind="apikey",result="ok"} 2
quintet_gateway_verifications_total{kind="apikey",result="unknown"} 1
quintet_gateway_verifications_total{kind="token",result="header"} 1
quintet_gateway_verifications_total{kind="token",result="ok"} 1
# HELP quintet_gateway_cache_lookups_total Credentials looked up in the cache, by result.
# TYPE quintet_gateway_cache_lookups_total counter
quintet_gateway_cache_lookups_total{result="hit"} 1
quintet_gateway_cache_lookups_total{result="miss"} 6
# HELP quintet_gateway_token_requests_total Requests for access tokens, by result.
# TYPE quintet_gateway_token_requests_total counter
quintet_gateway_token_requests_total{result="invalid_request"} 1
quintet_gateway_token_requests_total{result="issued"} 1
# HELP quintet_gateway_rate_limited_total Requests beyond their tenant's rate.
# TYPE quintet_gateway_rate_limited_total counter
quintet_gateway_rate_limited_total 2
# HELP quintet_gateway_audit_records_total Audit records written, by action.
# TYPE quintet_gateway_audit_records_total counter
quintet_gateway_audit_records_total{action="apikey.created"} 2
quintet_gateway_audit_records_total{action="client.created"} 1
quintet_gateway_audit_records_total{action="tenant.created"} 1
quintet_gateway_audit_records_total{action="tenant.updated"} 1
# HELP quintet_gateway_remembered_credentials Credentials in the cache.
# TYPE quintet_gateway_remembered_credentials gauge
quintet_gateway_remembered_credentials 3
`
	names := []string{"verifications_total", "cache_lookups_total", "token_requests_total", "rate_limited_total", "audit_records_total", "remembered_credentials"}
	for i := range names {
		names[i] = "quintet_gateway_" + names[i]
	}
	if err := testutil.GatherAndCompare(b.registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

// TestAudit: records rise, say who did it, and are read page by page.
func TestAudit(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	id, _ := b.key(t, acme, `{"name":"ci","scopes":["search:read"]}`)
	b.must(t, 403, "POST", "/v1/apikeys", acme, `{"name":"x","scopes":["platform:admin"]}`) // leaves none
	b.must(t, 204, "DELETE", "/v1/apikeys/"+id, acme, "")
	var all []gateway.AuditRecord
	var after engine.ID
	for {
		page, err := b.Audit(background, b.handle(t, "acme"), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		all, after = append(all, page...), page[len(page)-1].ID
	}
	var actions []string
	for _, r := range all {
		actions = append(actions, r.Action)
		if !r.Time.Equal(b.clock.Now()) {
			t.Errorf("%s at %v", r.Action, r.Time)
		}
	}
	if want := []string{"apikey.created", "apikey.created", "apikey.deleted"}; !slices.Equal(actions, want) {
		t.Fatalf("actions %q; want %q", actions, want)
	}
	if !strings.HasPrefix(all[0].Actor, "_platform/apikey:") || !strings.HasPrefix(all[1].Actor, "acme/apikey:") || all[1].Target != id || all[1].Details["name"] != "ci" {
		t.Errorf("records %+v", all)
	}
	theirs, err := b.Audit(background, b.engine.Tenants.Platform(), engine.ID{}, 100)
	if err != nil || theirs[len(theirs)-1].Action != "tenant.created" || theirs[len(theirs)-1].Target != "acme" {
		t.Errorf("the platform's last record: %+v, %v", theirs, err)
	}
}

package gateway_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/gateway"
)

func newData(t *testing.T) (string, *enginetest.Clock) {
	return filepath.Join(t.TempDir(), "data"), enginetest.NewClock(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC))
}

func TestFirstRun(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	if err := b.SeedDemo(background, b.dir); err != nil {
		t.Fatal(err)
	}
	demo := b.keyFile(t, "demo.key")
	b.run(t, []scenario{
		{name: "OK/admin", method: "GET", path: "/v1/tenants/demo", as: b.platform, status: 200, want: []string{`"name":"Demo"`}},
		{name: "OK/demo", method: "GET", path: "/v1/whoami", as: demo, status: 200, want: []string{`"tenant":"demo"`, `"stream:admin"`}, not: []string{"platform"}},
	})
	for _, name := range []string{"admin.key", "demo.key"} {
		info, err := os.Stat(filepath.Join(b.dir, name))
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		if data, _ := os.ReadFile(filepath.Join(b.dir, name)); strings.Count(string(data), "\n") != 1 {
			t.Errorf("%s does not hold one line", name)
		}
	}

	// A second start changes nothing, also without the files.
	before := b.audit(t, engine.PlatformName)
	b = b.reopen(t)
	for range 2 {
		if err := b.EnsureAdminKey(background, b.dir); err != nil {
			t.Fatal(err)
		}
		if err := b.SeedDemo(background, b.dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(b.dir, "admin.key")); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if after := b.audit(t, engine.PlatformName); !slices.Equal(before, after) {
		t.Errorf("a second start did %q", after[len(before):])
	}
	b.must(t, 200, "GET", "/v1/whoami", demo, "")
	b.sound(t)
}

func TestRemoveDemo(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	if err := b.SeedDemo(background, b.dir); err != nil {
		t.Fatal(err)
	}
	demo := b.keyFile(t, "demo.key")
	b.must(t, 200, "GET", "/v1/whoami", demo, "")
	for range 2 { // the second time there is nothing to do
		if err := b.RemoveDemo(background, b.dir); err != nil {
			t.Fatal(err)
		}
	}
	b.must(t, 401, "GET", "/v1/whoami", demo, "")
	if _, err := os.Stat(filepath.Join(b.dir, "demo.key")); !os.IsNotExist(err) {
		t.Errorf("demo.key: %v; want it gone", err)
	}
	b.sound(t)
}

// TestWriteKeyFiles: with the files written before the store, a crash at any
// later point of a first run is made good by the next start.
func TestWriteKeyFiles(t *testing.T) {
	t.Parallel()
	dir, clock := newData(t)
	for range 2 { // as after a crash before the store was made
		if err := gateway.WriteKeyFiles(dir, true); err != nil {
			t.Fatal(err)
		}
	}
	b := openBed(t, dir, clock)
	pending := func(want bool) {
		t.Helper()
		if got, err := b.DemoPending(background, dir); err != nil || got != want {
			t.Errorf("demo pending: %v, %v; want %v", got, err, want)
		}
	}
	admin, demo := b.keyFile(t, "admin.key"), b.keyFile(t, "demo.key")
	if err := b.EnsureAdminKey(background, dir); err != nil {
		t.Fatal(err)
	}
	pending(true)
	if err := b.SeedDemo(background, dir); err != nil {
		t.Fatal(err)
	}
	pending(false)
	b.must(t, 200, "GET", "/v1/whoami", demo, "")
	// Deleted over HTTP, it stays deleted, although its file is still there.
	b.must(t, 200, "DELETE", "/v1/tenants/demo", admin, "")
	pending(false)
	if err := b.SeedDemo(background, dir); err != nil {
		t.Fatal(err)
	}
	b.must(t, 404, "GET", "/v1/tenants/demo", admin, "")
}

// TestNoDemo: where no demo was asked for, none is pending.
func TestNoDemo(t *testing.T) {
	t.Parallel()
	dir, clock := newData(t)
	if err := gateway.WriteKeyFiles(dir, false); err != nil {
		t.Fatal(err)
	}
	b := openBed(t, dir, clock)
	if got, err := b.DemoPending(background, dir); err != nil || got {
		t.Errorf("demo pending: %v, %v", got, err)
	}
}

// TestFirstRunCrash: a file whose key the store does not know yet is what a
// crash between both leaves.
func TestFirstRunCrash(t *testing.T) {
	t.Parallel()
	dir, clock := newData(t)
	b := openBed(t, dir, clock)
	admin, demo := gateway.NewKey(engine.PlatformName), gateway.NewKey("demo")
	for name, key := range map[string]string{"admin.key": admin, "demo.key": demo} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.EnsureAdminKey(background, dir); err != nil {
		t.Fatal(err)
	}
	if err := b.SeedDemo(background, dir); err != nil {
		t.Fatal(err)
	}
	b.must(t, 200, "GET", "/v1/tenants", admin, "")
	b.must(t, 200, "GET", "/v1/whoami", demo, "")
}

func TestFirstRunBadFile(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"empty": "", "damaged": "qk__platform_x", "of another tenant": gateway.NewKey("acme"), "two lines": gateway.NewKey(engine.PlatformName) + "\n\n"} {
		t.Run(name, func(t *testing.T) {
			dir, clock := newData(t)
			b := openBed(t, dir, clock)
			if err := os.WriteFile(filepath.Join(dir, "admin.key"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			err := b.EnsureAdminKey(background, dir)
			if err == nil || !strings.Contains(err.Error(), "admin.key") || content != "" && strings.Contains(err.Error(), content) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	id, _ := b.client(t, acme, `"search:read"`)
	b.key(t, acme, `{"name":"short","scopes":["search:read"],"expires_in":"1h"}`)
	found, err := b.Credentials(background)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range found {
		names = append(names, c.Tenant+" "+string(c.Kind)+" "+c.Name)
		if !c.Created.Equal(b.clock.Now()) || c.ID == "" || len(c.Scopes) == 0 {
			t.Errorf("credential %+v", c)
		}
	}
	if want := []string{"_platform apikey first key", "acme apikey first key", "acme apikey short", "acme client worker"}; !slices.Equal(names, want) {
		t.Errorf("credentials %q; want %q", names, want)
	}
	if found[3].ID != id || !found[2].Expires.Equal(b.clock.Now().Add(time.Hour)) {
		t.Errorf("credentials %+v", found[2:])
	}
}

func TestRevokeAllKeys(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	if err := b.SeedDemo(background, b.dir); err != nil {
		t.Fatal(err)
	}
	id, secret := b.client(t, acme, `"search:read"`)
	access := b.token(t, "acme", id, secret)
	for range 120 { // more than one update takes
		b.key(t, acme, `{"name":"x","scopes":["search:read"]}`)
	}
	dead := []string{b.platform, acme, access, b.keyFile(t, "demo.key")}
	for _, c := range dead {
		b.must(t, 200, "GET", "/v1/whoami", c, "")
	}
	if n, err := b.RevokeAllKeys(background, b.dir); err != nil || n != 124 {
		t.Fatalf("revoked %d, %v; want 124", n, err)
	}
	for _, c := range dead {
		b.must(t, 401, "GET", "/v1/whoami", c, "")
	}
	if found, err := b.Credentials(background); err != nil || len(found) != 0 {
		t.Errorf("credentials afterwards: %v, %v", found, err)
	}
	if err := b.EnsureAdminKey(background, b.dir); err != nil {
		t.Fatal(err)
	}
	b.must(t, 200, "GET", "/v1/tenants/acme", b.keyFile(t, "admin.key"), "")
	text, err := b.IssueKey(background, "acme", "after the restore", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	b.must(t, 200, "GET", "/v1/apikeys", text, "")
	if got := b.audit(t, "acme"); !slices.Contains(got, "credentials.revoked acme") {
		t.Errorf("audit of acme: %q", got)
	}
	b.sound(t)
}

func TestIssueKey(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.tenant(t, "acme")
	f := func(name, tenant string, scopes []string, code string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			text, err := b.IssueKey(background, tenant, "by command", scopes, time.Hour)
			if code != "" {
				if err == nil || !strings.Contains(err.Error(), code) {
					t.Errorf("error %v; want %s", err, code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			b.must(t, 200, "GET", "/v1/whoami", text, "")
		})
	}
	f("OK/all scopes", "acme", nil, "")
	f("OK/one scope", "acme", []string{"search:read"}, "")
	f("OK/platform", engine.PlatformName, nil, "")
	f("Err/unknown tenant", "nobody", nil, "tenant_not_found")
	f("Err/unknown scope", "acme", []string{"a:b"}, "invalid_scope")
	f("Err/scope of the platform", "acme", []string{"platform:admin"}, "scope_not_held")
}

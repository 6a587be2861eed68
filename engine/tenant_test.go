package engine_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quintet/engine"
)

func TestTenants(t *testing.T) {
	dir := t.TempDir()
	e := open(t, small(engine.Options{Dir: dir}))
	nothing := func(*engine.Tx) error { return nil }
	f := func(name, tenant string, apply func(*engine.Tx) error, wantCode string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			_, err := e.Tenants.Create(background, tenant, apply)
			code := ""
			if own, ok := errors.AsType[*engine.Error](err); ok {
				code = own.Code
			}
			if code != wantCode || (err == nil) != (wantCode == "") {
				t.Errorf("error %v; want code %q", err, wantCode)
			}
		})
	}
	f("OK", "acme", func(tx *engine.Tx) error { tx.Put(things, []byte("k"), []byte("v")); return nil }, "")
	f("OK/63 characters", strings.Repeat("a", 63), nothing, "")
	f("Err/taken", "acme", nothing, "tenant_exists")
	f("Err/empty", "", nothing, "invalid_name")
	f("Err/upper case", "Acme", nothing, "invalid_name")
	f("Err/underscore", "a_b", nothing, "invalid_name")
	f("Err/platform", engine.PlatformName, nothing, "invalid_name")
	f("Err/64 characters", strings.Repeat("a", 64), nothing, "invalid_name")
	f("Err/apply fails", "other", func(*engine.Tx) error { return engine.Errorf(engine.Invalid, "own", "no") }, "own")
	if _, err := e.Tenants.Lookup("other"); !errors.Is(err, engine.ErrTenantGone) {
		t.Errorf("a refused creation left a tenant: %v", err)
	}
	f("OK/after a refused creation", "other", nothing, "")

	acme, err := e.Tenants.Lookup("acme")
	if err != nil || dump(t, e, acme, things) != "k=v" {
		t.Fatalf("what apply wrote is missing: %v", err)
	}
	if names := len(e.Tenants.List()); names != 3 {
		t.Errorf("%d tenants; want 3", names)
	}
}

func TestTenantDelete(t *testing.T) {
	dir := t.TempDir()
	e, acme, blob := filled(t, dir)
	other := tenant(t, e, "other")
	update(t, e, other, func(tx *engine.Tx) { tx.Put(things, []byte("k"), []byte("other's")) })
	err := e.Tenants.Delete(background, acme, func(tx *engine.Tx) error {
		tx.Put(marks, []byte("audit"), []byte("acme deleted"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Store.Update(background, acme, func(*engine.Tx) error { return nil }); !errors.Is(err, engine.ErrTenantGone) {
		t.Errorf("the old handle still writes: %v", err)
	}
	if _, err := e.Blobs.Open(background, acme, blob); !errors.Is(err, engine.ErrTenantGone) {
		t.Errorf("the old handle still reads blobs: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "blobs", blob.String())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the blob's file: %v; want it gone", err)
	}
	if got := events(t, e); len(got) != 0 {
		t.Errorf("events of a deleted tenant are read: %q", got)
	}
	if got := dump(t, e, e.Tenants.Platform(), marks); got != "audit=acme deleted" {
		t.Errorf("what apply wrote: %q", got)
	}
	again := tenant(t, e, "acme")
	if again.UID() == acme.UID() {
		t.Error("a uid was reused")
	}
	if got := dump(t, e, again, things); got != "" {
		t.Errorf("a new tenant of the same name sees %q", got)
	}
	if got := dump(t, e, other, things); got != "k=other's" {
		t.Errorf("another tenant holds %q", got)
	}
	if problems, err := e.Check(background, quiet); err != nil || len(problems) > 0 {
		t.Errorf("check: %v, %v", problems, err)
	}
	if err := e.Tenants.Delete(background, e.Tenants.Platform(), func(*engine.Tx) error { return nil }); engine.KindOf(err) != engine.Invalid {
		t.Errorf("deleting the platform: %v", err)
	}
}

func TestKeyring(t *testing.T) {
	master := []byte("a master key of some length, 32+")
	reopen := func(dir string, master []byte) error {
		e, err := engine.Open(background, small(engine.Options{Dir: dir, MasterKey: master}))
		if err == nil {
			err = e.Close()
		}
		return err
	}
	f := func(name string, made, opened []byte, change func(dir string), want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			e := open(t, small(engine.Options{Dir: dir, MasterKey: made}))
			tenant(t, e, "acme")
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			change(dir)
			err := reopen(dir, opened)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("error %v; want %q", err, want)
			}
		})
	}
	none := func(string) {}
	keyring := func(dir string) string { return filepath.Join(dir, "keyring") }
	f("OK/plain", nil, nil, none, "")
	f("OK/master key", master, master, none, "")
	f("OK/left-over temporary file", nil, nil, func(dir string) { must(t, os.WriteFile(keyring(dir)+".tmp", []byte("x"), 0o600)) }, "")
	f("Err/master key missing", master, nil, none, "--master-key")
	f("Err/master key not in use", nil, master, none, "not protected")
	f("Err/another master key", master, bytes.ToUpper(master), none, "does not open the keyring")
	f("Err/keyring lost", nil, nil, func(dir string) { must(t, os.Remove(keyring(dir))) }, "no keyring")
	f("Err/bit flipped", nil, nil, func(dir string) { change(t, keyring(dir), func(b []byte) []byte { b[30] ^= 4; return b }) }, "checksum")
	f("Err/cut", nil, nil, func(dir string) { change(t, keyring(dir), func(b []byte) []byte { return b[:len(b)-1] }) }, "damaged")
	f("Err/newer version", nil, nil, func(dir string) { change(t, keyring(dir), func(b []byte) []byte { b[8]++; return b }) }, "newer release")
	f("Err/newer format", nil, nil, func(dir string) { must(t, os.WriteFile(filepath.Join(dir, "format"), []byte("quintet 2\n"), 0o600)) }, "newer release")
	f("Err/format unreadable", nil, nil, func(dir string) { must(t, os.WriteFile(filepath.Join(dir, "format"), []byte("?"), 0o600)) }, "damaged")
}

// An old keyring beside a newer store would lose the tenants made since.
func TestKeyringOlderThanStore(t *testing.T) {
	dir := t.TempDir()
	e := open(t, small(engine.Options{Dir: dir}))
	tenant(t, e, "first")
	old, err := os.ReadFile(filepath.Join(dir, "keyring"))
	must(t, err)
	tenant(t, e, "second")
	must(t, e.Close())
	must(t, os.WriteFile(filepath.Join(dir, "keyring"), old, 0o600))
	if _, err := engine.Open(background, small(engine.Options{Dir: dir})); err == nil || !strings.Contains(err.Error(), "older than the store") {
		t.Errorf("error %v; want a keyring older than the store", err)
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func change(tb testing.TB, file string, fn func([]byte) []byte) {
	tb.Helper()
	data, err := os.ReadFile(file)
	must(tb, err)
	must(tb, os.WriteFile(file, fn(data), 0o600))
}

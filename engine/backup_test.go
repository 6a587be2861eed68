package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quintet/engine"
)

func quiet(string, int64, int64) {}

// filled returns a folder with something of everything in it, closed.
func filled(t *testing.T, dir string) (e *engine.Engine, acme engine.Tenant, blob engine.BlobName) {
	t.Helper()
	e = open(t, small(engine.Options{Dir: dir}))
	acme = tenant(t, e, "acme")
	update(t, e, acme, func(tx *engine.Tx) { tx.Put(things, []byte("k"), []byte("v")) })
	blob, err := e.Blobs.Put(background, acme, bytes.NewReader(bytes.Repeat([]byte("blob"), 400_000)))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Store.Update(background, acme, func(tx *engine.Tx) error { return e.Blobs.Reference(tx, blob) }); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		appendEvent(t, e, acme, fmt.Sprintf("event %d", i))
	}
	return e, acme, blob
}

// small keeps the files of a test folder small.
func small(o engine.Options) engine.Options {
	o.SegmentBytes, o.Reserve = 64<<10, 64<<10
	return o
}

func appendEvent(t *testing.T, e *engine.Engine, tenant engine.Tenant, data string) uint64 {
	t.Helper()
	r, err := e.Events.Append(background, tenant, engine.EventBatch{Stream: engine.ID{1}, Count: 1, Data: []byte(data)})
	if err != nil {
		t.Fatal(err)
	}
	return r.Offset
}

func events(t *testing.T, e *engine.Engine) (data []string) {
	t.Helper()
	_, err := e.Events.Read(background, e.Events.First(), func(r engine.EventRecord) error {
		data = append(data, string(r.Data))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func content(t *testing.T, e *engine.Engine, tenant engine.Tenant, name engine.BlobName) string {
	t.Helper()
	r, err := e.Blobs.Open(background, tenant, name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestBackup(t *testing.T) {
	e, acme, blob := filled(t, "")
	var archive bytes.Buffer
	if err := e.Backup(background, &archive, quiet); err != nil {
		t.Fatal(err)
	}
	// What comes after the backup is not in it, and its numbers never return.
	var seq uint64
	update(t, e, acme, func(tx *engine.Tx) { seq = tx.Seq(); tx.Put(things, []byte("later"), nil) })
	offset := appendEvent(t, e, acme, "later")

	t.Run("OK", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "restored")
		if err := engine.Restore(background, dir, bytes.NewReader(archive.Bytes()), quiet); err != nil {
			t.Fatal(err)
		}
		for round := range 2 { // the second opening finds nothing left to do
			r := open(t, small(engine.Options{Dir: dir}))
			acme, err := r.Tenants.Lookup("acme")
			if err != nil {
				t.Fatal(err)
			}
			if got := dump(t, r, acme, things); got != "k=v" {
				t.Errorf("the store holds %q", got)
			}
			if got := content(t, r, acme, blob); got != strings.Repeat("blob", 400_000) {
				t.Errorf("the blob has %d bytes", len(got))
			}
			if got := strings.Join(events(t, r), ","); !strings.HasPrefix(got, "event 0,") || strings.Contains(got, "later") {
				t.Errorf("events %q", got)
			}
			update(t, r, acme, func(tx *engine.Tx) {
				if tx.Seq() < seq+1<<39 || tx.Seq() > seq+1<<41 {
					t.Errorf("round %d: commit number %d; want about 2^40 beyond %d", round, tx.Seq(), seq)
				}
			})
			if got := r.Events.Next(acme, engine.ID{1}); got < offset+1<<39 || got > offset+1<<41 {
				t.Errorf("round %d: next offset %d; want about 2^40 beyond %d", round, got, offset)
			}
			if problems, err := r.Check(background, quiet); err != nil || len(problems) > 0 {
				t.Errorf("check: %v, %v", problems, err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
	f := func(name string, damage func(tar []byte) []byte, want string) {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "restored")
			err := engine.Restore(background, dir, bytes.NewReader(damage(bytes.Clone(archive.Bytes()))), quiet)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("restore: %v; want %q", err, want)
			}
			if _, err := engine.Open(background, small(engine.Options{Dir: dir})); err == nil || !strings.Contains(err.Error(), "restore again") {
				t.Errorf("open: %v; a half-restored folder must be refused", err)
			}
			if err := engine.Restore(background, dir, bytes.NewReader(archive.Bytes()), quiet); err != nil {
				t.Errorf("a whole backup after it: %v", err)
			}
			if err := open(t, small(engine.Options{Dir: dir})).Close(); err != nil {
				t.Error(err)
			}
		})
	}
	f("Err/cut in the middle", func(b []byte) []byte { return b[:len(b)/2] }, "whole backup")
	f("Err/without its manifest", func(b []byte) []byte { return b[:bytes.LastIndex(b, []byte("manifest.json"))] }, "not complete")
	f("Err/one bit flipped", func(b []byte) []byte { b[bytes.Index(b, []byte("QKEYRING"))+40] ^= 1; return b }, "keyring is not what was backed up")
	f("Err/something else", func(b []byte) []byte { return bytes.Replace(b, []byte("keyring\x00"), []byte("../etc/\x00"), 1) }, "")
}

func TestRestoreRefusesAFolderInUse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := engine.Restore(background, dir, strings.NewReader(""), quiet)
	if err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("restore: %v", err)
	}
}

// TestFailedRestoreRemovesItsOwn leaves what somebody else put into the folder
// meanwhile, and the mark by which a start refuses it.
func TestFailedRestoreRemovesItsOwn(t *testing.T) {
	e, _, _ := filled(t, "")
	var archive bytes.Buffer
	if err := e.Backup(background, &archive, quiet); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	mine := []string{filepath.Join(dir, "mine"), filepath.Join(dir, "log", "mine"), filepath.Join(dir, "store.db")}
	put := func(string, int64, int64) {
		for _, name := range mine {
			if err := os.WriteFile(name, []byte("mine"), 0o600); err != nil {
				t.Error(err)
			}
		}
		mine = mine[:0]
	}
	want := slices.Clone(mine)
	err := engine.Restore(background, dir, bytes.NewReader(archive.Bytes()), put)
	if err == nil || !strings.Contains(err.Error(), "store.db") {
		t.Errorf("restore over a foreign store: %v", err)
	}
	for _, name := range want {
		if data, err := os.ReadFile(name); err != nil || string(data) != "mine" {
			t.Errorf("%s holds %q, %v", name, data, err)
		}
	}
	var left []string
	for _, sub := range []string{"", "log", "blobs"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			t.Error(err)
		}
		for _, e := range entries {
			left = append(left, e.Name())
		}
	}
	if got := strings.Join(left, " "); got != "blobs log mine restoring store.db mine" {
		t.Errorf("the folder holds %q", got)
	}
	err = engine.Restore(background, dir, bytes.NewReader(archive.Bytes()), quiet)
	if err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("restore into a folder with foreign files: %v", err)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	e, _, blob := filled(t, dir)
	if problems, err := e.Check(background, quiet); err != nil || len(problems) > 0 {
		t.Fatalf("a sound folder: %v, %v", problems, err)
	}
	e.AddCheck(engine.Checker{Name: "own", Check: func(_ context.Context, v *engine.View, report func(string)) error {
		report("a thing is wrong")
		return nil
	}})
	file := filepath.Join(dir, "blobs", blob.String())
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[1<<20] ^= 1
	if err := errors.Join(os.WriteFile(file, data, 0o600), os.WriteFile(filepath.Join(dir, "blobs", "stray"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	problems, err := e.Check(background, quiet)
	got := strings.Join(problems, "\n")
	for _, want := range []string{"own: a thing is wrong", blob.String() + " is damaged at byte 8", "blobs/stray belongs to nothing"} {
		if !strings.Contains(got, want) {
			t.Errorf("check says %q, %v; want %q in it", got, err, want)
		}
	}
}

package engine_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"quintet/engine"
	"quintet/engine/disk"
	"quintet/engine/enginetest"
)

// TestShredding reads the disk with no code of the engine, by FORMAT.md alone:
// after a tenant's deletion its key is nowhere, so no copy of store, log or
// blobs can be opened.
func TestShredding(t *testing.T) {
	dir, old := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "old")
	o := engine.Options{Dir: dir, SegmentBytes: 64 << 10, Reserve: 4 << 10}
	e := open(t, o)
	gone, kept := endow(t, e, tenant(t, e, "gone")), endow(t, e, tenant(t, e, "kept"))
	if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := e.Tenants.Delete(background, gone.tenant, func(*engine.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	uid := gone.tenant.UID()
	if before, after := openable(t, old, old, uid), openable(t, old, dir, uid); before == 0 || after != 0 {
		t.Errorf("of the old copy %d values and chunks open under the old keyring and %d under the new one", before, after)
	}
	if n := openable(t, old, dir, kept.tenant.UID()); n == 0 {
		t.Error("nothing of the other tenant opens: this test proves nothing")
	}
	if grep(t, filepath.Join(dir, "blobs"), gone.blob.String()) != "" {
		t.Error("the blob's file is still there")
	}
	demandPossessions(t, e, kept)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	t.Run("OKOldLogAndBlobs", func(t *testing.T) {
		mixed := filepath.Join(t.TempDir(), "mixed")
		assemble(t, mixed, map[string]string{"log": old, "blobs": old, "store.db": dir, "keyring": dir, "format": dir})
		e := open(t, engine.Options{Dir: mixed, SegmentBytes: 64 << 10, Reserve: 4 << 10})
		demandPossessions(t, e, kept)
		if _, err := e.Tenants.Lookup("gone"); !errors.Is(err, engine.ErrTenantGone) {
			t.Errorf("the deleted tenant: %v", err)
		}
	})
	t.Run("ErrOldStore", func(t *testing.T) {
		mixed := filepath.Join(t.TempDir(), "mixed")
		assemble(t, mixed, map[string]string{"log": old, "blobs": old, "store.db": old, "keyring": dir, "format": dir})
		_, err := engine.Open(background, engine.Options{Dir: mixed, SegmentBytes: 64 << 10, Reserve: 4 << 10})
		if err == nil || !strings.Contains(err.Error(), `"gone"`) {
			t.Errorf("open beside an older store: %v", err)
		}
	})
}

// assemble makes a data folder of files and folders of others.
func assemble(t *testing.T, dir string, parts map[string]string) {
	t.Helper()
	for name, from := range parts {
		from := filepath.Join(from, name)
		info, err := os.Stat(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			err = os.CopyFS(filepath.Join(dir, name), os.DirFS(from))
		} else {
			var data []byte
			if data, err = os.ReadFile(from); err == nil {
				err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// openable counts the values and first chunks of blobs of a tenant in the
// folder dir that open under any key of the keyring in ringDir.
func openable(t *testing.T, dir, ringDir string, uid engine.UID) (n int) {
	t.Helper()
	keys := readKeyring(t, filepath.Join(ringDir, "keyring"))
	try := func(sealed []byte, bucket string, key []byte) {
		aad := append(append(uid[:len(uid):len(uid)], byte(len(bucket))), bucket...)
		aad = append(binary.BigEndian.AppendUint16(aad, uint16(len(key))), key...)
		for _, root := range keys {
			nonce := append(make([]byte, 4), sealed[17:25]...)
			if _, err := gcmOf(root, sealed[1:17]).Open(nil, nonce, sealed[25:], aad); err == nil {
				n++
			}
		}
	}
	db, err := bolt.Open(filepath.Join(dir, "store.db"), 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(bucket []byte, b *bolt.Bucket) error {
			return b.ForEach(func(key, sealed []byte) error {
				if bytes.HasPrefix(key, uid[:]) {
					try(sealed, string(bucket), key[len(uid):])
				}
				return nil
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	names, err := disk.OS(dir).List("blobs")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, "blobs", name))
		if err != nil {
			t.Fatal(err)
		}
		key, _ := hex.DecodeString(name)
		key = append(binary.BigEndian.AppendUint64(key, 0), 0) // chunk 0, not the last
		try(data[8:8+1<<20+41], "engine.blobs", key)
	}
	return n
}

func gcmOf(root [32]byte, salt []byte) cipher.AEAD {
	key, err := hkdf.Key(sha256.New, root[:], salt, "quintet seal 1", 32)
	if err != nil {
		panic(err)
	}
	return gcm(key)
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// readKeyring unwraps every key of a keyring without a master key.
func readKeyring(t *testing.T, path string) map[engine.UID][32]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ring, rest := gcm(data[18:50]), data[54:len(data)-32]
	keys := map[engine.UID][32]byte{}
	for range binary.BigEndian.Uint32(data[50:]) {
		key, err := ring.Open(nil, rest[16:28], rest[28:76], rest[:16])
		if err != nil {
			t.Fatal(err)
		}
		keys[engine.UID(rest)] = [32]byte(key)
		rest = rest[76:]
	}
	return keys
}

// TestKillAtEveryStep looks at the folder before each step on the disk and
// after each commit while tenants are made and deleted, as a kill there would
// leave it: the other tenant reads everything, and the half-made or
// half-deleted one is there whole, or gone.
func TestKillAtEveryStep(t *testing.T) {
	s := &stepper{t: t, dir: memory(t), copies: memory(t)}
	defer os.RemoveAll(s.dir)
	defer os.RemoveAll(s.copies)
	e := s.open()
	defer e.Close()
	kept, gone := endow(t, e, tenant(t, e, "kept")), endow(t, e, tenant(t, e, "gone"))
	s.watching = true
	tenant(t, e, "fresh")
	created := len(s.steps)
	if err := e.Tenants.Delete(background, gone.tenant, func(*engine.Tx) error { return nil }); err != nil {
		t.Error(err)
	}
	deleted := len(s.steps)
	tenant(t, e, "gone")
	s.look("end")
	s.watching = false
	for i, step := range s.steps {
		t.Run(fmt.Sprintf("OK%02d", i), func(t *testing.T) {
			o := storeOptions(s.copy(i))
			e := open(t, o)
			demandPossessions(t, e, kept)
			there, err := e.Tenants.Lookup("gone")
			switch {
			case err != nil && i < created:
				t.Errorf("%s: the tenant is gone and nobody deleted it", step)
			case err == nil && there.UID() == gone.tenant.UID():
				demandPossessions(t, e, gone)
			case err == nil && i < deleted:
				t.Errorf("%s: another tenant has its name", step)
			}
			if keys := readKeyring(t, filepath.Join(o.Dir, "keyring")); len(keys) != len(e.Tenants.List())+1 {
				t.Errorf("%s: %d tenants and the platform have %d keys", step, len(e.Tenants.List()), len(keys))
			}
			for _, name := range []string{"fresh", "gone"} {
				if _, err := e.Tenants.Lookup(name); err != nil {
					tenant(t, e, name)
				}
			}
		})
	}
	t.Logf("%d steps: %s", len(s.steps), strings.Join(s.steps, ", "))
}

// stepper copies a data folder at every step.
type stepper struct {
	t           *testing.T
	dir, copies string
	watching    bool
	steps       []string
}

func (s *stepper) copy(i int) string { return filepath.Join(s.copies, fmt.Sprint(i)) }

func (s *stepper) look(step string) {
	if !s.watching {
		return
	}
	if err := os.CopyFS(s.copy(len(s.steps)), os.DirFS(s.dir)); err != nil {
		s.t.Error(err)
	}
	s.steps = append(s.steps, step)
}

// open opens an engine that is looked at before each operation and after each
// commit. The log is left out: another goroutine makes its segments ahead.
func (s *stepper) open() *engine.Engine {
	o := storeOptions(s.dir)
	o.FS = enginetest.Hook(disk.OS(s.dir), func(op, name string) {
		if !strings.HasPrefix(name, "log") {
			s.look(op + " " + name)
		}
	})
	e, err := engine.Open(background, o)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := e.Store.Observe(background, &engine.Observer{
		Name: "copies", Rebuild: func(*engine.View) error { return nil }, Apply: func(engine.Commit) { s.look("commit") },
	}); err != nil {
		s.t.Fatal(err)
	}
	return e
}

package engine_test

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"quintet/engine"
	"quintet/engine/enginetest"
)

// damagedFolder is a small data folder and what it contains.
type damagedFolder struct {
	clean, unclean string // copies after a clean close and of a running engine
	model          map[string]string
}

func newDamagedFolder(t *testing.T) damagedFolder {
	t.Helper()
	d := damagedFolder{clean: filepath.Join(t.TempDir(), "clean"), unclean: filepath.Join(t.TempDir(), "unclean"), model: map[string]string{}}
	e := open(t, storeOptions(d.clean))
	acme := tenant(t, e, "acme")
	for i := range 12 {
		update(t, e, acme, func(tx *engine.Tx) { mutate(tx, i, rand.New(rand.NewPCG(uint64(i), 6))) })
	}
	for _, who := range []engine.Tenant{acme, e.Tenants.Platform()} {
		maps.Copy(d.model, modelOf(t, e, who))
	}
	if err := os.CopyFS(d.unclean, os.DirFS(d.clean)); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return d
}

// with returns a copy of a folder in which one file holds other bytes.
func with(t *testing.T, folder, name string, data []byte) (dir string) {
	t.Helper()
	dir = memory(t)
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func readFile(t *testing.T, parts ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func flip(data []byte, at, bit int) []byte {
	data = bytes.Clone(data)
	data[at] ^= 1 << bit
	return data
}

// refusesFile demands that Open names a damaged file, or a newer format.
func refusesFile(t *testing.T, dir, file, how string) {
	t.Helper()
	e, err := engine.Open(background, storeOptions(dir))
	if err == nil {
		err = errors.Join(errors.New("it opens"), e.Close())
	}
	var corrupt *engine.CorruptError
	if !errors.Is(err, engine.ErrNewerFormat) && (!errors.As(err, &corrupt) || corrupt.File != file) {
		t.Errorf("%s with %s: %v", file, how, err)
	}
}

// TestDamageStore flips bits and cuts the end of the store after a clean and an
// unclean stop. The process must live, and what is read must be what was
// written or a clear error. bbolt has no checksum over a page, so a bit in the
// head of a page or the length of a key can hide values from a reader: that is
// counted here, and `check` and the capabilities' own rules must find it.
func TestDamageStore(t *testing.T) {
	d := newDamagedFolder(t)
	seed := enginetest.Seed()
	for name, folder := range map[string]string{"OKClean": d.clean, "OKUnclean": d.unclean} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 11))
			whole := readFile(t, folder, "store.db")
			used := len(bytes.TrimRight(whole, "\x00"))
			tally := map[string]int{}
			for i := range 160 {
				at, bit := rng.IntN(used), rng.IntN(8)
				if i%3 == 0 { // the head of a page and its first elements
					at = at&^4095 + rng.IntN(96)
				}
				data := flip(whole, min(at, used-1), bit)
				if i%4 == 0 {
					data = whole[:at]
				}
				dir := with(t, folder, "store.db", data)
				outcome := d.read(t, dir)
				tally[outcome]++
				if i%4 == 0 && outcome == "other" {
					t.Errorf("cut at byte %d of %d: values are gone and nobody says so", at, used)
				}
			}
			t.Logf("%v; replay with QUINTET_SEED=%d", tally, seed)
			if tally["refused"] == 0 || tally["unread"] == 0 || tally["whole"] == 0 {
				t.Error("some outcome never came")
			}
		})
	}
}

// read opens a damaged folder and says what came of it.
func (d *damagedFolder) read(t *testing.T, dir string) (outcome string) {
	t.Helper()
	e, err := engine.Open(background, storeOptions(dir))
	var corrupt *engine.CorruptError
	if err != nil {
		if !errors.As(err, &corrupt) || corrupt.File != "store.db" {
			t.Errorf("open: %v", err)
		}
		return "refused"
	}
	defer e.Close() // fails where a page cannot be written
	found := map[string]string{}
	tenants := append(e.Tenants.List(), e.Tenants.Platform())
	for _, who := range tenants {
		err := e.Store.View(background, who, func(v *engine.View) error {
			for _, b := range []engine.Bucket{things, marks} {
				for key, value := range v.Scan(b, nil, nil) {
					found[modelKey(who, b, key)] = string(value)
				}
			}
			return nil
		})
		if err != nil && !errors.As(err, &corrupt) {
			t.Errorf("view: %v", err)
		}
		if err != nil {
			return "unread"
		}
	}
	if !maps.Equal(found, d.model) {
		return "other"
	}
	for _, who := range tenants {
		err := e.Store.Update(background, who, func(tx *engine.Tx) error {
			mutate(tx, 99, rand.New(rand.NewPCG(99, 6)))
			return nil
		})
		if _, known := errors.AsType[*engine.Error](err); err != nil && !known && !errors.As(err, &corrupt) {
			t.Errorf("update: %v", err)
		}
		if err != nil {
			return "unwritten"
		}
	}
	return "whole"
}

// TestDamageStoreGone holds the engine back from destroying every key because
// an empty store knows no tenant.
func TestDamageStoreGone(t *testing.T) {
	d := newDamagedFolder(t)
	refusesFile(t, with(t, d.clean, "store.db", nil), "store.db", "no byte")
	dir := with(t, d.clean, "store.db", nil)
	if err := os.Remove(filepath.Join(dir, "store.db")); err != nil {
		t.Fatal(err)
	}
	refusesFile(t, dir, "store.db", "no file")
	if got := len(readKeyring(t, filepath.Join(dir, "keyring"))); got != 2 {
		t.Errorf("%d keys are left, expected were the platform's and acme's", got)
	}
	dir = with(t, d.clean, "keyring", nil)
	if err := os.Remove(filepath.Join(dir, "keyring")); err != nil {
		t.Fatal(err)
	}
	if e, err := engine.Open(background, storeOptions(dir)); err == nil {
		t.Errorf("a store without its keyring opens: %v", e.Close())
	}
}

func TestDamageKeyring(t *testing.T) {
	d := newDamagedFolder(t)
	whole := readFile(t, d.clean, "keyring")
	for at := range whole {
		refusesFile(t, with(t, d.clean, "keyring", flip(whole, at, at%8)), "keyring", "a flipped bit")
		refusesFile(t, with(t, d.clean, "keyring", whole[:at]), "keyring", "its end cut off")
	}
	refusesFile(t, with(t, d.clean, "keyring", append(bytes.Clone(whole), 0)), "keyring", "a byte more")
}

func TestDamageFormat(t *testing.T) {
	d := newDamagedFolder(t)
	f := func(name, content string, ok bool) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			dir := with(t, d.clean, "format", []byte(content))
			if ok {
				open(t, storeOptions(dir))
			} else {
				refusesFile(t, dir, "format", content)
			}
		})
	}
	f("OK", "quintet 1\n", true)
	f("OKNoNewline", "quintet 1", true)
	f("ErrNewer", "quintet 2\n", false)
	f("ErrMuchNewer", "quintet 10\n", false)
	f("ErrZero", "quintet 0\n", false)
	f("ErrNegative", "quintet -1\n", false)
	f("ErrNoNumber", "quintet \n", false)
	f("ErrEmpty", "", false)
	f("ErrOther", "sqlite 3\n", false)
}

package imaging_test

import (
	"strings"
	"testing"

	"quintet/engine"
	"quintet/imaging"
)

// TestCheck breaks what is stored, in one way at a time, and wants it found.
func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(tx *engine.Tx, id, record []byte)
		want  string
	}{
		"ErrRecord":     {func(tx *engine.Tx, id, r []byte) { tx.Put("imaging.images", id, r[:50]) }, "not of this format"},
		"ErrNoRecord":   {func(tx *engine.Tx, id, _ []byte) { tx.Delete("imaging.images", id) }, "leads to no image"},
		"ErrNoPlace":    {func(tx *engine.Tx, _, r []byte) { tx.Delete("imaging.order", r[37:53]) }, "not in the list"},
		"ErrNoBlob":     {func(tx *engine.Tx, _, r []byte) { tx.Delete("engine.blobs", r[85:]) }, "nothing refers"},
		"ErrBytes":      {spoilt(28), "bytes instead of"},
		"ErrWidth":      {spoilt(16), "its header is"},
		"ErrDigest":     {spoilt(60), "not what its id names"},
		"ErrSigningKey": {func(tx *engine.Tx, _, _ []byte) { tx.Put("imaging.keys", []byte("5f3a9c01"), []byte{2}) }, "signing key 5f3a9c01"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, imaging.Config{})
			img := b.put(drawn(t, 20, 10, 1))
			b.sign(img.ID, "w=9", "1h")
			b.check()
			b.s.Stop(background)
			// Nothing follows the store, as with the command check.
			e := b.engine
			err := e.Store.Update(background, b.acme, func(tx *engine.Tx) error {
				tc.spoil(tx, img.ID[:], tx.Get("imaging.images", img.ID[:]))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			problems, err := e.Check(background, func(string, int64, int64) {})
			if all := strings.Join(problems, "\n"); err != nil || !strings.Contains(all, tc.want) {
				t.Errorf("check finds %q, %v; want %q", problems, err, tc.want)
			}
		})
	}
}

// spoilt changes one byte of a record.
func spoilt(at int) func(tx *engine.Tx, id, record []byte) {
	return func(tx *engine.Tx, id, record []byte) {
		record[at] ^= 1
		tx.Put("imaging.images", id, record)
	}
}

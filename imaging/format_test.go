package imaging_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"testing"
	"time"

	"quintet/engine"
	"quintet/imaging"
)

// TestFormat reads what is stored as FORMAT.md says, byte by byte.
func TestFormat(t *testing.T) {
	b := newBed(t, imaging.Config{})
	data := file(t, "golang-image/gopher-doc.with-alpha.lossless.webp")
	img := b.put(data)
	signed := b.sign(img.ID, "w=9", "1h")

	digest := sha256.Sum256(data)
	id := b.acme.Hash("imaging.image", string(digest[:]))
	if id != img.ID {
		t.Errorf("the id is %s; want %x", img.ID, id)
	}
	order, orderID := b.only("imaging.order")
	if len(order) != 16 || orderID != string(id[:]) || !engine.ID([]byte(order)).Time().Equal(noon) {
		t.Errorf("imaging.order holds %x → %x", order, orderID)
	}
	blob, _ := b.only("engine.blobs")
	colour, err := hex.DecodeString(img.Placeholder[1:])
	if err != nil {
		t.Fatal(err)
	}
	want := "\x01\x04\x01\x01\x20\x40" + string(colour) + four(1) + four(75) + four(100) + eight(uint64(len(data))) + eight(uint64(noon.UnixMilli())) + order + string(digest[:]) + blob
	if key, value := b.only("imaging.images"); key != string(id[:]) || value != want {
		t.Errorf("imaging.images holds %x → %x; want %x", key, value, want)
	}
	kid, key := b.only("imaging.keys")
	if kid != kidOf(t, signed) || len(key) != 41 || key[:9] != "\x01"+eight(uint64(noon.UnixMilli())) {
		t.Errorf("imaging.keys holds %q → %x", kid, key)
	}
}

// only returns the one key of a bucket and its value.
func (b *bed) only(bucket engine.Bucket) (key, value string) {
	b.t.Helper()
	n := 0
	err := b.engine.Store.View(background, b.acme, func(v *engine.View) error {
		for k, val := range v.Scan(bucket, nil, nil) {
			key, value = string(k), string(val)
			n++
		}
		return nil
	})
	if err != nil || n != 1 {
		b.t.Fatalf("%s has %d keys, %v", bucket, n, err)
	}
	return key, value
}

func four(n uint32) string  { return string(binary.BigEndian.AppendUint32(nil, n)) }
func eight(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }

// TestBlobIsCollected holds that the file of a deleted image goes, and that of
// one that was uploaded again stays.
func TestBlobIsCollected(t *testing.T) {
	b := newBed(t, imaging.Config{})
	gone, back := b.put(drawn(t, 9, 9, 1)), b.put(drawn(t, 9, 9, 2))
	for _, id := range []imaging.ID{gone.ID, back.ID} {
		if err := b.s.Delete(background, b.acme, id); err != nil {
			t.Fatal(err)
		}
	}
	b.clock.Advance(9 * time.Minute)
	b.put(drawn(t, 9, 9, 2))
	b.clock.Advance(2 * time.Minute)
	b.put(drawn(t, 9, 9, 3))
	b.reopen()
	b.check()
	if r := b.call("acme", "GET", "/v1/images/"+back.ID.String(), ""); r.status != 200 || r.body != string(drawn(t, 9, 9, 2)) {
		t.Errorf("the one that is back: %d", r.status)
	}
}

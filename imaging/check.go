package imaging

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"quintet/engine"
	"quintet/imaging/pixel"
)

// bucketBlobs is the engine's, see engine/FORMAT.md: the references to a blob
// stand in bytes 8 to 11.
const bucketBlobs engine.Bucket = "engine.blobs"

// check proves that every image has a place in the list and the other way
// round, that its content is whole, is referred to, and has the id and the
// header that the record says. It needs no started images.
func (s *Images) check(ctx context.Context, v *engine.View, report func(string)) error {
	for _, t := range s.engine.Tenants.List() {
		of := v.Of(t)
		places := 0
		for key, value := range of.Scan(bucketOrder, nil, nil) {
			places++
			if r, err := decodeRecord(of.Get(bucketImages, value)); err != nil || string(r.order[:]) != string(key) {
				report(fmt.Sprintf("tenant %s: an entry of the list leads to no image", t.Name()))
			}
		}
		images := 0
		for key, value := range of.Scan(bucketImages, nil, nil) {
			images++
			if err := s.checkImage(ctx, of, t, ID(key), value); err != nil {
				report(fmt.Sprintf("image %x of tenant %s: %v", key, t.Name(), err))
			}
		}
		if images != places {
			report(fmt.Sprintf("tenant %s has %d images and %d in the list", t.Name(), images, places))
		}
		for kid, value := range of.Scan(bucketKeys, nil, nil) {
			if _, err := decodeKey(kid, value); err != nil {
				report(fmt.Sprintf("tenant %s: signing key %s: %v", t.Name(), kid, err))
			}
		}
	}
	return nil
}

func (s *Images) checkImage(ctx context.Context, v *engine.View, t engine.Tenant, id ID, value []byte) error {
	r, err := decodeRecord(value)
	if err != nil {
		return err
	}
	if refs := v.Get(bucketBlobs, r.blob[:]); len(refs) < 12 || binary.BigEndian.Uint32(refs[8:]) == 0 {
		return fmt.Errorf("nothing refers to its content")
	}
	if len(v.Get(bucketOrder, r.order[:])) != len(id) {
		return fmt.Errorf("it is not in the list")
	}
	blob, err := s.engine.Blobs.Open(ctx, t, r.blob)
	if err != nil {
		return err
	}
	defer blob.Close()
	data := make([]byte, r.bytes)
	if blob.Size() != r.bytes {
		return fmt.Errorf("its content has %d bytes instead of %d", blob.Size(), r.bytes)
	}
	if _, err := io.ReadFull(blob, data); err != nil {
		return err
	}
	digest := sha256.Sum256(data)
	if digest != r.digest || idOf(t, digest) != id {
		return fmt.Errorf("its content is not what its id names")
	}
	if h, err := pixel.ReadHeader(data, pixel.Limits{}); err != nil || h != r.header {
		return fmt.Errorf("its header is %+v, %v; stored is %+v", h, err, r.header)
	}
	return nil
}

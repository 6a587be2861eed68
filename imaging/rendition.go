package imaging

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"quintet/engine"
	"quintet/imaging/pixel"
)

// Rendition is what operations made of an image. Its bytes are shared: nobody
// may change them.
type Rendition struct {
	Body   []byte
	Format pixel.Format
	ETag   string
}

// order is a rendition that was asked for and looked up, and not yet made.
type order struct {
	key    renditionKey
	record *record
	etag   string
}

// Rendition returns what the operations make of an image, from memory where it
// is there.
func (s *Images) Rendition(ctx context.Context, t engine.Tenant, id ID, ops Operations) (*Rendition, error) {
	o, err := s.order(ctx, t, id, ops)
	if err != nil {
		return nil, err
	}
	return s.fulfil(ctx, t, o)
}

// order looks an image up and finds out what is to be made of it.
func (s *Images) order(ctx context.Context, t engine.Tenant, id ID, ops Operations) (*order, error) {
	r, err := s.find(ctx, t, id)
	if err != nil {
		return nil, err
	}
	rec, err := ops.of(r.header, s.config.MaxSide)
	if err != nil {
		return nil, err
	}
	return &order{renditionKey{imageKey{t.UID(), id}, rec}, r, rec.etag(r.digest)}, nil
}

// etag names the bytes of a rendition: it is made of everything that they
// depend on, the version of the encoders included.
func (r recipe) etag(digest [32]byte) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%x %d %v", digest, pixel.Version, r))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

func (s *Images) fulfil(ctx context.Context, t engine.Tenant, o *order) (*Rendition, error) {
	r, err := s.cache.do(ctx, o.key, func(ctx context.Context) (*Rendition, error) { return s.make(ctx, t, o) })
	return r, s.refused(err)
}

// make waits for memory, and only then reads the original. It looks again
// whether that is still there: whatever is deleted from now on purges what is
// being made.
func (s *Images) make(ctx context.Context, t engine.Tenant, o *order) (*Rendition, error) {
	rec, h := o.key.recipe, o.record.header
	if _, err := s.find(ctx, t, o.key.image); err != nil {
		return nil, err
	}
	release, err := s.admit(ctx, t, o.record.bytes+h.Bytes()+rec.plan.Bytes())
	if err != nil {
		return nil, err
	}
	defer release()
	began := time.Now()
	data, err := s.read(ctx, t, o.record)
	if err != nil {
		return nil, err
	}
	img, err := pixel.Decode(ctx, data, h)
	if err != nil {
		return nil, refusal(err)
	}
	small, err := pixel.Render(ctx, img, h.Orientation, rec.plan)
	if err != nil {
		return nil, err
	}
	body, err := pixel.Encode(small, rec.format, rec.quality)
	if err != nil {
		return nil, err
	}
	s.metrics.rendition.Observe(time.Since(began).Seconds())
	s.publish(t, "image.rendered", o.key.image)
	return &Rendition{Body: bytes.Clone(body), Format: rec.format, ETag: o.etag}, nil
}

// read returns the whole original.
func (s *Images) read(ctx context.Context, t engine.Tenant, r *record) ([]byte, error) {
	blob, err := s.engine.Blobs.Open(ctx, t, r.blob)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	data := make([]byte, r.bytes)
	if blob.Size() != r.bytes {
		return nil, fmt.Errorf("imaging: a blob has %d bytes instead of %d", blob.Size(), r.bytes)
	}
	_, err = io.ReadFull(blob, data)
	return data, err
}

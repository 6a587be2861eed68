package imaging

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"

	"quintet/engine"
	"quintet/imaging/pixel"
)

// Put keeps an image and returns when it is on disk. The same content again
// is the same image. Errors: what is no image, too large or damaged is refused;
// a server that has too much to do says so before it reads.
func (s *Images) Put(ctx context.Context, t engine.Tenant, file io.Reader) (Image, error) {
	length := int64(-1)
	if known, ok := file.(interface{ Len() int }); ok {
		length = int64(known.Len())
	}
	img, _, err := s.upload(ctx, t, length, func(limit int64) ([]byte, error) { return readBody(file, length, limit) })
	return img, err
}

// upload keeps what read returns, which is length bytes long, or -1 where
// nobody knows. It reads only when there is room for that, and at most limit
// bytes. It reports whether the image is new.
func (s *Images) upload(ctx context.Context, t engine.Tenant, length int64, read func(limit int64) ([]byte, error)) (Image, bool, error) {
	limit := int64(s.config.MaxBytes)
	need := min(length, limit)
	if length < 0 {
		need = limit
	}
	release, err := s.uploads.take(ctx, t, need)
	if err != nil {
		return Image{}, false, s.refused(err)
	}
	defer release()
	data, err := read(limit)
	if err != nil {
		return Image{}, false, err
	}
	img, fresh, err := s.keep(ctx, t, data)
	if err == nil && fresh {
		s.metrics.uploads.Inc()
		s.publish(t, "image.uploaded", img.ID)
	}
	return img, fresh, s.refused(err)
}

// readBody reads a file of length bytes, -1 where nobody knows, up to limit.
// The buffer has its whole size from the beginning: one that grows would be
// there twice.
func readBody(r io.Reader, length, limit int64) ([]byte, error) {
	if length < 0 || length > limit {
		length = limit
	}
	var b bytes.Buffer
	b.Grow(int(length) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(r, limit+1)); err != nil {
		return nil, err
	}
	if int64(b.Len()) > limit {
		return nil, errFileTooLarge(limit)
	}
	return b.Bytes(), nil
}

func errFileTooLarge(limit int64) error {
	return engine.Errorf(engine.TooLarge, "too_large", "an image may have %d bytes", limit)
}

// keep looks at the content, makes it durable and refers to it.
func (s *Images) keep(ctx context.Context, t engine.Tenant, data []byte) (Image, bool, error) {
	digest := sha256.Sum256(data)
	id := idOf(t, digest)
	known, err := s.find(ctx, t, id)
	if err == nil {
		return known.image(id), false, nil
	}
	if !errors.Is(err, errNotFound) {
		return Image{}, false, err
	}
	r := &record{digest: digest, bytes: int64(len(data))}
	if err := s.examine(ctx, t, data, r); err != nil {
		return Image{}, false, err
	}
	r.created, r.order = s.now().UnixMilli(), s.engine.IDs.New()
	for range 2 {
		if r.blob, err = s.engine.Blobs.Put(ctx, t, bytes.NewReader(data)); err != nil {
			return Image{}, false, err
		}
		var stored *record
		stored, err = s.insert(ctx, t, id, r)
		if err == nil {
			return stored.image(id), stored == r, nil
		}
		if !errors.Is(err, engine.ErrBlobGone) { // collected in between: once more
			return Image{}, false, err
		}
	}
	return Image{}, false, err
}

// insert writes the record, and returns it or the one that was faster.
func (s *Images) insert(ctx context.Context, t engine.Tenant, id ID, r *record) (stored *record, err error) {
	err = s.engine.Store.Update(ctx, t, func(tx *engine.Tx) error {
		stored = r
		if value := tx.Get(bucketImages, id[:]); value != nil {
			var err error
			stored, err = decodeRecord(value)
			return err
		}
		if err := s.engine.Blobs.Reference(tx, r.blob); err != nil {
			return err
		}
		tx.Put(bucketImages, id[:], r.encode())
		tx.Put(bucketOrder, r.order[:], id[:])
		return nil
	})
	return stored, err
}

// examine reads the header, and then decodes the whole image once.
func (s *Images) examine(ctx context.Context, t engine.Tenant, data []byte, r *record) (err error) {
	if r.header, err = pixel.ReadHeader(data, pixel.Limits{Pixels: int64(s.config.MaxPixels)}); err != nil {
		return refusal(err)
	}
	dot := pixel.NewPlan(r.header, pixel.Fill, 1, 1, 1)
	release, err := s.admit(ctx, t, r.header.Bytes()+dot.Bytes())
	if err != nil {
		return err
	}
	defer release()
	img, err := pixel.Decode(ctx, data, r.header)
	if err != nil {
		return refusal(err)
	}
	small, err := pixel.Render(ctx, img, r.header.Orientation, dot)
	if err != nil {
		return err
	}
	pixel.Flatten(small)
	copy(r.colour[:], small.Pix)
	return nil
}

// admit waits for the memory that some work needs.
func (s *Images) admit(ctx context.Context, t engine.Tenant, need int64) (release func(), err error) {
	if need > s.work.total {
		return nil, engine.Errorf(engine.Invalid, "image_too_large", "this needs %d bytes of memory, and %d may be used; ask for less, send a smaller image, or raise the setting imaging.memory", need, s.work.total)
	}
	return s.work.take(ctx, t, need)
}

// refused counts what was sent away.
func (s *Images) refused(err error) error {
	switch {
	case errors.Is(err, errBusy), errors.Is(err, errTenantBusy):
		s.metrics.refused.WithLabelValues("busy").Inc()
	case err != nil && engine.KindOf(err) == engine.Invalid:
		s.metrics.refused.WithLabelValues("invalid").Inc()
	}
	return err
}

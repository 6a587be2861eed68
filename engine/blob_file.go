package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"quintet/engine/disk"
)

// A blob's file is 8 bytes of magic and then its chunks, each sealed like a
// value. All but the last hold 1 MiB, so chunk i begins at a known place. The
// chunk's number and whether it is the last are in its AAD: a file that is
// cut, continued or reordered does not open.
const (
	blobMagic = "QBLOB\x00\x00\x01"
	chunkSize = 1 << 20
	chunkStep = chunkSize + sealOverhead
)

// sealChunks reads content to its end and writes the file.
func sealChunks(f disk.File, s *sealer, t Tenant, name BlobName, content io.Reader) error {
	if _, err := f.WriteAt([]byte(blobMagic), 0); err != nil {
		return err
	}
	var sealed []byte
	var following []byte // of a second chunk, if there is one
	chunk := make([]byte, chunkSize)
	n, err := io.ReadFull(content, chunk)
	for i := int64(0); ; i++ {
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		m, last := 0, n < chunkSize
		if !last {
			if following == nil {
				following = make([]byte, chunkSize)
			}
			m, err = io.ReadFull(content, following)
			last = m == 0 && err == io.EOF
		}
		sealed = s.seal(sealed[:0], t.t.keys, chunk[:n], chunkAAD(t.UID(), name, i, last))
		if _, err := f.WriteAt(sealed, int64(len(blobMagic))+i*chunkStep); err != nil {
			return err
		}
		if last {
			return nil
		}
		chunk, following, n = following, chunk, m
	}
}

func chunkAAD(uid UID, name BlobName, i int64, last bool) []byte {
	key := binary.BigEndian.AppendUint64(name[:len(name):len(name)], uint64(i))
	if last {
		key = append(key, 1)
	} else {
		key = append(key, 0)
	}
	return appendAAD(nil, uid, bucketBlobs, key)
}

// BlobReader reads one blob. It is not safe for concurrent use.
type BlobReader struct {
	f      disk.File
	seal   *sealer
	tenant Tenant
	name   BlobName
	size   int64
	at     int64
	number int64  // of the chunk that is open, -1 = none
	chunk  []byte // plain
	sealed []byte
}

var _ io.ReadSeekCloser = (*BlobReader)(nil)

// Open returns a reader of the blob's content, which the caller closes.
// Errors: ErrBlobGone; a *CorruptError here and from Read.
func (b *Blobs) Open(ctx context.Context, t Tenant, name BlobName) (*BlobReader, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	return openBlob(b.fs, b.store.seal, t, name)
}

func openBlob(files disk.FS, s *sealer, t Tenant, name BlobName) (*BlobReader, error) {
	f, err := files.Open(blobPath(name), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrBlobGone
	}
	if err != nil {
		return nil, err
	}
	r := &BlobReader{f: f, seal: s, tenant: t, name: name, number: -1}
	size, err := f.Size()
	if err == nil {
		err = r.measure(size)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

// measure derives the content's size from the file's and checks the magic.
func (r *BlobReader) measure(size int64) error {
	magic := make([]byte, len(blobMagic))
	if _, err := r.f.ReadAt(magic, 0); err != nil || string(magic) != blobMagic {
		return r.corrupt(0, "it does not begin like a blob")
	}
	sealed := size - int64(len(blobMagic))
	chunks := (sealed + chunkStep - 1) / chunkStep
	if chunks == 0 || sealed-(chunks-1)*chunkStep < sealOverhead {
		return r.corrupt(size, "the last chunk is cut off")
	}
	r.size = sealed - chunks*sealOverhead
	return nil
}

// Size returns the content's length in bytes.
func (r *BlobReader) Size() int64 { return r.size }

// Read reads on from the current place.
func (r *BlobReader) Read(p []byte) (int, error) {
	if r.at > r.size || r.at == r.size && r.size > 0 { // an empty blob has a chunk to verify
		return 0, io.EOF
	}
	number := r.at / chunkSize
	if number != r.number {
		if err := r.load(number); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.chunk[r.at-number*chunkSize:])
	r.at += int64(n)
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (r *BlobReader) load(number int64) error {
	from := number * chunkStep
	length := int64(chunkStep)
	last := (number+1)*chunkSize >= r.size
	if last {
		length = r.size - number*chunkSize + sealOverhead
	}
	if int64(cap(r.sealed)) < length {
		r.sealed = make([]byte, length)
	}
	place := int64(len(blobMagic)) + from
	r.number = -1 // whatever fails below has spoilt the chunk that was open
	if _, err := r.f.ReadAt(r.sealed[:length], place); err != nil {
		return fmt.Errorf("read a blob: %w", err)
	}
	chunk, err := r.seal.open(r.chunk[:0], r.tenant.t.keys, r.sealed[:length], chunkAAD(r.tenant.UID(), r.name, number, last))
	if err != nil {
		return r.corrupt(place, err.Error())
	}
	r.chunk, r.number = chunk, number
	return nil
}

// Seek moves the current place, as io.Seeker says.
func (r *BlobReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the start of a blob")
	}
	r.at = offset
	return offset, nil
}

// Close closes the file.
func (r *BlobReader) Close() error { return r.f.Close() }

func (r *BlobReader) corrupt(offset int64, reason string) error {
	return &CorruptError{File: blobPath(r.name), Offset: offset, Reason: reason}
}

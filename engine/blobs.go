package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"quintet/engine/disk"
)

// Buckets of the tenant's blobs.
const (
	bucketBlobs   Bucket = "engine.blobs"        // name → blobRecord
	bucketOrphans Bucket = "engine.blob_orphans" // since when, name → nothing
)

// orphanAge is how long a blob without references stays: the time from Put to
// the Update that refers to it.
const orphanAge = 10 * time.Minute

// BlobName names content within its tenant: HMAC-SHA256 under the tenant's
// key, so that equal content has one file and two tenants never share one.
type BlobName [32]byte

// String gives 64 hexadecimal digits, the name of the file.
func (n BlobName) String() string { return hex.EncodeToString(n[:]) }

// ErrBlobGone means that there is no such blob, or no longer; Put it again.
var ErrBlobGone = &Error{Kind: NotFound, Code: "blob_not_found", Detail: "there is no such content"}

// Blobs keeps values of more than 64 KiB in files of their own, sealed in
// chunks of 1 MiB. A blob lives while something refers to it. Safe for
// concurrent use.
type Blobs struct {
	fs      disk.FS
	store   *store
	clock   Clock
	tenants *Tenants

	turns   Turns[BlobName] // Put and collect of one name
	holding sync.RWMutex    // collecting against backup
}

// blobRecord is 20 bytes: size, references, Unix milliseconds since when
// there are none; big-endian.
type blobRecord struct {
	size  uint64
	refs  uint32
	since int64
}

func (r blobRecord) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, r.size)
	b = binary.BigEndian.AppendUint32(b, r.refs)
	return binary.BigEndian.AppendUint64(b, uint64(r.since))
}

func decodeBlobRecord(b []byte) (r blobRecord, ok bool) {
	if len(b) != 20 {
		return r, false
	}
	return blobRecord{binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:]), int64(binary.BigEndian.Uint64(b[12:]))}, true
}

func orphanKey(since int64, name BlobName) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(since)), name[:]...)
}

// Put makes content durable and returns its name. Nothing refers to it yet:
// it stays for 10 minutes, until Reference has run. The content is read twice.
func (b *Blobs) Put(ctx context.Context, t Tenant, content io.ReadSeeker) (BlobName, error) {
	if err := t.check(); err != nil {
		return BlobName{}, err
	}
	name, size, err := nameOf(t, content)
	if err != nil {
		return name, err
	}
	release, err := b.turns.Take(ctx, name)
	if err != nil {
		return name, err
	}
	defer release()
	fresh := !b.exists(name)
	if fresh {
		if b.store.full.Load() {
			return name, ErrFull
		}
		if _, err := content.Seek(0, io.SeekStart); err != nil {
			return name, err
		}
		if err := b.write(t, name, content); err != nil {
			return name, err
		}
	}
	now := b.clock.Now().UnixMilli()
	err = b.store.Update(ctx, t, func(tx *Tx) error {
		r, known := decodeBlobRecord(tx.Get(bucketBlobs, name[:]))
		if r.refs > 0 {
			return nil
		}
		if known {
			tx.Delete(bucketOrphans, orphanKey(r.since, name))
		}
		tx.Put(bucketBlobs, name[:], blobRecord{size: size, since: now}.encode())
		tx.Put(bucketOrphans, orphanKey(now, name), nil)
		return nil
	})
	// After a poisoned commit the record may be on disk; the next start looks.
	if err != nil && fresh && !errors.Is(err, ErrPoisoned) {
		err = errors.Join(err, b.fs.Remove(blobPath(name)))
	}
	return name, err
}

func nameOf(t Tenant, content io.ReadSeeker) (name BlobName, size uint64, err error) {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return name, 0, err
	}
	mac := hmac.New(sha256.New, t.t.keys.derive(nil, "quintet blob 1"))
	n, err := io.Copy(mac, content)
	if err != nil {
		return name, 0, err
	}
	copy(name[:], mac.Sum(nil))
	return name, uint64(n), nil
}

// Reference adds a reference to a blob, within the update that needs it. It
// returns ErrBlobGone where the blob has been collected.
func (b *Blobs) Reference(tx *Tx, name BlobName) error {
	r, ok := decodeBlobRecord(tx.Get(bucketBlobs, name[:]))
	if !ok {
		return ErrBlobGone
	}
	if r.refs == 0 {
		tx.Delete(bucketOrphans, orphanKey(r.since, name))
	}
	r.refs++
	tx.Put(bucketBlobs, name[:], r.encode())
	return nil
}

// Release takes a reference back. Without any, the blob is removed 10 minutes
// after now.
func (b *Blobs) Release(tx *Tx, name BlobName, now time.Time) error {
	r, ok := decodeBlobRecord(tx.Get(bucketBlobs, name[:]))
	if !ok || r.refs == 0 {
		return ErrBlobGone
	}
	if r.refs--; r.refs == 0 {
		r.since = now.UnixMilli()
		tx.Put(bucketOrphans, orphanKey(r.since, name), nil)
	}
	tx.Put(bucketBlobs, name[:], r.encode())
	return nil
}

func blobPath(name BlobName) string { return path.Join(blobFolder, name.String()) }

func (b *Blobs) exists(name BlobName) bool {
	f, err := b.fs.Open(blobPath(name), 0)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// write makes the file durable under its name: temporary file, sync, rename,
// sync of the folder.
func (b *Blobs) write(t Tenant, name BlobName, content io.Reader) (err error) {
	temp := blobPath(name) + ".tmp"
	f, err := b.fs.Open(temp, os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return b.failed(err)
	}
	err = sealChunks(f, b.store.seal, t, name, content)
	if err == nil {
		if err = f.Sync(); err != nil {
			b.store.poisonWith(err)
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(b.failed(err), b.fs.Remove(temp))
	}
	if err := b.fs.Rename(temp, blobPath(name)); err != nil {
		return errors.Join(b.failed(err), b.fs.Remove(temp))
	}
	if err := b.fs.SyncDir(blobFolder); err != nil {
		b.store.poisonWith(err) // the file is there, and may be gone after a power cut
		return b.store.failed()
	}
	return nil
}

func (b *Blobs) failed(err error) error {
	if disk.IsFull(err) {
		return ErrFull.With(err)
	}
	return fmt.Errorf("write a blob: %w", err)
}

// collect removes the blobs of t that nothing has referred to for 10 minutes.
func (b *Blobs) collect(ctx context.Context, t Tenant) error {
	b.holding.RLock()
	defer b.holding.RUnlock()
	limit := b.clock.Now().Add(-orphanAge).UnixMilli()
	var names []BlobName
	err := b.store.View(ctx, t, func(v *View) error {
		for key := range v.Keys(bucketOrphans, nil, orphanKey(limit, BlobName{})) {
			names = append(names, BlobName(key[8:]))
			if len(names) == 1000 {
				break // the rest in the next round
			}
		}
		return nil
	})
	for _, name := range names {
		err = errors.Join(err, b.remove(ctx, t, name, limit))
	}
	return err
}

func (b *Blobs) remove(ctx context.Context, t Tenant, name BlobName, limit int64) error {
	release, err := b.turns.Take(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	removed := false
	err = b.store.Update(ctx, t, func(tx *Tx) error {
		r, ok := decodeBlobRecord(tx.Get(bucketBlobs, name[:]))
		removed = ok && r.refs == 0 && r.since < limit
		if removed {
			tx.Delete(bucketBlobs, name[:])
			tx.Delete(bucketOrphans, orphanKey(r.since, name))
		}
		return nil
	}, Reclaim)
	if err != nil || !removed {
		return err
	}
	return b.fs.Remove(blobPath(name))
}

// removeTenant removes the files of a tenant whose records are about to be swept.
func (b *Blobs) removeTenant(ctx context.Context, t Tenant) error {
	var names []BlobName
	err := b.store.exemptView(ctx, t, func(v *View) error {
		for key := range v.Keys(bucketBlobs, nil, nil) {
			names = append(names, BlobName(key))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := b.fs.Remove(blobPath(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// start removes files without a record, which only a crash leaves.
func (b *Blobs) start(ctx context.Context, ts *Tenants, unclean bool) error {
	b.tenants = ts
	if unclean {
		if err := b.sweepFiles(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *Blobs) sweepFiles(ctx context.Context) error {
	known := map[string]bool{}
	for _, t := range append(b.tenants.List(), b.tenants.Platform()) {
		err := b.store.exemptView(ctx, t, func(v *View) error {
			for key := range v.Keys(bucketBlobs, nil, nil) {
				known[hex.EncodeToString(key)] = true
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	files, err := b.fs.List(blobFolder)
	if err != nil {
		return err
	}
	for _, name := range files {
		if !known[name] {
			if err := b.fs.Remove(path.Join(blobFolder, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

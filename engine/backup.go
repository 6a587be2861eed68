package engine

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"quintet/engine/disk"
	"quintet/engine/log"
)

// A backup is a tar of the data folder: format, keyring, store.db, log/…,
// blobs/…, and last manifest.json with the SHA-256 of each. Everything in it
// is sealed but the keyring, which opens all the rest: keep it as you would
// keep the keys themselves.
const manifestFile = "manifest.json"

// paxLength is the record of a file's header that tells its length where the
// backup leaves out the zeros at its end: a log segment is made longer than
// what it holds.
const paxLength = "QUINTET.length"

// Manifest is the last file of a backup.
type Manifest struct {
	Format int               `json:"format"`
	Time   time.Time         `json:"time"`
	Files  map[string]string `json:"files"` // name → SHA-256 in hex
}

// Backup writes a consistent copy of everything while the engine is in use.
// The log and the blobs are copied after the store's snapshot, so that all
// that the store refers to is there.
func (e *Engine) Backup(ctx context.Context, w io.Writer, progress Progress) error {
	e.Tenants.changing.Lock() // the keyring must fit the store
	defer e.Tenants.changing.Unlock()
	e.Blobs.holding.Lock()
	defer e.Blobs.holding.Unlock()
	release := e.Events.log.Hold()
	defer release()

	a := &archive{tar: tar.NewWriter(w), progress: progress, ctx: ctx,
		manifest: Manifest{Format: formatNumber, Time: e.Clock.Now().UTC(), Files: map[string]string{}}}
	for _, name := range []string{formatFile, keyringFile} {
		if err := a.copyFile(e.options.FS, log.Part{Name: name}); err != nil {
			return err
		}
	}
	if err := e.backupStore(a); err != nil {
		return err
	}
	for _, part := range e.Events.log.Snapshot() {
		if err := a.copyFile(e.options.FS, part); err != nil {
			return err
		}
	}
	blobs, err := e.options.FS.List(blobFolder)
	if err != nil {
		return err
	}
	for _, name := range blobs {
		if strings.HasSuffix(name, ".tmp") {
			continue
		}
		err := a.copyFile(e.options.FS, log.Part{Name: path.Join(blobFolder, name)})
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // released after the snapshot
			return err
		}
	}
	return a.finish()
}

// backupStore copies the store from a snapshot without a time limit.
func (e *Engine) backupStore(a *archive) error {
	btx, err := e.store.db.Begin(false)
	if err != nil {
		return err
	}
	defer func() { _ = btx.Rollback() }()
	if err := e.store.awaitSync(a.ctx, uint64(btx.ID())); err != nil {
		return err
	}
	return a.add(storeFile, btx.Size(), btx.Size(), func(w io.Writer) error { return copyStore(btx, w) })
}

func copyStore(btx *bolt.Tx, w io.Writer) error {
	_, err := btx.WriteTo(w)
	return err
}

// archive writes a tar and remembers the hash of each file.
type archive struct {
	ctx      context.Context
	tar      *tar.Writer
	progress Progress
	manifest Manifest
}

// add writes one file: size bytes, which a restore extends with zeros to length.
func (a *archive) add(name string, size, length int64, write func(io.Writer) error) error {
	h := &tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: a.manifest.Time, Format: tar.FormatPAX}
	if length > size {
		h.PAXRecords = map[string]string{paxLength: strconv.FormatInt(length, 10)}
	}
	if err := a.tar.WriteHeader(h); err != nil {
		return fmt.Errorf("backup %s: %w", name, err)
	}
	out := &hashWriter{ctx: a.ctx, w: a.tar, hash: sha256.New(), told: func(done int64) { a.progress(name, done, size) }}
	if err := write(out); err != nil {
		return fmt.Errorf("backup %s: %w", name, err)
	}
	a.manifest.Files[name] = hex.EncodeToString(out.hash.Sum(nil))
	return nil
}

// copyFile adds a file, all of it or the part of it that p bounds.
func (a *archive) copyFile(files disk.FS, p log.Part) error {
	f, err := files.Open(p.Name, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if p.Length == 0 {
		if p.Bytes, err = f.Size(); err != nil {
			return err
		}
	}
	return a.add(p.Name, p.Bytes, p.Length, func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(f, 0, p.Bytes))
		return err
	})
}

func (a *archive) finish() error {
	data, err := json.MarshalIndent(a.manifest, "", "  ")
	if err != nil {
		return err
	}
	err = a.add(manifestFile, int64(len(data)), 0, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	return errors.Join(err, a.tar.Close())
}

// hashWriter hashes what passes, tells how much, and ends with ctx.
type hashWriter struct {
	ctx  context.Context
	w    io.Writer
	hash hash.Hash
	done int64
	told func(done int64)
}

func (h *hashWriter) Write(p []byte) (int, error) {
	if err := h.ctx.Err(); err != nil {
		return 0, err
	}
	h.hash.Write(p)
	n, err := h.w.Write(p)
	h.done += int64(n)
	h.told(h.done)
	return n, err
}

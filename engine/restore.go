package engine

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"quintet/engine/disk"
)

// Marks of a restore in the data folder.
const (
	restoringFile = "restoring" // files are being unpacked; the folder is not usable
	restoredFile  = "restored"  // the next Open raises the counters
)

// restoredBy is what a restore adds to every durable counter, so that no
// token or offset given out after the backup was made is ever given again.
const restoredBy = 1 << 40

// maxSegment bounds what a backup may make of one file of the log.
const maxSegment = 16 << 30

// Restore fills the folder dir, which must be empty or missing, from a backup.
// The next Open raises every counter by 2^40 and continues the log under a new
// id, so that no token or position from after the backup fits any more. A
// backup that is cut off or changed is refused, and Open refuses the folder.
func Restore(ctx context.Context, dir string, r io.Reader, progress Progress) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return fmt.Errorf("restore: the folder %s is not empty", dir)
	}
	for _, sub := range []string{"", logFolder, blobFolder} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	files := disk.OS(dir)
	if err := disk.Replace(files, restoringFile, nil, nil); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	err = unpack(ctx, dir, r, progress)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("this is not a whole backup: it is cut off")
	}
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	err = errors.Join(files.SyncDir(logFolder), files.SyncDir(blobFolder), files.SyncDir("."))
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return errors.Join(files.Rename(restoringFile, restoredFile), files.SyncDir("."))
}

// finishRestore raises the counters of a folder that was just restored. A
// crash before its end lets the next Open raise them again, which does no harm.
func (e *Engine) finishRestore(ctx context.Context) error {
	if !e.restored {
		return nil
	}
	if err := e.store.raise(ctx, restoredBy); err != nil {
		return err
	}
	if err := e.Events.log.Raise(restoredBy); err != nil {
		return err
	}
	return errors.Join(os.Remove(filepath.Join(e.options.Dir, restoredFile)), disk.OS(e.options.Dir).SyncDir("."))
}

// unpack writes the files of the tar and compares them with its manifest.
func unpack(ctx context.Context, dir string, r io.Reader, progress Progress) error {
	found := map[string]string{}
	in := tar.NewReader(r)
	for {
		h, err := in.Next()
		if err == io.EOF {
			return errors.New("the backup ends without its manifest: it is not complete")
		}
		if err != nil {
			return fmt.Errorf("this is not a backup: %w", err)
		}
		if h.Name == manifestFile {
			return compareManifest(in, found)
		}
		if err := backupName(h); err != nil {
			return err
		}
		sum, err := unpackFile(ctx, filepath.Join(dir, filepath.FromSlash(h.Name)), h, in, progress)
		if err != nil {
			return err
		}
		found[h.Name] = sum
	}
}

// backupName lets in only the names that a backup has.
func backupName(h *tar.Header) error {
	folder, file := path.Split(h.Name)
	known := folder == logFolder+"/" || folder == blobFolder+"/" || folder == "" && (file == formatFile || file == keyringFile || file == storeFile)
	if !known || file == "" || file == "." || file == ".." || strings.ContainsAny(file, `\:`) || h.Typeflag != tar.TypeReg {
		return fmt.Errorf("this is not a backup of Quintet: it holds %q", h.Name)
	}
	return nil
}

func unpackFile(ctx context.Context, name string, h *tar.Header, in io.Reader, progress Progress) (sum string, err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	out := &hashWriter{ctx: ctx, w: f, hash: sha256.New(), told: func(done int64) { progress(h.Name, done, h.Size) }}
	_, err = io.Copy(out, in)
	if length, perr := strconv.ParseInt(h.PAXRecords[paxLength], 10, 64); err == nil && perr == nil && length > h.Size && length < maxSegment {
		err = disk.Extend(f, length)
	}
	return hex.EncodeToString(out.hash.Sum(nil)), errors.Join(err, f.Sync(), f.Close())
}

func compareManifest(in io.Reader, found map[string]string) error {
	var m Manifest
	if err := json.NewDecoder(io.LimitReader(in, 1<<30)).Decode(&m); err != nil {
		return fmt.Errorf("the manifest cannot be read: %w", err)
	}
	if m.Format > formatNumber {
		return fmt.Errorf("%w: the backup has format %d, and this release reads up to %d", ErrNewerFormat, m.Format, formatNumber)
	}
	for name, sum := range m.Files {
		if found[name] != sum {
			return fmt.Errorf("%s is not what was backed up", name)
		}
	}
	if len(found) != len(m.Files) {
		return errors.New("the backup holds files that its manifest does not name")
	}
	return nil
}

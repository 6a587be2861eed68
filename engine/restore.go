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
	"io/fs"
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
// id, so that no token or position from after the backup fits any more.
//
// A backup that is cut off or changed is refused: Restore removes what it had
// unpacked, Open refuses the folder, and another Restore may fill it. One that
// was killed leaves its files, and the folder must be emptied by hand.
func Restore(ctx context.Context, dir string, r io.Reader, progress Progress) error {
	if err := refuseFilled(dir); err != nil {
		return fmt.Errorf("restore: %w", err)
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
	u := &unpacker{dir: dir, progress: progress, found: map[string]string{}}
	err := u.unpack(ctx, r)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("this is not a whole backup: it is cut off")
	}
	if err == nil {
		err = errors.Join(files.SyncDir(logFolder), files.SyncDir(blobFolder), files.SyncDir("."))
	}
	if err != nil {
		return fmt.Errorf("restore: %w", errors.Join(err, u.undo()))
	}
	return errors.Join(files.Rename(restoringFile, restoredFile), files.SyncDir("."))
}

// refuseFilled lets in an empty folder, and what a failed restore leaves: its
// mark and two empty folders, with the lock of an Open that was refused.
func refuseFilled(dir string) error {
	own := map[string]bool{}
	if _, err := os.Stat(filepath.Join(dir, restoringFile)); err == nil {
		own = map[string]bool{restoringFile: true, lockFile: true, logFolder: true, blobFolder: true}
	}
	for _, sub := range []string{"", logFolder, blobFolder} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, entry := range entries {
			if sub != "" || !own[entry.Name()] {
				return fmt.Errorf("the folder %s is not empty: it holds %s", dir, path.Join(sub, entry.Name()))
			}
		}
	}
	return nil
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

// unpacker writes the files of a backup below dir.
type unpacker struct {
	dir      string
	progress Progress
	made     []string          // files that did not exist before
	found    map[string]string // SHA-256 by name
}

// undo removes every file that was made, and none besides.
func (u *unpacker) undo() error {
	var errs []error
	for _, name := range u.made {
		errs = append(errs, os.Remove(name))
	}
	return errors.Join(errs...)
}

// unpack writes the files of the tar and compares them with its manifest.
func (u *unpacker) unpack(ctx context.Context, r io.Reader) error {
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
			return compareManifest(in, u.found)
		}
		if err := backupName(h); err != nil {
			return err
		}
		if err := u.unpackFile(ctx, h, in); err != nil {
			return err
		}
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

func (u *unpacker) unpackFile(ctx context.Context, h *tar.Header, in io.Reader) error {
	name := filepath.Join(u.dir, filepath.FromSlash(h.Name))
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	u.made = append(u.made, name)
	out := &hashWriter{ctx: ctx, w: f, hash: sha256.New(), told: func(done int64) { u.progress(h.Name, done, h.Size) }}
	_, err = io.Copy(out, in)
	if length, perr := strconv.ParseInt(h.PAXRecords[paxLength], 10, 64); err == nil && perr == nil && length > h.Size && length < maxSegment {
		err = disk.Extend(f, length)
	}
	u.found[h.Name] = hex.EncodeToString(out.hash.Sum(nil))
	return errors.Join(err, f.Sync(), f.Close())
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

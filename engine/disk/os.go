package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// OS returns the files below the folder root, which must exist.
func OS(root string) FS { return osFS(root) }

type osFS string

var _ FS = osFS("")

func (root osFS) path(name string) string {
	return filepath.Join(string(root), filepath.FromSlash(name))
}

func (root osFS) Open(name string, flag int) (File, error) {
	f, err := os.OpenFile(root.path(name), os.O_RDWR|flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (root osFS) Rename(from, to string) error { return os.Rename(root.path(from), root.path(to)) }

func (root osFS) Remove(name string) error { return os.Remove(root.path(name)) }

func (root osFS) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(root.path(dir))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (root osFS) SyncDir(dir string) error { return syncDir(root.path(dir)) }

type osFile struct{ *os.File }

var _ File = osFile{}

func (f osFile) Sync() error { return syncData(f.File) }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// IsFull reports whether err means that the disk, or the owner's quota of it,
// has no room left. Such a write changed nothing that is in use, and may be
// tried again later; every other failed write must not.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, errQuota)
}

// Extend reserves space for f up to size bytes, which read as zero.
func Extend(f *os.File, size int64) error { return osFile{f}.Allocate(size) }

// zeroFill extends f to size by writing zeros, where the system cannot reserve.
func zeroFill(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	zeros := make([]byte, 1<<20)
	for at := info.Size(); at < size; {
		n, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at)
		if err != nil {
			return fmt.Errorf("extend %s to %d bytes: %w", f.Name(), size, err)
		}
		at += int64(n)
	}
	return nil
}

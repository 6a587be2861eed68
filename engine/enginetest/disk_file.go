package enginetest

import (
	"io"
	"io/fs"
	"syscall"

	"quintet/engine/disk"
)

// file is an open handle. It dies with the power.
type file struct {
	disk   *Disk
	name   string
	inode  *inode
	closed bool
}

var _ disk.File = (*file)(nil)

func (f *file) begin(op string) error {
	err := f.disk.begin(op, f.name)
	if err == nil && f.closed {
		err = &fs.PathError{Op: op, Path: f.name, Err: fs.ErrClosed}
	}
	return err
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	err := f.begin("read")
	defer f.disk.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if off >= int64(len(f.inode.cache)) {
		return 0, io.EOF
	}
	n := copy(p, f.inode.cache[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	err := f.begin("write")
	d := f.disk
	defer d.mu.Unlock()
	if d.cut || f.closed {
		return 0, err
	}
	if err != nil {
		return f.write(p[:d.rng.IntN(len(p)+1)], off), err
	}
	if grow := off + int64(len(p)) - int64(len(f.inode.cache)); grow > 0 {
		if missing := grow - d.take(grow); missing > 0 {
			n := f.write(p[:max(0, int64(len(p))-missing)], off)
			return n, &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
		}
	}
	return f.write(p, off), nil
}

// write puts p into the cache. Space has been taken.
func (f *file) write(p []byte, off int64) int {
	if len(p) == 0 {
		return 0
	}
	end := off + int64(len(p))
	f.inode.extend(end)
	copy(f.inode.cache[off:], p)
	f.inode.touch(off, end)
	f.disk.last = lastWrite{file: f.inode, from: off, to: end}
	return len(p)
}

func (f *file) Allocate(size int64) error {
	err := f.begin("allocate")
	defer f.disk.mu.Unlock()
	if err != nil {
		return err
	}
	grow := max(0, size-int64(len(f.inode.cache)))
	if taken := f.disk.take(grow); taken < grow {
		f.disk.free += taken
		return &fs.PathError{Op: "allocate", Path: f.name, Err: syscall.ENOSPC}
	}
	f.inode.extend(size)
	return nil
}

func (f *file) Sync() error {
	err := f.begin("sync")
	d := f.disk
	defer d.mu.Unlock()
	if err != nil {
		if !d.cut && !f.closed {
			f.inode.drop(d)
		}
		return err
	}
	if d.syncs--; d.syncs == 0 {
		f.inode.drop(d)
		return &fs.PathError{Op: "sync", Path: f.name, Err: syscall.EIO}
	}
	f.inode.sync()
	return nil
}

func (f *file) Size() (int64, error) {
	err := f.begin("size")
	defer f.disk.mu.Unlock()
	return int64(len(f.inode.cache)), err
}

func (f *file) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	f.closed = true
	return nil
}

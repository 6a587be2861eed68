package enginetest

import "quintet/engine/disk"

// Hook returns files in which before is called ahead of every operation that
// changes the disk: "open" (which may create), "write", "allocate", "sync",
// "rename", "remove" and "syncdir", with the name of the file or folder. It
// is for looking at a real folder at each step, or copying it.
func Hook(files disk.FS, before func(op, name string)) disk.FS { return hooked{files, before} }

type hooked struct {
	disk.FS
	before func(op, name string)
}

var _ disk.FS = hooked{}

func (h hooked) Open(name string, flag int) (disk.File, error) {
	if flag != 0 {
		h.before("open", name)
	}
	f, err := h.FS.Open(name, flag)
	if err != nil {
		return nil, err
	}
	return hookedFile{f, name, h.before}, nil
}

func (h hooked) Rename(from, to string) error {
	h.before("rename", from)
	return h.FS.Rename(from, to)
}

func (h hooked) Remove(name string) error {
	h.before("remove", name)
	return h.FS.Remove(name)
}

func (h hooked) SyncDir(dir string) error {
	h.before("syncdir", dir)
	return h.FS.SyncDir(dir)
}

type hookedFile struct {
	disk.File
	name   string
	before func(op, name string)
}

func (f hookedFile) WriteAt(p []byte, off int64) (int, error) {
	f.before("write", f.name)
	return f.File.WriteAt(p, off)
}

func (f hookedFile) Allocate(size int64) error {
	f.before("allocate", f.name)
	return f.File.Allocate(size)
}

func (f hookedFile) Sync() error {
	f.before("sync", f.name)
	return f.File.Sync()
}

// Package enginetest is what tests of durable code stand on. Its [Disk] is a
// disk in memory that loses what was not synced, tears what was being written
// and fails on demand, all from one seed:
//
//	d := enginetest.NewDisk(seed)
//	… write through it …
//	d = d.Crash() // and open again from what is left
package enginetest

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"sync"

	"quintet/engine/disk"
)

// SectorSize is what a power cut keeps or loses as a whole, but for the one
// sector that it tears.
const SectorSize = 512

// ErrPowerCut is returned by every operation after a power cut.
var ErrPowerCut = errors.New("enginetest: the power is cut")

// Disk is a simulated disk in memory. It behaves like a file system that does
// only what POSIX promises:
//
//   - A write is seen by reads at once, and is on disk after Sync. Until then
//     a power cut keeps or loses each of its 512-byte sectors by itself, and
//     tears the last write in the middle of a sector.
//   - A length is on disk after Sync; until then a cut keeps either.
//   - A create, rename or remove is on disk after SyncDir of its folder; until
//     then a cut keeps or loses each by itself. Sync of a file does not make
//     its name durable.
//   - A failed Sync drops what it should have written: the sectors are clean
//     from then on, reads see the new or the old bytes, the disk has the old
//     ones, and a second Sync succeeds.
//   - A failed write leaves some beginning of itself behind.
//
// All choices come from the seed. Methods are safe for concurrent use; a run
// replays if the operations come in the same order.
type Disk struct {
	mu      sync.Mutex
	rng     *rand.Rand
	hook    func(op, name string) error
	cut     bool
	names   map[string]*inode // what List and Open see
	synced  map[string]*inode // what is on disk
	pending []nameChange      // between the two
	last    lastWrite
	limited bool
	free    int64
	syncs   int // until one fails; 0: none will
}

var _ disk.FS = (*Disk)(nil)

// inode is a file apart from its names.
type inode struct {
	cache  []byte         // what reads see
	synced []byte         // what is on disk
	dirty  map[int64]bool // sectors in which the two may differ
}

// nameChange makes file known under to, if that is not empty, and no longer
// under from, if that is not empty.
type nameChange struct {
	file     *inode
	from, to string
}

type lastWrite struct {
	file     *inode
	from, to int64
}

// NewDisk returns an empty disk of unlimited size.
func NewDisk(seed uint64) *Disk {
	return &Disk{
		rng:    rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)),
		names:  map[string]*inode{},
		synced: map[string]*inode{},
	}
}

// OnOp sets a function that is called before every operation, with "open",
// "read", "write", "allocate", "sync", "size", "rename", "remove", "list" or
// "syncdir" and the name of the file or folder. Its error, if any, is the
// outcome of the operation. It may use the disk, and cut its power.
func (d *Disk) OnOp(hook func(op, name string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hook = hook
}

// FailSync makes the n-th Sync of a file from now, counted from 1, fail once.
func (d *Disk) FailSync(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncs = n
}

// SetFree limits what may still be allocated, in bytes of file length.
func (d *Disk) SetFree(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limited, d.free = true, bytes
}

// Bytes returns a copy of what reads see of a file, or nil if there is none.
func (d *Disk) Bytes(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.names[name]
	if f == nil {
		return nil
	}
	return append([]byte{}, f.cache...)
}

// SetBytes replaces a file, durably: damage that no Sync undoes.
func (d *Disk) SetBytes(name string, b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &inode{cache: slices.Clone(b), synced: slices.Clone(b), dirty: map[int64]bool{}}
	d.names[name], d.synced[name] = f, f
}

// Delete removes a file, durably.
func (d *Disk) Delete(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.names, name)
	delete(d.synced, name)
}

// Clone returns a disk in the same state, without hook and faults.
func (d *Disk) Clone() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := NewDisk(d.rng.Uint64())
	c.limited, c.free = d.limited, d.free
	copies := map[*inode]*inode{nil: nil}
	twin := func(f *inode) *inode {
		if copies[f] == nil && f != nil {
			t := &inode{cache: slices.Clone(f.cache), synced: slices.Clone(f.synced), dirty: map[int64]bool{}}
			for s := range f.dirty {
				t.dirty[s] = true
			}
			copies[f] = t
		}
		return copies[f]
	}
	for name, f := range d.names {
		c.names[name] = twin(f)
	}
	for name, f := range d.synced {
		c.synced[name] = twin(f)
	}
	for _, p := range d.pending {
		c.pending = append(c.pending, nameChange{file: twin(p.file), from: p.from, to: p.to})
	}
	c.last = lastWrite{file: twin(d.last.file), from: d.last.from, to: d.last.to}
	return c
}

// begin runs the hook and takes the lock, which the caller releases.
func (d *Disk) begin(op, name string) error {
	d.mu.Lock()
	hook := d.hook
	d.mu.Unlock()
	var err error
	if hook != nil {
		err = hook(op, name)
	}
	d.mu.Lock()
	if d.cut {
		err = ErrPowerCut
	}
	if err != nil {
		err = &fs.PathError{Op: op, Path: name, Err: err}
	}
	return err
}

// Open implements disk.FS.
func (d *Disk) Open(name string, flag int) (disk.File, error) {
	err := d.begin("open", name)
	defer d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	f := d.names[name]
	switch {
	case f == nil && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case f != nil && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case f == nil:
		f = &inode{dirty: map[int64]bool{}}
		d.change(nameChange{file: f, to: name})
	case flag&os.O_TRUNC != 0:
		f.truncate()
	}
	return &file{disk: d, name: name, inode: f}, nil
}

// Rename implements disk.FS.
func (d *Disk) Rename(from, to string) error {
	err := d.begin("rename", from)
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	f := d.names[from]
	if f == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	replaced := d.names[to]
	d.change(nameChange{file: f, from: from, to: to})
	d.giveBack(replaced)
	return nil
}

// Remove implements disk.FS.
func (d *Disk) Remove(name string) error {
	err := d.begin("remove", name)
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	f := d.names[name]
	if f == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	d.change(nameChange{file: f, from: name})
	d.giveBack(f)
	return nil
}

// List implements disk.FS.
func (d *Disk) List(dir string) ([]string, error) {
	err := d.begin("list", dir)
	defer d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range d.names {
		if within(dir, name) {
			names = append(names, path.Base(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// SyncDir implements disk.FS.
func (d *Disk) SyncDir(dir string) error {
	err := d.begin("syncdir", dir)
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	d.pending = slices.DeleteFunc(d.pending, func(c nameChange) bool {
		if !within(dir, c.from) && !within(dir, c.to) {
			return false
		}
		c.apply(d.synced)
		return true
	})
	return nil
}

func within(dir, name string) bool { return name != "" && path.Dir(name) == path.Clean(dir) }

func (d *Disk) change(c nameChange) {
	c.apply(d.names)
	d.pending = append(d.pending, c)
}

func (c nameChange) apply(names map[string]*inode) {
	if c.from != "" && names[c.from] == c.file {
		delete(names, c.from)
	}
	if c.to != "" {
		names[c.to] = c.file
	}
}

// take reserves space, or as much as there is.
func (d *Disk) take(bytes int64) (taken int64) {
	if !d.limited {
		return bytes
	}
	taken = max(0, min(bytes, d.free))
	d.free -= taken
	return taken
}

func (d *Disk) giveBack(f *inode) {
	if f != nil && d.limited {
		d.free += int64(len(f.cache))
	}
}

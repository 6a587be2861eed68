package enginetest

import (
	"maps"
	"slices"
)

// Crash cuts the power and returns what the disk holds when it comes back.
// The old disk and its open files answer ErrPowerCut from now on; the new one
// has neither hook nor faults, and as much room as the files leave.
func (d *Disk) Crash() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut = true
	after := NewDisk(d.rng.Uint64())
	after.synced = maps.Clone(d.synced)
	for _, change := range d.pending {
		if d.coin() {
			change.apply(after.synced)
		}
	}
	left := map[*inode]*inode{}
	for _, name := range slices.Sorted(maps.Keys(after.synced)) {
		f := after.synced[name]
		if left[f] == nil {
			left[f] = d.survivor(f)
		}
		after.synced[name], after.names[name] = left[f], left[f]
	}
	if d.limited {
		after.limited, after.free = true, d.free
		for _, f := range d.names {
			after.free += int64(len(f.cache))
		}
		for _, f := range left {
			after.free -= int64(len(f.cache))
		}
	}
	return after
}

func (d *Disk) coin() bool { return d.rng.IntN(2) == 0 }

// survivor is what a power cut leaves of f.
func (d *Disk) survivor(f *inode) *inode {
	b := slices.Clone(f.synced)
	if d.coin() {
		b = resize(b, len(f.cache))
	}
	for _, sector := range slices.Sorted(maps.Keys(f.dirty)) {
		if d.coin() {
			b = f.keep(b, sector*SectorSize, (sector+1)*SectorSize)
		}
	}
	if d.last.file == f {
		b = d.tear(f, b)
	}
	return &inode{cache: b, synced: slices.Clone(b), dirty: map[int64]bool{}}
}

// tear makes one sector of the last write, if it is not synced, new up to some
// byte and old behind it, or the other way round.
func (d *Disk) tear(f *inode, b []byte) []byte {
	at := d.last.from + d.rng.Int64N(d.last.to-d.last.from)
	sector := at / SectorSize
	if !f.dirty[sector] {
		return b
	}
	from, to := sector*SectorSize, (sector+1)*SectorSize
	b = restore(b, f.synced, from, to)
	if d.coin() {
		return f.keep(b, from, at)
	}
	return f.keep(b, at, to)
}

// keep copies the cached bytes between from and to into b, which grows.
func (f *inode) keep(b []byte, from, to int64) []byte {
	to = min(to, int64(len(f.cache)))
	if from >= to {
		return b
	}
	b = resize(b, max(len(b), int(to)))
	copy(b[from:to], f.cache[from:to])
	return b
}

// restore copies the synced bytes between from and to into b.
func restore(b, synced []byte, from, to int64) []byte {
	for i := from; i < min(to, int64(len(b))); i++ {
		b[i] = 0
		if i < int64(len(synced)) {
			b[i] = synced[i]
		}
	}
	return b
}

func resize(b []byte, size int) []byte {
	if size <= len(b) {
		return b[:size]
	}
	return append(b, make([]byte, size-len(b))...)
}

func (f *inode) extend(size int64) {
	if size > int64(len(f.cache)) {
		f.cache = resize(f.cache, int(size))
	}
}

func (f *inode) touch(from, to int64) {
	for sector := from / SectorSize; sector*SectorSize < to; sector++ {
		f.dirty[sector] = true
	}
}

func (f *inode) truncate() {
	f.touch(0, int64(len(f.cache)))
	f.cache = nil
}

// sync writes the dirty sectors to the disk.
func (f *inode) sync() {
	f.synced = resize(f.synced, len(f.cache))
	for sector := range f.dirty {
		f.synced = f.keep(f.synced, sector*SectorSize, (sector+1)*SectorSize)
	}
	clear(f.dirty)
}

// drop is a failed sync: the disk keeps what it had, and of each dirty sector
// the cache either keeps the new bytes or has lost them. The length stays.
func (f *inode) drop(d *Disk) {
	for _, sector := range slices.Sorted(maps.Keys(f.dirty)) {
		if d.coin() {
			f.cache = restore(f.cache, f.synced, sector*SectorSize, (sector+1)*SectorSize)
		}
	}
	clear(f.dirty)
}

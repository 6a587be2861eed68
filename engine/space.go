package engine

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolterrors "go.etcd.io/bbolt/errors"

	"quintet/engine/disk"
)

// space decides what may still be written when the disk or the store is full.
//
// A full disk must not lock out what empties it: a reserve file gives its
// bytes to updates marked Reclaim, and inside the store the last reserve
// bytes below its limit are theirs. Every second the watcher looks whether
// there is headroom again; then it makes the reserve anew and lets all write.
type space struct {
	fs       disk.FS
	dir      string
	limit    int64 // bytes of the store
	reserve  int64
	headroom int64
	quit     chan struct{}
	ended    chan struct{}
}

func (s *store) openSpace(o Options) {
	s.space = space{
		fs: o.FS, dir: o.Dir, limit: o.MaxStore, reserve: o.Reserve, headroom: o.Headroom,
		quit: make(chan struct{}), ended: make(chan struct{}),
	}
	if err := s.space.makeReserve(); err != nil {
		s.log.Warn("no room for the reserve of the data folder; writes are refused until there is", "error", err)
		s.full.Store(true)
	}
	s.limitStore(s.space.limit - s.space.reserve)
	go s.watchSpace()
}

// limitStore sets how far bbolt may grow the file; only the committer, or
// nobody yet, is using it.
func (s *store) limitStore(bytes int64) { s.db.MaxSize = int(bytes) }

func (sp *space) makeReserve() error {
	f, err := sp.fs.Open(reserveFile, os.O_CREATE)
	if err != nil {
		return err
	}
	return errors.Join(f.Allocate(sp.reserve), f.Close())
}

func (sp *space) releaseReserve() error {
	err := sp.fs.Remove(reserveFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (sp *space) stop() {
	close(sp.quit)
	<-sp.ended
}

func (s *store) watchSpace() {
	defer close(s.space.ended)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-s.space.quit:
			return
		case <-tick.C:
			s.lookAtSpace()
		}
	}
}

// lookAtSpace closes the store to what does not reclaim before it is full to
// the brim, and opens it when there is room again.
func (s *store) lookAtSpace() {
	fill := s.fill()
	switch {
	case s.full.Load():
		if fill < fillAgain && s.hasRoom() && s.space.makeReserve() == nil {
			s.full.Store(false)
			s.log.Info("there is room on the disk again; writes are accepted")
		}
	case fill >= fillMost:
		s.full.Store(true)
		s.log.Warn("the store is nearly full; only reads, deletes and completions are accepted until there is room", "fill", fill, "limit_bytes", s.space.limit)
	}
}

// What part of its limit the store may fill, and what part it must have come
// down to before it takes writes again. What is left is for whatever reclaims:
// to delete by the million takes pages too.
const (
	fillMost  = 0.9
	fillAgain = 0.88
)

// fill is what part of the store's limit is in use: the pages up to the last
// one that was ever used, less those that are free. The file itself is longer.
func (s *store) fill() float64 {
	btx, err := s.db.Begin(false)
	if err != nil {
		return 0 // it is closed
	}
	used := btx.Size()
	_ = btx.Rollback() // of a reader it cannot fail
	stats := s.db.Stats()
	free := int64(stats.FreePageN+stats.PendingPageN) * int64(s.db.Info().PageSize)
	return float64(max(0, used-free)) / float64(s.space.limit)
}

// hasRoom asks for headroom on the disk and inside the store's limit. What
// the freed pages of the store hold counts for both. bbolt lets the file grow
// only while there is room for AllocSize more.
func (s *store) hasRoom() bool {
	stats := s.db.Stats()
	pages := int64(stats.FreePageN+stats.PendingPageN) * int64(s.db.Info().PageSize)
	inside := pages + max(0, s.space.limit-s.space.reserve-s.fileBytes()-int64(s.db.AllocSize))
	free, err := disk.Free(s.space.dir)
	return err == nil && int64(free)+pages >= s.space.headroom && inside >= min(s.space.headroom, s.space.limit/8)
}

// commitFailed decides what a failed commit means. A page that found no room
// before the meta page was written changed nothing that is in use; after any
// other failure nobody knows what is on disk.
func (s *store) commitFailed(id uint64, err error) error {
	if s.noRoom(id, err) {
		return ErrFull.With(err)
	}
	s.poisonWith(err)
	return s.failed()
}

// noRoom reports whether the commit of transaction id failed for want of room
// and changed nothing.
func (s *store) noRoom(id uint64, err error) bool {
	var write *fs.PathError
	full := errors.Is(err, bolterrors.ErrMaxSizeReached) ||
		disk.IsFull(err) && errors.As(err, &write) && write.Op == "write"
	return full && !s.metaWritten(id)
}

func (s *store) poisonWith(err error) {
	if s.poison.CompareAndSwap(nil, ErrPoisoned.With(err)) {
		s.log.Error("a write to the store failed; no write is accepted until the server is restarted", "error", err)
	}
}

// metaWritten reports whether one of bbolt's two meta pages, at the start of
// the first two pages of the file, carries the transaction id. Its place is
// 16 bytes of page header + 48 of meta (see bbolt internal/common/meta.go).
func (s *store) metaWritten(id uint64) bool {
	f, err := os.Open(filepath.Clean(s.path))
	if err != nil {
		return true
	}
	defer f.Close()
	for page := range int64(2) {
		var txid [8]byte
		if _, err := f.ReadAt(txid[:], page*int64(s.db.Info().PageSize)+64); err != nil {
			return true
		}
		if binary.NativeEndian.Uint64(txid[:]) == id {
			return true
		}
	}
	return false
}

// commitReclaim answers a group that found no room: what is marked Reclaim
// runs again, alone and with the reserve; the rest gets ErrFull.
func (s *store) commitReclaim(ran []*request) error {
	if !s.full.Swap(true) {
		s.log.Warn("the disk is full; only reads, deletes and completions are accepted until there is room")
	}
	if err := s.space.releaseReserve(); err != nil {
		return err
	}
	var reclaim []*request
	for _, r := range ran {
		switch {
		case r.err != nil || r.state.Load() != requestTaken:
		case r.reclaim:
			r.state.Store(requestQueued)
			reclaim = append(reclaim, r)
		default:
			r.err = ErrFull
		}
	}
	if len(reclaim) == 0 {
		return nil
	}
	g, err := s.beginGroup()
	if err != nil {
		refuse(reclaim, err)
		return nil
	}
	for _, r := range reclaim {
		s.run(g, r)
	}
	g.snap.end(ErrClosed)
	s.limitStore(s.space.limit)
	defer s.limitStore(s.space.limit - s.space.reserve)
	if err := s.commit(g); err != nil {
		refuse(reclaim, err)
	}
	return nil
}

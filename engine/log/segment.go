package log

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"quintet/engine/disk"
)

const (
	segmentHeaderSize = 64 // the first group follows at once
	segmentSuffix     = ".log"
	segmentVersion    = 1
	temporary         = ".tmp"

	// indexEvery is how far apart, in bytes, the marks of a segment are: what
	// a read in its middle scans for nothing.
	indexEvery = 256 << 10
)

var segmentMagic = [8]byte{'Q', 'L', 'O', 'G', 'S', 'E', 'G', 0}

// segment is a file of groups. What changes is guarded by Log.mu.
type segment struct {
	number uint64 // dense from 1; the name of the file
	id     ID     // of the log when the segment was made
	length int64  // of the file, for ever

	first   uint64 // sequence it begins with
	until   uint64 // sequence after its last batch; the next first may be higher, by a raise
	end     int64  // where its last durable group ends
	index   []mark // rising; the first is that of the first group
	readers int    // that have it open; it is not trimmed meanwhile
}

// mark is where a group starts, and what a reader must know to start there.
type mark struct {
	first    uint64
	position int64
	previous uint32
}

// note remembers where a group starts if no mark is near.
func (s *segment) note(g *group) {
	if n := len(s.index); n == 0 || g.position-s.index[n-1].position >= indexEvery {
		s.index = append(s.index, mark{first: g.first, position: g.position, previous: g.previous})
	}
}

func (s *segment) name() string { return fmt.Sprintf("%016d%s", s.number, segmentSuffix) }

// segmentNumber reads the name of a segment, or returns 0.
func segmentNumber(name string) uint64 {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 16 {
		return 0
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (l *Log) path(name string) string { return path.Join(l.dir, name) }

func (s *segment) header() []byte {
	b := make([]byte, segmentHeaderSize)
	copy(b, segmentMagic[:])
	le.PutUint32(b[8:], segmentVersion)
	copy(b[16:], s.id[:])
	le.PutUint64(b[32:], s.number)
	le.PutUint64(b[40:], uint64(s.length))
	return sealHead(b)
}

// readSegment checks the header and the length of a segment's file.
func (l *Log) readSegment(name string) (*segment, error) {
	f, err := l.fs.Open(l.path(name), 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size < segmentHeaderSize+groupHeaderSize+snapshotFixedSize {
		return nil, l.corrupt(name, size, "the segment is shorter than the least one")
	}
	b := make([]byte, segmentHeaderSize)
	if _, err := f.ReadAt(b, 0); err != nil {
		return nil, err
	}
	if err := l.checkHead(name, b, segmentMagic, segmentVersion); err != nil {
		return nil, err
	}
	s := &segment{id: ID(b[16:32]), number: le.Uint64(b[32:]), length: int64(le.Uint64(b[40:]))}
	if s.number != segmentNumber(name) {
		return nil, l.corrupt(name, 32, "the file belongs to segment %d: give it back its name", s.number)
	}
	if size != s.length {
		return nil, l.corrupt(name, min(size, s.length), "the file has %d bytes and was made with %d", size, s.length)
	}
	return s, nil
}

// makeSegment makes a durable, empty segment under its name, which it replaces
// if it exists. A failure leaves nothing behind that takes room.
func (l *Log) makeSegment(s *segment) (disk.File, error) {
	temp, name := l.path(s.name()+temporary), l.path(s.name())
	if err := l.laySegment(s, temp); err != nil {
		l.fs.Remove(temp) // the first error is the one to report
		if disk.IsFull(err) {
			err = fmt.Errorf("%s needs %d bytes: %w", name, s.length, err)
		}
		return nil, err
	}
	if err := l.fs.Rename(temp, name); err != nil {
		l.fs.Remove(temp)
		return nil, err
	}
	if err := l.fs.SyncDir(l.dir); err != nil {
		return nil, err
	}
	return l.fs.Open(name, 0)
}

// laySegment writes and syncs an empty segment. Its blocks are written, not
// only reserved: a sync over written ones is cheaper.
func (l *Log) laySegment(s *segment, name string) (err error) {
	f, err := l.fs.Open(name, os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Allocate(s.length); err != nil {
		return err
	}
	if err := writeZeros(f, 0, s.length); err != nil {
		return err
	}
	if _, err := f.WriteAt(s.header(), 0); err != nil {
		return err
	}
	return f.Sync()
}

func writeZeros(f disk.File, from, to int64) error {
	for from < to {
		n, err := f.WriteAt(zeros[:min(int64(len(zeros)), to-from)], from)
		if err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}

package log

import (
	"errors"
	"io/fs"

	"quintet/engine/disk"
)

const (
	markerName    = "closed"
	markerSize    = 48
	markerVersion = 1
)

var markerMagic = [8]byte{'Q', 'L', 'O', 'G', 'E', 'N', 'D', 0}

// marker is what a clean stop says about the end of the log.
type marker struct {
	next    uint64 // sequence of the next batch
	segment uint64 // number of the last one that holds groups
	end     int64  // of its last group
	chain   uint32 // crc of that group, and by the chain of all before it
}

func (m marker) encode() []byte {
	b := make([]byte, markerSize)
	copy(b, markerMagic[:])
	le.PutUint32(b[8:], markerVersion)
	le.PutUint32(b[16:], m.chain)
	le.PutUint64(b[24:], m.next)
	le.PutUint64(b[32:], m.segment)
	le.PutUint64(b[40:], uint64(m.end))
	return sealHead(b)
}

// readMarker returns nil when the last stop was not clean.
func (l *Log) readMarker() (*marker, error) {
	b, err := l.readFile(markerName, markerMagic, markerVersion)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(b) != markerSize {
		return nil, l.corrupt(markerName, int64(len(b)), "the marker of a clean stop must have %d bytes", markerSize)
	}
	return &marker{
		chain:   le.Uint32(b[16:]),
		next:    le.Uint64(b[24:]),
		segment: le.Uint64(b[32:]),
		end:     int64(le.Uint64(b[40:])),
	}, nil
}

// writeMarker leaves, when it fails, no marker or a whole one, which is true.
func (l *Log) writeMarker(m marker) error {
	err := disk.Replace(l.fs, l.path(markerName), m.encode(), nil)
	if err != nil {
		l.fs.Remove(l.path(markerName + temporary)) // the first error is the one to report
	}
	return err
}

// removeMarker must be durable before the first write of this run: the marker
// would else refuse an unclean stop.
func (l *Log) removeMarker() error {
	if err := l.fs.Remove(l.path(markerName)); err != nil {
		return err
	}
	return l.fs.SyncDir(l.dir)
}

package log

import (
	"fmt"

	"quintet/engine/disk"
)

// cuts are the torn ends that secure replaces by zeros.
func (e *ending) cuts(l *Log) (cuts []Cut) {
	if e.torn > e.end {
		s := e.used[len(e.used)-1]
		cuts = append(cuts, Cut{File: l.path(s.name()), Offset: e.end, Bytes: e.torn - e.end})
	}
	if e.unusedTorn > segmentHeaderSize {
		cuts = append(cuts, Cut{
			File: l.path(e.unused.name()), Offset: segmentHeaderSize, Bytes: e.unusedTorn - segmentHeaderSize,
		})
	}
	return cuts
}

// secure makes durable, after an unclean stop, what Open read but cannot know
// to be on disk.
//
// Reads come from the page cache. If the last run ended because a sync failed,
// the kernel may have marked pages as clean that it never wrote, and a further
// sync would succeed and change nothing. The last group and the zeros behind
// it are therefore written again; all before them was synced before the last
// group was written.
//
// The segment that was made ahead is made again, for the same reason.
func (l *Log) secure(e *ending) error {
	if e.unused != nil {
		if err := l.removeSegment(e.unused); err != nil {
			return err
		}
		e.unused = nil
	}
	if len(e.used) == 0 {
		return l.fs.SyncDir(l.dir)
	}
	s := e.used[len(e.used)-1]
	err := l.withSegment(s, func(f disk.File) error {
		last := make([]byte, e.end-e.lastGroup)
		if _, err := f.ReadAt(last, e.lastGroup); err != nil {
			return err
		}
		if _, err := f.WriteAt(last, e.lastGroup); err != nil {
			return err
		}
		if err := writeZeros(f, e.end, s.length); err != nil {
			return err
		}
		return f.Sync()
	})
	if err != nil {
		return fmt.Errorf("log: secure the end of %s: %w", l.path(s.name()), err)
	}
	return l.fs.SyncDir(l.dir)
}

package log

import (
	"fmt"
	"slices"
	"strings"

	"quintet/engine/disk"
)

// Open opens the log in the folder dir of fs, or creates it there. The folder
// must exist and belong to this process alone.
//
// It first verifies and only then changes anything: damage gives a
// *CorruptError, files of a later version ErrNewer, and the folder stays as it
// was. FORMAT.md lists the rules.
func Open(fs disk.FS, dir string, o Options) (*Log, Recovery, error) {
	l := &Log{fs: fs, dir: dir, opts: o.withDefaults(), stopped: make(chan struct{})}
	l.wake.L = &l.mu
	l.writer.offsets = map[Stream]uint64{}
	r, err := l.open()
	if err != nil {
		l.dropSpare()
		if l.writer.file != nil {
			l.writer.file.Close()
		}
		return nil, r, err
	}
	go l.run()
	return l, r, nil
}

func (l *Log) open() (r Recovery, err error) {
	found, err := l.survey()
	if err != nil {
		return r, err
	}
	if found.ids == nil {
		return Recovery{Created: true}, l.create(found)
	}
	e, err := l.verify(found)
	if err != nil {
		return r, err
	}
	if err := l.sweep(found); err != nil {
		return r, err
	}
	r = Recovery{Clean: found.marker != nil, Segments: len(e.used), Cuts: e.cuts(l)}
	l.ids, l.segments, l.durable = found.ids, e.used, e.state
	if found.marker != nil {
		err = l.removeMarker()
	} else {
		err = l.secure(&e)
	}
	if err != nil {
		return r, err
	}
	return r, l.resume(e)
}

// survey is what the folder holds, each file for itself.
type survey struct {
	ids      []ID    // nil: no such file
	marker   *marker // nil: the last stop was not clean
	segments []*segment
	leftover []string // of interrupted replacements
}

// survey reads every file but the groups.
func (l *Log) survey() (s survey, err error) {
	names, err := l.fs.List(l.dir)
	if err != nil {
		return s, err
	}
	if s.ids, err = l.readIDs(); err != nil {
		return s, err
	}
	if s.marker, err = l.readMarker(); err != nil {
		return s, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, temporary) {
			s.leftover = append(s.leftover, name)
		}
		if segmentNumber(name) == 0 {
			continue
		}
		seg, err := l.readSegment(name)
		if err != nil {
			return s, err
		}
		if n := len(s.segments); n > 0 && seg.number != s.segments[n-1].number+1 {
			return s, l.corrupt(name, 0, "the segment before it is missing: put it back, or restore a backup")
		}
		s.segments = append(s.segments, seg)
	}
	return s, l.checkIDs(&s)
}

const idsMissing = "the list of log ids is missing: put it back, or restore a backup"

// checkIDs refuses segments of a foreign log, and a log of which the list of
// ids or all segments are gone. A segment 1 without the list may be what an
// interrupted creation left: create looks at it.
func (l *Log) checkIDs(s *survey) error {
	if s.ids == nil {
		if s.marker != nil || len(s.segments) > 1 || len(s.segments) == 1 && s.segments[0].number != 1 {
			return l.corrupt(idsName, 0, idsMissing)
		}
		return nil
	}
	if len(s.segments) == 0 {
		return l.corrupt(idsName, headSize, "no segment is left: put them back, or restore a backup")
	}
	for _, seg := range s.segments {
		if !slices.Contains(s.ids, seg.id) {
			return l.corrupt(seg.name(), 16, "the segment belongs to the foreign log %s: move it away", seg.id)
		}
	}
	return nil
}

func (l *Log) sweep(found survey) error {
	for _, name := range found.leftover {
		if err := l.fs.Remove(l.path(name)); err != nil {
			return err
		}
	}
	return nil
}

// create makes segment 1 and the list of ids, in this order: a list without
// segments means that they were lost.
func (l *Log) create(found survey) error {
	for _, s := range found.segments {
		used, err := l.holdsGroups(s)
		if err != nil {
			return err
		}
		if used {
			return l.corrupt(idsName, 0, idsMissing)
		}
	}
	if err := l.sweep(found); err != nil {
		return err
	}
	id, err := l.drawID()
	if err != nil {
		return err
	}
	l.ids, l.durable = []ID{id}, newCounters()
	first := l.nextSegment()
	f, err := l.makeSegment(first)
	if disk.IsFull(err) {
		return fmt.Errorf("log: create: %w: free space, or put the data on a larger disk", err)
	}
	if err != nil {
		return fmt.Errorf("log: create: %w", err)
	}
	l.keepSpare(first, f)
	if err := l.writeIDs(l.ids); err != nil {
		return fmt.Errorf("log: create: %w", err)
	}
	return l.roll(0)
}

// resume makes the log ready to append. It begins a new segment when the last
// one belongs to another ID: because a new one is wanted, or because a stop
// came between the list of ids and the segment.
func (l *Log) resume(e ending) error {
	w := &l.writer
	if n := len(e.used); n > 0 {
		f, err := l.fs.Open(l.path(e.used[n-1].name()), 0)
		if err != nil {
			return err
		}
		w.segment, w.file, w.position = e.used[n-1], f, e.end
	}
	if l.opts.NewID {
		id, err := l.drawID()
		if err != nil {
			return err
		}
		if err := l.writeIDs(append(l.ids, id)); err != nil {
			return err
		}
		l.ids = append(l.ids, id)
	}
	if err := l.takeOver(e.unused); err != nil {
		return err
	}
	if w.segment == nil || w.segment.id != l.ids[len(l.ids)-1] {
		return l.roll(0)
	}
	if w.spare == nil {
		l.startSpare()
	}
	return nil
}

// takeOver keeps the segment that was made ahead if it still fits, or removes it.
func (l *Log) takeOver(s *segment) error {
	if s == nil {
		return nil
	}
	if s.id != l.ids[len(l.ids)-1] || s.length < l.nextSegment().length {
		return l.removeSegment(s)
	}
	f, err := l.fs.Open(l.path(s.name()), 0)
	if err != nil {
		return err
	}
	l.keepSpare(s, f)
	return nil
}

package log

import "sync"

// Trim removes the segments that hold nothing from the sequence before on. It
// never removes the last one, and stops at one that is being read; while the
// log is held it removes nothing. What it leaves, a later Trim removes.
func (l *Log) Trim(before uint64) error {
	l.trimming.Lock()
	defer l.trimming.Unlock()
	if l.holds > 0 {
		return nil
	}
	for {
		s, err := l.takeOldest(before)
		if s == nil {
			return err
		}
		if err := l.fs.Remove(l.path(s.name())); err != nil {
			l.mu.Lock()
			l.segments = append([]*segment{s}, l.segments...)
			l.mu.Unlock()
			return err
		}
		// One by one, oldest first: a power cut between two removals that
		// kept only the second would leave a hole.
		if err := l.fs.SyncDir(l.dir); err != nil {
			return l.stop(err)
		}
	}
}

// takeOldest takes the first segment out of the log if Trim may remove it.
func (l *Log) takeOldest(before uint64) (*segment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refuses(); err != nil {
		return nil, err
	}
	s := l.segments[0]
	if len(l.segments) == 1 || s.until > before || s.readers > 0 {
		return nil, nil
	}
	l.segments = append([]*segment(nil), l.segments[1:]...)
	return s, nil
}

// Hold keeps every segment until release is called: a backup copies them
// meanwhile. It waits for a Trim that is at work. release may be called again.
func (l *Log) Hold() (release func()) {
	l.trimming.Lock()
	l.holds++
	l.trimming.Unlock()
	return sync.OnceFunc(func() {
		l.trimming.Lock()
		l.holds--
		l.trimming.Unlock()
	})
}

// Part is a file of a backup. A copy is its first Bytes bytes, extended with
// zeros to Length: Open refuses a segment that is shorter.
type Part struct {
	Name   string // below the root of the disk
	Bytes  int64
	Length int64
}

// Snapshot lists what a copy of the log consists of, up to what is durable
// now. Hold the log before, until everything is copied; appends may go on.
// Open such a copy with NewID, then Raise it.
func (l *Log) Snapshot() []Part {
	l.mu.Lock()
	defer l.mu.Unlock()
	size := int64(headSize + len(l.ids)*len(ID{}))
	parts := []Part{{Name: l.path(idsName), Bytes: size, Length: size}}
	for _, s := range l.segments {
		parts = append(parts, Part{Name: l.path(s.name()), Bytes: s.end, Length: s.length})
	}
	return parts
}

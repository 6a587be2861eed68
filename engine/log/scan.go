package log

import (
	"bytes"
	"io"

	"quintet/engine/disk"
)

// readAhead is how much a scanner reads at once; a longer group is read whole.
const readAhead = 1 << 20

// scanner walks the groups of one segment. It checks each group for itself
// and its place; how groups follow each other is for its callers.
type scanner struct {
	file  disk.File
	id    ID
	at    int64 // the next group
	limit int64 // no group reaches beyond

	buf  []byte // bytes of the file from base on
	base int64
}

// next returns the group at s.at and moves behind it. Its body is valid until
// the following call. A bad group leaves s.at where it is and says what is
// wrong; err is io.EOF at the limit or a failed read.
func (s *scanner) next() (g group, wrong string, err error) {
	if s.at >= s.limit {
		return g, "", io.EOF
	}
	b, err := s.view(groupHeaderSize)
	if err != nil {
		return g, "", err
	}
	if len(b) < groupHeaderSize {
		return g, "no group fits here", nil
	}
	h, wrong := parseGroupHeader(b)
	switch {
	case wrong != "":
		return g, wrong, nil
	case h.position != s.at:
		return g, "the group belongs to another place", nil
	case h.id != s.id:
		return g, "the group belongs to another log", nil
	}
	if b, err = s.view(int64(h.length)); err != nil {
		return g, "", err
	}
	if g, wrong = parseGroup(b); wrong == "" {
		s.at += int64(g.length)
	}
	return g, wrong, nil
}

// view returns the n bytes from s.at on, or what the limit leaves of them.
func (s *scanner) view(n int64) ([]byte, error) {
	n = min(n, s.limit-s.at)
	if s.at < s.base || s.at+n > s.base+int64(len(s.buf)) {
		size := min(max(n, readAhead), s.limit-s.at)
		if int64(cap(s.buf)) < size {
			s.buf = make([]byte, size)
		}
		s.buf, s.base = s.buf[:size], s.at
		if _, err := s.file.ReadAt(s.buf, s.base); err != nil {
			s.buf = s.buf[:0]
			return nil, err
		}
	}
	from := s.at - s.base
	return s.buf[from : from+n], nil
}

// find moves s.at, upward, to the next whole group and reports whether there
// is one before the limit.
func (s *scanner) find() (bool, error) {
	for ; s.at+groupHeaderSize <= s.limit; s.at += groupAlign {
		if _, err := s.view(groupHeaderSize); err != nil {
			return false, err
		}
		b := s.buf[s.at-s.base:] // all that view read
		i := bytes.Index(b, groupMagic[:])
		if i < 0 {
			s.at += int64(len(b)-groupAlign) / groupAlign * groupAlign
			continue
		}
		s.at += int64(i) / groupAlign * groupAlign
		if i%groupAlign != 0 {
			continue
		}
		at := s.at
		_, wrong, err := s.next()
		if err != nil && err != io.EOF {
			return false, err
		}
		if s.at = at; err == nil && wrong == "" {
			return true, nil
		}
	}
	return false, nil
}

// lastNonzero returns where the last byte between from and to that is not zero
// ends, or from.
func lastNonzero(f disk.File, from, to int64) (int64, error) {
	buf := make([]byte, min(readAhead, to-from))
	last := from
	for at := from; at < to; at += int64(len(buf)) {
		buf = buf[:min(int64(len(buf)), to-at)]
		if _, err := f.ReadAt(buf, at); err != nil {
			return 0, err
		}
		if zero(buf) {
			continue
		}
		for i, b := range buf {
			if b != 0 {
				last = at + int64(i) + 1
			}
		}
	}
	return last, nil
}

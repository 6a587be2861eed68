package stream

import "bytes"

// scanner reads events by one shape. It is not safe for concurrent use.
//
// The quick path takes what events look like: one flat object without escapes.
// It only ever accepts; whatever it does not know goes to decode, which is slow
// and judges, so that both paths accept the same events with the same values.
type scanner struct {
	shape  *shape
	strict bool // refuse values of the wrong kind
	valid  bool // the lines are known to be UTF-8

	unknown [32]name // names of this event that the shape does not know
	count   int
}

// name is the place of a member's name in a line.
type name struct {
	head     uint64
	from, to int
}

// scan reads one line, which has no space around it.
func (s *scanner) scan(line []byte, e *event) error {
	e.reset(s.shape)
	if s.valid && s.quick(line, e) {
		return nil
	}
	e.reset(s.shape)
	return s.decode(line, e)
}

// quick reports whether it understood and accepted the line.
func (s *scanner) quick(b []byte, e *event) bool {
	if len(b) == 0 || b[0] != '{' {
		return false
	}
	var seen uint64 // a bit per slot
	var t token
	s.count = 0
	for i := 1; ; i++ {
		i = skipSpace(b, i)
		if i >= len(b) || b[i] != '"' {
			return false
		}
		from := i + 1
		to := plainEnd(b, from)
		if to < 0 {
			return false
		}
		slot, h := s.shape.find(b, from, to)
		if slot >= 0 {
			if seen&(1<<slot) != 0 {
				return false
			}
			seen |= 1 << slot
		} else if !s.note(b, name{h, from, to}) {
			return false
		}
		if i = skipSpace(b, to+1); i >= len(b) || b[i] != ':' {
			return false
		}
		if i = scanToken(b, skipSpace(b, i+1), &t); i < 0 || s.shape.set(e, slot, &t, s.strict) != nil {
			return false
		}
		if i = skipSpace(b, i); i >= len(b) {
			return false
		}
		if b[i] == '}' {
			return e.timed && i == len(b)-1
		}
		if b[i] != ',' {
			return false
		}
	}
}

// note remembers a name that the shape does not know, and reports whether it
// is new and there is room for it.
func (s *scanner) note(b []byte, n name) bool {
	for i := range s.count {
		o := &s.unknown[i]
		if o.head == n.head && o.to-o.from == n.to-n.from && bytes.Equal(b[o.from:o.to], b[n.from:n.to]) {
			return false
		}
	}
	if s.count == len(s.unknown) {
		return false
	}
	s.unknown[s.count] = n
	s.count++
	return true
}

// scanToken reads the plain value at b[i] and returns the index behind it, -1
// for everything else.
func scanToken(b []byte, i int, t *token) int {
	if i >= len(b) {
		return -1
	}
	switch c := b[i]; {
	case c == '"':
		end := plainEnd(b, i+1)
		if end < 0 {
			return -1
		}
		t.kind, t.text = kindText, b[i+1:end]
		return end + 1
	case c == '-' || c-'0' < 10:
		end := scanNumber(b, i, &t.num)
		t.kind, t.text = kindNumber, t.num.text
		return end
	case c == 't':
		return scanWord(b, i, "true", kindBool, t)
	case c == 'f':
		return scanWord(b, i, "false", kindBool, t)
	case c == 'n':
		return scanWord(b, i, "null", kindNull, t)
	}
	return -1
}

func scanWord(b []byte, i int, word string, k kind, t *token) int {
	end := i + len(word)
	if end > len(b) || string(b[i:end]) != word {
		return -1
	}
	t.kind, t.text = k, b[i:end]
	return end
}

// skipSpace returns the index of the first byte at or behind i that is none of
// the four spaces of JSON.
func skipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

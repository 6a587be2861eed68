package token

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// maxMembers bounds an object, because looking for duplicates compares each
// name with those before it.
const maxMembers = 32

// member is one member of an object. Value is its JSON text.
type member struct{ name, value []byte }

// scanObject splits data into the members of the one object that it must
// consist of, in one pass. It accepts less than encoding/json: no name twice
// at any level, names of printable ASCII without escapes, valid UTF-8, no half
// surrogate, nesting of at most depth, nothing behind the object. What it
// returns points into data.
func scanObject(data []byte, depth int, into []member) ([]member, bool) {
	if !utf8.Valid(data) {
		return nil, false
	}
	s := scanner{data: data}
	s.space()
	members, ok := s.object(depth, into)
	s.space()
	return members, ok && s.at == len(data)
}

type scanner struct {
	data []byte
	at   int
}

// peek returns the next byte, 0 at the end: no JSON holds a plain zero.
func (s *scanner) peek() byte {
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

// take passes over c, if it is next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.at == len(s.data) {
		return false
	}
	s.at++
	return true
}

func (s *scanner) space() {
	for s.peek() == ' ' || s.peek() == '\t' || s.peek() == '\n' || s.peek() == '\r' {
		s.at++
	}
}

// object reads an object that may nest depth deep, itself included.
func (s *scanner) object(depth int, into []member) ([]member, bool) {
	if depth == 0 || !s.take('{') {
		return nil, false
	}
	s.space()
	if s.take('}') {
		return into, true
	}
	for len(into) < maxMembers {
		name, ok := s.name()
		if !ok || find(into, name) != nil {
			return nil, false
		}
		s.space()
		if !s.take(':') {
			return nil, false
		}
		s.space()
		begin := s.at
		if !s.value(depth - 1) {
			return nil, false
		}
		into = append(into, member{name, s.data[begin:s.at]})
		s.space()
		if s.take('}') {
			return into, true
		}
		if !s.take(',') {
			return nil, false
		}
		s.space()
	}
	return nil, false
}

// find returns the member of exactly that name, nil if there is none.
func find(members []member, name []byte) *member {
	for i := range members {
		if bytes.Equal(members[i].name, name) {
			return &members[i]
		}
	}
	return nil
}

func (s *scanner) array(depth int) bool {
	if depth == 0 || !s.take('[') {
		return false
	}
	s.space()
	if s.take(']') {
		return true
	}
	for {
		if !s.value(depth - 1) {
			return false
		}
		s.space()
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
		s.space()
	}
}

func (s *scanner) value(depth int) bool {
	switch c := s.peek(); c {
	case '{':
		var room [8]member
		_, ok := s.object(depth, room[:0])
		return ok
	case '[':
		return s.array(depth)
	case '"':
		return s.text()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *scanner) word(w string) bool {
	if !bytes.HasPrefix(s.data[s.at:], []byte(w)) {
		return false
	}
	s.at += len(w)
	return true
}

// number follows the grammar of RFC 8259 §6.
func (s *scanner) number() bool {
	s.take('-')
	if !s.take('0') && s.digits() == 0 {
		return false
	}
	if s.take('.') && s.digits() == 0 {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.digits() > 0
	}
	return true
}

func (s *scanner) digits() (n int) {
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
		n++
	}
	return n
}

// name reads a member's name, which is printable ASCII without escapes, so
// that comparing bytes compares names.
func (s *scanner) name() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	begin := s.at
	for c := s.peek(); c >= ' ' && c <= '~' && c != '"' && c != '\\'; c = s.peek() {
		s.at++
	}
	name := s.data[begin:s.at]
	return name, s.take('"')
}

func (s *scanner) text() bool {
	s.at++ // the quote, as value has seen
	for {
		switch c := s.peek(); {
		case c == '"':
			s.at++
			return true
		case c == '\\':
			if !s.escape() {
				return false
			}
		case c < ' ':
			return false // also the end of the data
		default:
			s.at++
		}
	}
}

// escape reads what a backslash begins. Half of a surrogate pair has no
// meaning, and encoding/json puts U+FFFD in its place.
func (s *scanner) escape() bool {
	s.at++
	if s.peek() == 'u' {
		high, ok := s.unit()
		if !ok || high < 0xd800 || high > 0xdfff {
			return ok
		}
		if high >= 0xdc00 || !s.take('\\') || s.peek() != 'u' {
			return false
		}
		low, ok := s.unit()
		return ok && low >= 0xdc00 && low <= 0xdfff
	}
	if s.at == len(s.data) || bytes.IndexByte([]byte(`"\/bfnrt`), s.peek()) < 0 {
		return false
	}
	s.at++
	return true
}

// unit reads the u and the four digits of a UTF-16 code unit.
func (s *scanner) unit() (uint64, bool) {
	if len(s.data) < s.at+5 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s.data[s.at+1:s.at+5]), 16, 16)
	s.at += 5
	return v, err == nil
}

// textOf returns the string that a scanned value is, if it is one.
func textOf(value []byte) (text string, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), true
	}
	return text, json.Unmarshal(value, &text) == nil
}

// secondsOf returns the NumericDate that a scanned value is. RFC 7519 allows
// fractions and exponents; whole seconds up to the year 9999 are all we write.
func secondsOf(value []byte) (int64, bool) {
	const year9999 = 253_402_300_799
	n, err := strconv.ParseInt(string(value), 10, 64)
	return n, err == nil && n >= 0 && n <= year9999 && value[0] != '-'
}

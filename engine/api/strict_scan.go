package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// CheckJSON refuses what is not exactly one JSON value under the rules of
// Decode.
func CheckJSON(data []byte) error {
	if p := (pass{data: data}); p.whole() {
		return nil
	}
	return explain(data)
}

// explain says what is wrong with a text that a pass refused. It looks itself
// for what encoding/json lets pass, and leaves the grammar to encoding/json.
func explain(data []byte) error {
	s := scan{data: data}
	if err := s.check(); err != nil {
		return err
	}
	var whole json.RawMessage
	err := json.Unmarshal(data, &whole)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return describe(syntax)
	}
	return err
}

// describe says where the grammar is broken.
func describe(err *json.SyntaxError) error {
	switch {
	case strings.HasPrefix(err.Error(), "unexpected end"):
		return fmt.Errorf("the JSON value is cut off at byte %d", err.Offset)
	case strings.HasSuffix(err.Error(), "after top-level value"):
		return fmt.Errorf("something stands after the JSON value, at byte %d", err.Offset)
	}
	return fmt.Errorf("%w, at byte %d", err, err.Offset)
}

// scan is one pass over a JSON text.
type scan struct {
	data    []byte
	root    *shape // of the value; nil = any
	unknown string // where the first member stands that its shape does not have; "" = nowhere
	null    string // where the first null stands among values that cannot be null; "" = nowhere

	open []container
	next *shape // of the value that comes next
}

// manyMembers is from when on an object's names are looked up in a map.
const manyMembers = 16

// container is an object or an array that has not ended yet.
type container struct {
	object bool
	shape  *shape
	name   []byte // of the newest member
	at     int    // its place, or that of the newest value of an array
	names  [][]byte
	seen   map[string]struct{} // the same names, once there are many
}

// add notes a name and reports whether it is new.
func (c *container) add(name []byte) bool {
	if c.seen != nil {
		_, twice := c.seen[string(name)]
		c.seen[string(name)] = struct{}{}
		return !twice
	}
	if slices.ContainsFunc(c.names, func(n []byte) bool { return bytes.Equal(n, name) }) {
		return false
	}
	if c.names = append(c.names, name); len(c.names) == manyMembers {
		c.seen = make(map[string]struct{}, 2*manyMembers)
		for _, n := range c.names {
			c.seen[string(n)] = struct{}{}
		}
	}
	return true
}

// check looks for duplicate members, depth and characters, and notes unknown
// members. It may stop at any other fault: that one encoding/json finds.
func (s *scan) check() error {
	if !utf8.Valid(s.data) {
		return errors.New("the body is not valid UTF-8")
	}
	s.next = s.root
	for i := 0; i < len(s.data); i++ {
		switch c := s.data[i]; c {
		case '{', '[':
			if len(s.open) == MaxDepth {
				return fmt.Errorf("objects and arrays stand more than %d deep, at byte %d", MaxDepth, i+1)
			}
			s.enter(c == '{')
		case '}', ']':
			if len(s.open) == 0 {
				return nil
			}
			s.open = s.open[:len(s.open)-1]
		case ',':
			if n := len(s.open); n > 0 {
				s.next = s.open[n-1].shape.element()
				s.open[n-1].at++
			}
		case 'n':
			if s.next != nil && s.next.bare && s.null == "" {
				s.null = s.location()
			}
		case '"':
			text := quoted(s.data[i:])
			if n := len(s.open); n > 0 && s.open[n-1].object && isName(s.data[i+len(text):]) {
				if name := plainName(text); !s.member(&s.open[n-1], name) {
					return fmt.Errorf("the member %q stands twice, at byte %d", name, i+1)
				}
			}
			i += len(text) - 1
		}
	}
	return nil
}

// location names the value that comes next, as in body.vector[3].
func (s *scan) location() string {
	at := "body"
	for _, c := range s.open {
		if c.object {
			at += "." + string(c.name)
		} else {
			at += fmt.Sprintf("[%d]", c.at)
		}
	}
	return at
}

// enter opens the object or array that comes next.
func (s *scan) enter(object bool) {
	if s.next != nil && s.next.members != nil && !object {
		s.next = nil // not what it should be, which encoding/json finds
	}
	s.open = append(s.open, container{object: object, shape: s.next})
	s.next = s.next.element()
}

// member notes a member of an object and reports whether its name is new.
func (s *scan) member(c *container, name []byte) bool {
	s.next, c.name = c.shape.element(), name
	if c.shape != nil && c.shape.members != nil {
		known := false
		if s.next, known = c.shape.members[string(name)]; !known && s.unknown == "" {
			s.unknown = s.location()
		}
	}
	return c.add(name)
}

// quoted returns the string at the front of data with its quotes, or all of
// data when it does not end.
func quoted(data []byte) []byte {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return data[:i+1]
		}
	}
	return data
}

// isName reports whether a string followed by rest is the name of a member.
func isName(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

// plainName undoes the escapes, so that "a" and "\u0061" are one name.
func plainName(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1]
	}
	var name string
	if json.Unmarshal(text, &name) != nil {
		return text
	}
	return []byte(name)
}

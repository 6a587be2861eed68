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
// Decode. It looks itself for what encoding/json lets pass, in one pass without
// tokens, and leaves the grammar to encoding/json.
func CheckJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not valid UTF-8")
	}
	if err := checkMembersOnce(data); err != nil {
		return err
	}
	var whole json.RawMessage
	err := json.Unmarshal(data, &whole)
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	switch {
	case !ok:
		return err
	case strings.HasPrefix(syntax.Error(), "unexpected end"):
		return fmt.Errorf("the JSON value is cut off at byte %d", syntax.Offset)
	case strings.HasSuffix(syntax.Error(), "after top-level value"):
		return fmt.Errorf("something stands after the JSON value, at byte %d", syntax.Offset)
	}
	return fmt.Errorf("%w, at byte %d", err, syntax.Offset)
}

// manyMembers is from when on an object's names are looked up in a map.
const manyMembers = 16

// container is an object or an array that has not ended yet.
type container struct {
	object bool
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

// checkMembersOnce looks for duplicate members and depth. It may stop at any
// other fault: that one encoding/json finds.
func checkMembersOnce(data []byte) error {
	var open []container
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			if len(open) == MaxDepth {
				return fmt.Errorf("objects and arrays stand more than %d deep, at byte %d", MaxDepth, i+1)
			}
			open = append(open, container{object: data[i] == '{'})
		case '}', ']':
			if len(open) == 0 {
				return nil
			}
			open = open[:len(open)-1]
		case '"':
			text := quoted(data[i:])
			if len(open) > 0 && open[len(open)-1].object && isName(data[i+len(text):]) {
				if name := plainName(text); !open[len(open)-1].add(name) {
					return fmt.Errorf("the member %q stands twice, at byte %d", name, i+1)
				}
			}
			i += len(text) - 1
		}
	}
	return nil
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

package api

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// Object is a JSON object, read as far as its members.
type Object struct {
	Members []Member // in their order
	Compact bool     // no blanks stand between its tokens
}

// Member is one of an object: its name without escapes, and its value as it
// stands in the text.
type Member struct {
	Name  string
	Value []byte
}

// ParseObject reads an object that CheckJSON accepts. It returns nil for
// another value. Values share data's bytes.
func ParseObject(data []byte) (*Object, error) {
	p := pass{data: data, object: &Object{}}
	if !p.whole() {
		if err := explain(data); err != nil {
			return nil, err
		}
		return nil, errors.New("the JSON value cannot be read") // both know the same grammar
	}
	if p.object == nil {
		return nil, nil
	}
	p.object.Compact = !p.blanks
	return p.object, nil
}

// pass reads a JSON text in one pass, by all rules of CheckJSON. What is wrong
// with one that it refuses explain finds. Its methods take where something
// begins and return where it ends, -1 where it is refused.
type pass struct {
	data   []byte
	blanks bool    // some stand between tokens
	object *Object // that gets the members; nil = nobody asks for them
}

// whole reports whether the text is one value.
func (p *pass) whole() bool {
	if !utf8.Valid(p.data) {
		return false
	}
	begin := p.blank(0)
	if begin < len(p.data) && p.data[begin] != '{' {
		p.object = nil
	}
	end := p.value(begin, 0)
	return end >= 0 && p.blank(end) == len(p.data)
}

// blank passes blanks over.
func (p *pass) blank(at int) int {
	for at < len(p.data) && (p.data[at] == ' ' || p.data[at] == '\t' || p.data[at] == '\r' || p.data[at] == '\n') {
		p.blanks = true
		at++
	}
	return at
}

// is reports whether a byte stands at a place.
func (p *pass) is(at int, c byte) bool { return at < len(p.data) && p.data[at] == c }

// value reads any value; depth is in how many objects and arrays it stands.
func (p *pass) value(at, depth int) int {
	if at >= len(p.data) {
		return -1
	}
	switch c := p.data[at]; {
	case c == '"':
		return p.text(at)
	case c == '{' && depth < MaxDepth:
		return p.members(at+1, depth+1)
	case c == '[' && depth < MaxDepth:
		return p.elements(at+1, depth+1)
	case c == '-' || '0' <= c && c <= '9':
		return p.number(at)
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(p.data[at:], []byte(word)) {
			return at + len(word)
		}
	}
	return -1
}

// members reads what stands behind the brace of an object.
func (p *pass) members(at, depth int) int {
	var few [manyMembers][]byte
	names := container{names: few[:0]}
	if at = p.blank(at); p.is(at, '}') {
		return at + 1
	}
	for {
		if !p.is(at, '"') {
			return -1
		}
		end := p.text(at)
		if end < 0 {
			return -1
		}
		name := plainName(p.data[at:end])
		if at = p.blank(end); !names.add(name) || !p.is(at, ':') {
			return -1
		}
		at = p.blank(at + 1)
		if end = p.value(at, depth); end < 0 {
			return -1
		}
		if depth == 1 && p.object != nil {
			p.object.Members = append(p.object.Members, Member{string(name), p.data[at:end:end]})
		}
		if at = p.blank(end); p.is(at, '}') {
			return at + 1
		}
		if !p.is(at, ',') {
			return -1
		}
		at = p.blank(at + 1)
	}
}

// elements reads what stands behind the bracket of an array.
func (p *pass) elements(at, depth int) int {
	if at = p.blank(at); p.is(at, ']') {
		return at + 1
	}
	for {
		end := p.value(at, depth)
		if end < 0 {
			return -1
		}
		if at = p.blank(end); p.is(at, ']') {
			return at + 1
		}
		if !p.is(at, ',') {
			return -1
		}
		at = p.blank(at + 1)
	}
}

// text reads a string, from quote to quote.
func (p *pass) text(at int) int {
	for at++; at < len(p.data); at++ {
		switch c := p.data[at]; {
		case c == '"':
			return at + 1
		case c < ' ':
			return -1
		case c == '\\':
			if at++; at == len(p.data) {
				return -1
			}
			if p.data[at] != 'u' {
				if bytes.IndexByte([]byte(`"\/bfnrt`), p.data[at]) < 0 {
					return -1
				}
				continue
			}
			for range 4 {
				if at++; at == len(p.data) || !isHex(p.data[at]) {
					return -1
				}
			}
		}
	}
	return -1
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// number reads a number: no zero leads others, and digits follow point and
// exponent.
func (p *pass) number(at int) int {
	if p.data[at] == '-' {
		at++
	}
	begin := at
	if at = p.digits(at); at < 0 || p.data[begin] == '0' && at > begin+1 {
		return -1
	}
	if p.is(at, '.') {
		if at = p.digits(at + 1); at < 0 {
			return -1
		}
	}
	if p.is(at, 'e') || p.is(at, 'E') {
		if at++; p.is(at, '+') || p.is(at, '-') {
			at++
		}
		at = p.digits(at)
	}
	return at
}

// digits reads one digit at least.
func (p *pass) digits(at int) int {
	begin := at
	for at < len(p.data) && '0' <= p.data[at] && p.data[at] <= '9' {
		at++
	}
	if at == begin {
		return -1
	}
	return at
}

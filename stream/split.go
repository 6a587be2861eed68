package stream

import (
	"bytes"

	"quintet/engine"
)

// form is how a body holds its events.
type form uint8

const (
	formLines form = iota
	formArray
	formObject
)

// splitter cuts a body into the texts of its events: the lines of NDJSON, the
// elements of an array, or one object. It looks at brackets and quotes alone;
// the scanner judges each text.
type splitter struct {
	body  []byte
	form  form
	at    int
	line  int // of the text that next returned, counted from 1
	ended bool
}

// newSplitter takes what begins with a bracket as an array, and else as one
// object where the client says that the body is one JSON value.
func newSplitter(body []byte, oneValue bool) *splitter {
	s := &splitter{body: body, at: skipSpace(body, 0)}
	switch {
	case s.at == len(body):
		s.ended = true
	case body[s.at] == '[':
		s.form = formArray
		s.at++
	case oneValue:
		s.form = formObject
	default:
		s.at = 0 // blank lines before the first count
	}
	return s
}

// next returns the next text as body[from:to], which is empty at the end.
func (s *splitter) next() (from, to int, err error) {
	switch {
	case s.ended:
		return 0, 0, nil
	case s.form == formArray:
		return s.element()
	case s.form == formObject:
		s.ended, s.line = true, 1
		from, to = s.trim(s.at, len(s.body))
		return from, to, nil
	}
	for s.at < len(s.body) {
		from, to = s.at, len(s.body)
		if n := bytes.IndexByte(s.body[from:], '\n'); n >= 0 {
			to = from + n
		}
		s.at = to + 1
		s.line++
		if from, to = s.trim(from, to); from < to {
			return from, to, nil
		}
	}
	return 0, 0, nil
}

// trim takes the spaces off both ends of body[from:to].
func (s *splitter) trim(from, to int) (int, int) {
	for from < to && isSpace(s.body[from]) {
		from++
	}
	for from < to && isSpace(s.body[to-1]) {
		to--
	}
	return from, to
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

var errArray = engine.Errorf(engine.Malformed, "malformed_json", "the array of events cannot be parsed: it has the form [{…},{…}] and nothing behind it")

// element returns the next element of the array.
func (s *splitter) element() (from, to int, err error) {
	from = skipSpace(s.body, s.at)
	if from < len(s.body) && s.body[from] == ']' && s.line == 0 {
		return 0, 0, s.close(from)
	}
	open := 0
	for i := from; i < len(s.body); i++ {
		switch c := s.body[i]; {
		case c == '"':
			if i = textEnd(s.body, i); i < 0 {
				return 0, 0, errArray
			}
		case c == '{' || c == '[':
			open++
		case open > 0 && (c == '}' || c == ']'):
			open--
		case open == 0 && (c == ',' || c == ']'):
			return s.cut(from, i)
		case c == '}':
			return 0, 0, errArray
		}
	}
	return 0, 0, errArray
}

// cut ends an element at the comma or bracket at i.
func (s *splitter) cut(from, i int) (int, int, error) {
	_, to := s.trim(from, i)
	if from >= to {
		return 0, 0, errArray
	}
	s.at = i + 1
	s.line++
	if s.body[i] == ']' {
		return from, to, s.close(i)
	}
	return from, to, nil
}

// close demands that nothing follows the bracket at i.
func (s *splitter) close(i int) error {
	s.ended = true
	if skipSpace(s.body, i+1) < len(s.body) {
		return errArray
	}
	return nil
}

// textEnd returns the index of the quote that closes the text opened at i, -1
// if there is none.
func textEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

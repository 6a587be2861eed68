package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"quintet/engine"
	"quintet/engine/api"
)

// decode reads any event, with the grammar of encoding/json and these rules on
// top: valid UTF-8, one object, members of the event that differ, at most 256
// of them, nesting of at most 64. A lone surrogate becomes U+FFFD, as in
// encoding/json. Members of nested objects are not looked at.
func (s *scanner) decode(line []byte, e *event) error {
	if !s.valid && !utf8.Valid(line) {
		return malformed("the event is not valid UTF-8")
	}
	err := members(line, func(name string, t *token) error {
		slot, _ := s.shape.find([]byte(name), 0, len(name))
		return s.shape.set(e, slot, t, s.strict)
	})
	if err == nil && !e.timed {
		return errTimeMissing
	}
	return err
}

// members calls each with the members of an event, and refuses what is none.
func members(line []byte, each func(name string, t *token) error) error {
	if err := checkSyntax(line); err != nil {
		return err
	}
	seen := map[string]bool{}
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return malformed(err.Error())
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return malformed(err.Error())
		}
		name, _ := key.(string)
		if seen[name] {
			return malformed("the member " + quoted(name) + " stands twice")
		}
		if seen[name] = true; len(seen) > maxMembers {
			return engine.Errorf(engine.Invalid, "too_many_members", "an event may have %d members", maxMembers)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return malformed(err.Error())
		}
		t, err := decodeToken(raw)
		if err != nil {
			return malformed(err.Error())
		}
		if err := each(name, &t); err != nil {
			return err
		}
	}
	return nil
}

// checkSyntax refuses what is not one JSON object.
func checkSyntax(line []byte) error {
	if !json.Valid(line) {
		var any json.RawMessage
		err := json.Unmarshal(line, &any)
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return engine.Errorf(engine.Invalid, "malformed_json", "%s, at byte %d", syntax, syntax.Offset)
		}
		return malformed("this is no JSON")
	}
	if line[0] != '{' {
		return malformed("an event is a JSON object")
	}
	if depth(line) > api.MaxDepth {
		return engine.Errorf(engine.Invalid, "malformed_json", "objects and arrays stand more than %d deep", api.MaxDepth)
	}
	return nil
}

func malformed(why string) error {
	return engine.Errorf(engine.Invalid, "malformed_json", "%s", why)
}

func quoted(name string) string {
	if len(name) > 64 {
		name = name[:64]
	}
	text, _ := json.Marshal(name) // texts marshal
	return string(text)
}

// decodeToken reads one valid JSON value.
func decodeToken(raw []byte) (t token, err error) {
	switch raw[0] {
	case '"':
		var text string
		err = json.Unmarshal(raw, &text)
		return token{kind: kindText, text: []byte(text)}, err
	case '{', '[':
		return token{kind: kindNested}, nil
	}
	scanToken(raw, 0, &t)
	return t, nil
}

// depth returns how deep valid JSON nests.
func depth(b []byte) (deepest int) {
	open := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			open++
			deepest = max(deepest, open)
		case '}', ']':
			open--
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		}
	}
	return deepest
}

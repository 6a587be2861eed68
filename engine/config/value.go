package config

import (
	"encoding"
	"errors"
	"fmt"
	"strings"
	"time"
)

// set parses what a source gave and stores it in the field.
func (s *setting) set(g given, refs *references) error {
	if list, ok := s.target.(*[]string); ok {
		*list = g.list()
		return nil
	}
	if g.items != nil {
		return &complaint{"is a list", "give one value"}
	}
	if target, ok := s.target.(*Secret); ok {
		return assign(target, g.text, refs.secret)
	}
	return s.parse(g.text)
}

// parse stores a text in the field, whose kind is neither list nor secret.
func (s *setting) parse(text string) error {
	switch target := s.target.(type) {
	case *string:
		*target = text
		return nil
	case *bool:
		return assign(target, text, parseBool)
	case *int:
		return assign(target, text, parseInt)
	case *int64:
		return assign(target, text, parseInt64)
	case *uint:
		return assign(target, text, parseUint)
	case *float64:
		return assign(target, text, parseFloat)
	case *time.Duration:
		return assign(target, text, parseDuration)
	case encoding.TextUnmarshaler:
		return target.UnmarshalText([]byte(text))
	}
	return fmt.Errorf("config: %s: no parser for %T", s.name, s.target)
}

// setDefault stores the default tag. A secret has none: it would be public.
func (s *setting) setDefault() error {
	if s.preset == "" {
		return nil
	}
	if s.secret {
		return fmt.Errorf("config: %s: a secret cannot have a default", s.name)
	}
	if err := s.set(given{text: s.preset}, nil); err != nil {
		return fmt.Errorf("config: %s: default %q: %w", s.name, s.preset, err)
	}
	return nil
}

// problem describes why set refused a value, without showing a secret.
func (s *setting) problem(g given, err error) Problem {
	p := Problem{Field: s.name, Value: g.text, Source: g.source, Problem: err.Error()}
	var c *complaint
	if errors.As(err, &c) {
		p.Problem, p.Hint = c.what, c.hint
	}
	if s.secret {
		p.Value = redacted
		if c == nil {
			p.Problem = "cannot be parsed" // a foreign error may quote its input
		}
	}
	return p
}

func (g given) list() []string {
	if g.items != nil || g.text == "" {
		return g.items
	}
	return splitList(g.text)
}

func splitList(text string) []string {
	items := strings.Split(text, ",")
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
	}
	return items
}

func assign[T any](target *T, text string, parse func(string) (T, error)) error {
	value, err := parse(text)
	if err == nil {
		*target = value
	}
	return err
}

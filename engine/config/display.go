package config

import (
	"encoding"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// display is the value for people: in problems. A secret is redacted.
func (s *setting) display() string {
	if s.secret {
		return s.redact()
	}
	switch target := s.target.(type) {
	case *string:
		return *target
	case *[]string:
		return strings.Join(*target, ",")
	}
	return s.literal()
}

// literal is the value as the configuration file would write it. A secret that
// was loaded by reference shows the reference, any other is redacted.
func (s *setting) literal() string {
	if s.secret {
		return strconv.Quote(s.redact())
	}
	switch target := s.target.(type) {
	case *string:
		return strconv.Quote(*target)
	case *[]string:
		items := make([]string, len(*target))
		for i, item := range *target {
			items[i] = strconv.Quote(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case *bool:
		return strconv.FormatBool(*target)
	case *int:
		return strconv.Itoa(*target)
	case *int64:
		return strconv.FormatInt(*target, 10)
	case *uint:
		return strconv.FormatUint(uint64(*target), 10)
	case *float64:
		return strconv.FormatFloat(*target, 'g', -1, 64)
	case *time.Duration:
		return target.String()
	case encoding.TextMarshaler:
		return marshal(target)
	}
	return ""
}

// redact is what may be shown of a secret: that it is not set, or how it was loaded.
func (s *setting) redact() string {
	switch target := s.target.(type) {
	case *Secret:
		return target.describe()
	case *string:
		if *target == "" {
			return ""
		}
	}
	return redacted
}

func marshal(m encoding.TextMarshaler) string {
	text, err := m.MarshalText()
	if err != nil {
		return strconv.Quote(fmt.Sprintf("cannot be shown: %v", err))
	}
	if plain(text) {
		return string(text)
	}
	return strconv.Quote(string(text))
}

// plain reports whether YAML reads the text as itself without quotes.
func plain(text []byte) bool {
	for _, c := range text {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return len(text) > 0 && !strings.EqualFold(string(text), "null")
}

// kind is the word that the documentation uses for the type of a setting.
func (s *setting) kind() string {
	switch s.target.(type) {
	case *string:
		return "text"
	case *bool:
		return "true or false"
	case *int, *int64, *uint:
		return "whole number"
	case *float64:
		return "number"
	case *time.Duration:
		return "duration"
	case *[]string:
		return "list"
	case *Size:
		return "size"
	case *Secret:
		return "secret"
	}
	return "text"
}

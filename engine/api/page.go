package api

import (
	"encoding/base64"

	"quintet/engine"
)

// Limits of a page of a list.
const (
	DefaultLimit = 50
	MaxLimit     = 1_000
)

// List is one page. Next is the cursor of the following one, nil at the end.
type List[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

// NewList makes a page of at most limit items from up to limit+1 of them; the
// cursor leads to what follows the last item, by the key that key gives it.
func NewList[T any](items []T, limit int, key func(T) []byte) List[T] {
	if items == nil {
		items = []T{} // [] and not null
	}
	if len(items) <= limit {
		return List[T]{Items: items}
	}
	items = items[:limit]
	return List[T]{Items: items, Next: Cursor(key(items[limit-1]))}
}

// Cursor makes the cursor that leads to what follows a key.
func Cursor(key []byte) *string {
	cursor := base64.RawURLEncoding.EncodeToString(key)
	return &cursor
}

// CheckLimit returns the limit of a page; 0 means the default.
func CheckLimit(limit int) (int, error) {
	switch {
	case limit == 0:
		return DefaultLimit, nil
	case limit < 0 || limit > MaxLimit:
		return 0, engine.Errorf(engine.Invalid, "invalid_limit", "limit is from 1 to %d", MaxLimit)
	}
	return limit, nil
}

// ParseCursor returns the key that a cursor stands for, nil for none.
func ParseCursor(cursor string) ([]byte, error) {
	if cursor == "" {
		return nil, nil
	}
	key, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(key) > 1024 {
		return nil, engine.Errorf(engine.Invalid, "invalid_cursor", "the cursor is none that a list gave out; start again without it")
	}
	return key, nil
}

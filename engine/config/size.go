package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, written with a unit: "64MiB", "10GB", "512". It is
// never negative.
type Size int64

// sizeUnits lists the larger before the smaller, the binary before the decimal:
// String takes the first that divides.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3},
	{"B", 1},
}

const sizeHint = "a whole number and its unit, such as 512B, 64KiB, 64MiB, 10GB"

// ParseSize reads what String writes. Units may be in any case; a number
// without one counts bytes. M and G alone are refused: they mean two things.
func ParseSize(text string) (Size, error) {
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit := text[len(digits):]
	number, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 63)
	if errors.Is(err, strconv.ErrRange) {
		return 0, &complaint{"is more than 8 EiB", sizeHint}
	}
	if err != nil {
		return 0, &complaint{"is not a size", sizeHint}
	}
	bytes, ok := unitBytes(unit)
	if !ok {
		return 0, &complaint{"has an unknown unit", sizeHint}
	}
	if number > uint64(math.MaxInt64/bytes) {
		return 0, &complaint{"is more than 8 EiB", sizeHint}
	}
	return Size(int64(number) * bytes), nil
}

func unitBytes(name string) (int64, bool) {
	if name == "" {
		return 1, true
	}
	for _, unit := range sizeUnits {
		if strings.EqualFold(unit.name, name) {
			return unit.bytes, true
		}
	}
	return 0, false
}

// String writes the size exactly, in the largest unit that divides it.
func (s Size) String() string {
	for _, unit := range sizeUnits {
		if s != 0 && int64(s)%unit.bytes == 0 {
			return strconv.FormatInt(int64(s)/unit.bytes, 10) + unit.name
		}
	}
	return "0B"
}

// MarshalText writes String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads ParseSize.
func (s *Size) UnmarshalText(text []byte) error { return assign(s, string(text), ParseSize) }

package api

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a span of time as the contract writes it: a whole number and one
// unit of ms, s, m, h, d, w or y, as in "90s". A day has 24 hours, a year 365
// days.
type Duration time.Duration

var units = []struct {
	name string
	span time.Duration
}{ // the longest that divides a duration writes it
	{"y", 365 * 24 * time.Hour}, {"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour},
	{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond},
}

// ParseDuration reads what String writes. It accepts no sign and nothing that
// is longer than 292 years.
func ParseDuration(s string) (Duration, error) {
	digits := strings.TrimRight(s, "mshdwy")
	unit := s[len(digits):]
	n, err := strconv.ParseUint(digits, 10, 63)
	for _, u := range units {
		if err == nil && u.name == unit && digits[0] != '+' && n <= uint64(math.MaxInt64/u.span) {
			return Duration(time.Duration(n) * u.span), nil
		}
	}
	return 0, fmt.Errorf("%.40q is not a duration: write a whole number and ms, s, m, h, d, w or y, as in 90s", s)
}

func (d Duration) String() string {
	for _, u := range units {
		if d != 0 && time.Duration(d)%u.span == 0 {
			return strconv.FormatInt(int64(time.Duration(d)/u.span), 10) + u.name
		}
	}
	return strconv.FormatInt(time.Duration(d).Milliseconds(), 10) + "ms"
}

// MarshalText writes String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDuration(string(text))
	return err
}

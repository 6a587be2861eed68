package stream

import "time"

// Integers as times, by magnitude. Seconds end in the year 5138,
// milliseconds begin in 1973.
const (
	secondsBelow = 1e11
	millisBelow  = 1e14
	microsBelow  = 1e17
)

// instant reads a time as Unix nanoseconds. Before 1970 there is none.
func instant(t *token) (at int64, ok bool) {
	switch t.kind {
	case kindText:
		when, ok := parseRFC3339(t.text)
		return when.UnixNano(), ok
	case kindNumber:
		n := &t.num
		if n.exponent || n.decimals > 0 || n.negative || n.count > 19 || n.digits > 1<<63-1 {
			return 0, false
		}
		return epoch(int64(n.digits))
	}
	return 0, false
}

// epoch tells the unit of n by its magnitude and returns nanoseconds. What is
// beyond the year 2261 does not fit.
func epoch(n int64) (at int64, ok bool) {
	switch {
	case n < secondsBelow:
		return n * 1e9, n < 9e9
	case n < millisBelow:
		return n * 1e6, n < 9e12
	case n < microsBelow:
		return n * 1e3, n < 9e15
	}
	return n, true
}

// parseRFC3339 is strict where package time is not: two digits for the hour,
// a point before the fraction, an offset of less than a day. It refuses what
// nanoseconds since 1970 cannot hold.
func parseRFC3339(text []byte) (when time.Time, ok bool) {
	const form = "0000-00-00T00:00:00"
	if len(text) <= len(form) {
		return when, false
	}
	for i, c := range []byte(form) {
		if c != '0' && text[i] != c || c == '0' && text[i]-'0' > 9 {
			return when, false
		}
	}
	switch zone := text[len(text)-min(len(text), len("+00:00")):]; {
	case text[len(form)] == ',':
		return when, false
	case text[len(text)-1] != 'Z' && (string(zone[1:3]) > "23" || string(zone[4:]) > "59"):
		return when, false
	}
	err := when.UnmarshalText(text)
	return when, err == nil && when.Unix() >= 0 && when.Year() >= 1970 && when.Year() <= 2261
}

package telemetry

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// TraceID names a whole trace; all zeros is not one.
type TraceID [16]byte

// String writes 32 lower-case hexadecimal digits.
func (id TraceID) String() string { return hex.EncodeToString(id[:]) }

// SpanID names one span of a trace; all zeros is not one.
type SpanID [8]byte

// String writes 16 lower-case hexadecimal digits.
func (id SpanID) String() string { return hex.EncodeToString(id[:]) }

// TraceFlags are the bits of the last field.
type TraceFlags byte

// Flags that version 00 defines; others are dropped when a text is read, as the
// specification asks of a participant that does not know them.
const (
	FlagSampled TraceFlags = 1 << 0 // the caller may have recorded its span
	FlagRandom  TraceFlags = 1 << 1 // the trace id's last 7 bytes are random

	knownFlags = FlagSampled | FlagRandom
)

// TraceParent is one span of a trace, as the traceparent field carries it
// (W3C Trace Context Level 2, §3.2). The zero value is no span. Values compare
// with ==.
type TraceParent struct {
	TraceID TraceID
	SpanID  SpanID
	Flags   TraceFlags
}

// ErrTraceParent is wrapped by every error of ParseTraceParent.
var ErrTraceParent = errors.New("not a traceparent")

// Positions in version-traceid-parentid-flags, 2-32-16-2 digits.
const (
	traceIDAt = 3
	spanIDAt  = traceIDAt + 32 + 1
	flagsAt   = spanIDAt + 16 + 1
	length00  = flagsAt + 2
)

// ParseTraceParent reads a traceparent. A version above 00 may carry more
// fields, which are ignored; version ff, upper-case digits, and ids of zeros
// are errors (§3.2.2, §4.1).
func ParseTraceParent(text string) (TraceParent, error) {
	var t TraceParent
	if err := checkForm(text); err != nil {
		return t, err
	}
	var version, flags [1]byte
	fields := []struct {
		name string
		into []byte
		at   int
	}{
		{"version", version[:], 0},
		{"trace id", t.TraceID[:], traceIDAt},
		{"parent id", t.SpanID[:], spanIDAt},
		{"flags", flags[:], flagsAt},
	}
	for _, f := range fields {
		if !readHex(f.into, text[f.at:]) {
			return TraceParent{}, fmt.Errorf("%w: the %s is not lower-case hexadecimal", ErrTraceParent, f.name)
		}
	}
	t.Flags = TraceFlags(flags[0]) & knownFlags
	switch {
	case version[0] == 0xff:
		return TraceParent{}, fmt.Errorf("%w: version ff is forbidden", ErrTraceParent)
	case version[0] == 0 && len(text) != length00:
		return TraceParent{}, fmt.Errorf("%w: version 00 has %d characters, not %d", ErrTraceParent, length00, len(text))
	case !t.IsValid():
		return TraceParent{}, fmt.Errorf("%w: an id is all zeros", ErrTraceParent)
	}
	return t, nil
}

// checkForm checks the length and the hyphens, which all versions share.
func checkForm(text string) error {
	if len(text) < length00 {
		return fmt.Errorf("%w: %d characters, want %d", ErrTraceParent, len(text), length00)
	}
	for _, at := range []int{traceIDAt, spanIDAt, flagsAt} {
		if text[at-1] != '-' {
			return fmt.Errorf("%w: no hyphen at position %d", ErrTraceParent, at-1)
		}
	}
	if len(text) > length00 && text[length00] != '-' {
		return fmt.Errorf("%w: no hyphen at position %d", ErrTraceParent, length00)
	}
	return nil
}

// readHex fills into from the digits at the front of text, lower case only.
func readHex(into []byte, text string) bool {
	for i := range into {
		high, ok1 := digit(text[2*i])
		low, ok2 := digit(text[2*i+1])
		if !ok1 || !ok2 {
			return false
		}
		into[i] = high<<4 | low
	}
	return true
}

func digit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// IsValid reports whether neither id is all zeros.
func (t TraceParent) IsValid() bool {
	return t.TraceID != TraceID{} && t.SpanID != SpanID{}
}

// String writes version 00, "" for a value that is not valid.
func (t TraceParent) String() string {
	if !t.IsValid() {
		return ""
	}
	return fmt.Sprintf("00-%s-%s-%02x", t.TraceID, t.SpanID, byte(t.Flags&knownFlags))
}

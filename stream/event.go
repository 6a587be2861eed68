package stream

import (
	"quintet/engine"
)

// event is what the scanner finds in one line. Texts point into the line, or
// into memory of their own where the line holds escapes.
type event struct {
	at      int64 // Unix nanoseconds
	timed   bool
	dims    [maxDimensions][]byte // nil = missing or null
	values  [maxMeasures]float64
	present uint32 // bit i: values[i] is there
}

func (e *event) reset(s *shape) {
	e.at, e.timed, e.present = 0, false, 0
	clear(e.dims[:len(s.Dimensions)])
}

// kind is what a JSON value is.
type kind uint8

const (
	kindText kind = iota
	kindNumber
	kindBool
	kindNull
	kindNested
)

var kindNames = [...]string{"a text", "a number", "true or false", "null", "an object or array"}

// token is one value of an event.
type token struct {
	kind kind
	text []byte // without quotes and escapes; of a number or bool as it is written
	num  number
}

// Reasons for which a line is refused, beside malformed_json.
var (
	errTimeMissing = engine.Errorf(engine.Invalid, "time_missing", "the event has no time")
	errTimeInvalid = engine.Errorf(engine.Invalid, "invalid_time", "the time is a text as in 2026-01-02T15:04:05Z (RFC 3339), or a whole number of seconds, milliseconds, microseconds or nanoseconds since 1970")
)

// set puts t into the slot of e. A strict set refuses what has the wrong kind;
// otherwise it counts as missing: a definition that came later must be able to
// read what was accepted under an earlier one.
func (s *shape) set(e *event, slot int, t *token, strict bool) error {
	switch {
	case slot == slotUnknown:
		return nil
	case slot == slotReserved:
		return engine.Errorf(engine.Invalid, "reserved_member", "%s is reserved; rename it", offsetMember)
	case slot == slotTime:
		at, ok := instant(t)
		if !ok {
			return errTimeInvalid
		}
		e.at, e.timed = at, true
		return nil
	case slot < slotFirst+len(s.Dimensions):
		return s.setDimension(e, slot-slotFirst, t, strict)
	}
	return s.setMeasure(e, slot-slotFirst-len(s.Dimensions), t, strict)
}

// setDimension takes texts, and numbers and booleans as they are written.
func (s *shape) setDimension(e *event, i int, t *token, strict bool) error {
	switch {
	case t.kind == kindNull:
	case t.kind == kindNested && strict:
		return engine.Errorf(engine.Invalid, "invalid_dimension", "%s is %s; a dimension is a text, a number, true or false", s.Dimensions[i], kindNames[t.kind])
	case len(t.text) > maxDimension && strict:
		return engine.Errorf(engine.Invalid, "dimension_too_long", "%s has %d bytes; a dimension may have %d", s.Dimensions[i], len(t.text), maxDimension)
	case t.kind != kindNested && len(t.text) <= maxDimension:
		e.dims[i] = t.text
		if t.text == nil {
			e.dims[i] = []byte{}
		}
	}
	return nil
}

func (s *shape) setMeasure(e *event, i int, t *token, strict bool) error {
	if t.kind == kindNumber {
		if f, ok := t.num.float(); ok {
			e.values[i] = f
			e.present |= 1 << i
			return nil
		}
	}
	switch {
	case t.kind == kindNull || !strict:
		return nil
	case t.kind == kindNumber:
		return engine.Errorf(engine.Invalid, "invalid_measure", "%s is beyond the range of a float64", s.Measures[i])
	}
	return engine.Errorf(engine.Invalid, "invalid_measure", "%s is %s; a measure is a number", s.Measures[i], kindNames[t.kind])
}

package stream

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"quintet/engine"
	"quintet/engine/api"
)

// The data of a batch in the log, see FORMAT.md: a header, then the lines.
const (
	batchVersion = 1
	batchHeader  = 1 + 8 + 4
	maxBody      = engine.MaxEventBatch - batchHeader
)

// batch is the events of one request, on the way to the log or from it.
type batch struct {
	shape    *shape
	received int64 // Unix milliseconds, see Streams.receive
	data     []byte
	count    uint32 // events in data
	rejected uint32 // lines that were left out
	tally    *tally
	first    int64 // least and greatest Unix second of the events
	last     int64

	producer engine.ID // zero = none
	sequence uint64    // by the producer's count
}

// encodeHeader writes the header into the room before the lines.
func (b *batch) encodeHeader() {
	b.data[0] = batchVersion
	binary.LittleEndian.PutUint64(b.data[1:], uint64(b.received))
	binary.LittleEndian.PutUint32(b.data[9:], b.rejected)
}

// decodeHeader reads the header of a batch in the log.
func decodeHeader(data []byte) (received int64, rejected uint32, lines []byte, err error) {
	if len(data) < batchHeader || data[0] != batchVersion {
		return 0, 0, nil, fmt.Errorf("a batch of %d bytes has no header of version %d", len(data), batchVersion)
	}
	return int64(binary.LittleEndian.Uint64(data[1:])), binary.LittleEndian.Uint32(data[9:]), data[batchHeader:], nil
}

// parsing is how the events of a body are read.
type parsing struct {
	shape    *shape
	received int64
	oneValue bool                  // the body is one JSON value, not lines
	partial  bool                  // keep the good events where some are bad
	grow     func(bytes int) error // told what the tally holds
}

// parse reads, validates and counts every event of a body, which stands in
// data behind room for the header. It moves the accepted lines together in
// place. Bad lines refuse the whole batch, unless p.partial is set; report
// lists them.
func (p *parsing) parse(data []byte, t *tally) (b *batch, report *api.Bulk, err error) {
	b = &batch{shape: p.shape, received: p.received, tally: t, first: math.MaxInt64}
	body, end := data[batchHeader:], 0
	lines := newSplitter(body, p.oneValue)
	sc := scanner{shape: p.shape, strict: true, valid: utf8.Valid(body)}
	latest := time.UnixMilli(p.received).Add(maxAhead).UnixNano()
	report = api.NewBulk()
	var e event
	var key []byte
	for {
		from, to, err := lines.next()
		if err != nil {
			return nil, nil, err
		}
		if from == to {
			break
		}
		if report.Accepted+report.Rejected == maxEvents {
			return nil, nil, engine.Errorf(engine.TooLarge, "too_many_lines", "one request may have %d events; send the rest in another", maxEvents)
		}
		if err := sc.judge(body[from:to], &e, latest); err != nil {
			report.Reject(lines.line, err)
			continue
		}
		report.Accept()
		key = b.countIn(&e, key)
		end = moveLine(body, from, to, end, lines.form != formLines)
		if err := p.grow(t.bytes()); err != nil {
			return nil, nil, err
		}
	}
	b.count, b.rejected = uint32(report.Accepted), uint32(report.Rejected)
	b.data = data[:batchHeader+end]
	b.encodeHeader()
	return b, report, p.verdict(report)
}

// judge scans one line and refuses what is too long or too far ahead.
func (s *scanner) judge(line []byte, e *event, latest int64) error {
	if len(line) > maxEventBytes {
		return engine.Errorf(engine.Invalid, "event_too_large", "the event has %d bytes and may have %d", len(line), maxEventBytes)
	}
	if err := s.scan(line, e); err != nil {
		return err
	}
	if e.at > latest {
		return engine.Errorf(engine.Invalid, "time_ahead", "the time is more than %s ahead of the server's clock", api.Duration(maxAhead))
	}
	return nil
}

// countIn adds an event to the batch's tally, by way of a buffer for its key.
func (b *batch) countIn(e *event, key []byte) []byte {
	at := second(e.at)
	b.first, b.last = min(b.first, at), max(b.last, at)
	key = appendKey(key[:0], e.dims[:len(b.shape.Dimensions)])
	b.tally.add(at, key, e)
	return key
}

// moveLine moves body[from:to] to end, behind a line feed, and returns the new
// end. There is room: something stood between the line and the one before it.
// Line feeds inside an element can only be spaces, and become blanks.
func moveLine(body []byte, from, to, end int, feeds bool) int {
	if feeds {
		for i := from; i < to; i++ {
			if body[i] == '\n' || body[i] == '\r' {
				body[i] = ' '
			}
		}
	}
	if end > 0 {
		body[end] = '\n'
		end++
	}
	return end + copy(body[end:], body[from:to])
}

// verdict decides whether a batch with these lines is taken.
func (p *parsing) verdict(report *api.Bulk) error {
	switch {
	case report.Accepted+report.Rejected == 0:
		return engine.Errorf(engine.Invalid, "no_events", "the body holds no event")
	case report.Rejected == 0 || p.partial:
		return nil
	}
	err := engine.Errorf(engine.Invalid, "events_rejected", "%d of %d events are refused, and nothing was stored; mend the lines listed, or send ?partial=true to keep the others",
		report.Rejected, report.Accepted+report.Rejected)
	for _, l := range report.Errors {
		err.Fields = append(err.Fields, engine.FieldError{Location: fmt.Sprintf("body.line[%d]", l.Line), Message: l.Code + ": " + l.Detail})
	}
	return err
}

// recount reads the lines of a stored batch by a shape that may be newer than
// they are, and calls each event with its offset, from first on, and its line.
// The time of a stream never changes, so every stored line can be read.
func (s *shape) recount(lines []byte, first uint64, each func(offset uint64, e *event, line []byte) error) error {
	sc := scanner{shape: s, valid: true}
	var e event
	for len(lines) > 0 {
		line, rest, _ := bytes.Cut(lines, []byte{'\n'})
		if err := sc.scan(line, &e); err != nil {
			return fmt.Errorf("the event at offset %d: %w", first, err)
		}
		if err := each(first, &e, line); err != nil {
			return err
		}
		lines = rest
		first++
	}
	return nil
}

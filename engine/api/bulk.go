package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"quintet/engine"
)

// Limits of a bulk body.
const (
	MaxLines      = 10_000
	maxListErrors = 100
)

// Bulk answers a bulk request whose lines are taken one by one.
type Bulk struct {
	Accepted int         `json:"accepted"`
	Rejected int         `json:"rejected"`
	Errors   []LineError `json:"errors"`        // the first 100
	IDs      []string    `json:"ids,omitempty"` // in line order, "" for a rejected line
}

// LineError says what was wrong with one line, counted from 1.
type LineError struct {
	Line   int    `json:"line"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// NewBulk returns the answer of a request without lines.
func NewBulk() *Bulk { return &Bulk{Errors: []LineError{}} }

// Accept counts an accepted line.
func (b *Bulk) Accept() { b.Accepted++ }

// Reject counts a rejected line and lists why, up to the hundredth.
func (b *Bulk) Reject(line int, err error) {
	b.Rejected++
	if len(b.Errors) < maxListErrors {
		b.Errors = append(b.Errors, NewLineError(line, err))
	}
}

// NewLineError keeps what a user may see of err.
func NewLineError(line int, err error) LineError {
	if own, ok := errors.AsType[*engine.Error](err); ok {
		return LineError{Line: line, Code: own.Code, Detail: own.Detail}
	}
	return LineError{Line: line, Code: "internal", Detail: "this line failed; see the server's log"}
}

// Lines reads a bulk body, NDJSON or one JSON array, and calls each with the
// raw JSON of every line, or element, counted from 1. Blank lines are counted
// and passed over. The raw JSON is valid during the call only. It stops at the
// first error of each. More than limit lines, or one of more than maxLine
// bytes, are TooLarge.
func Lines(body io.Reader, limit, maxLine int, each func(line int, raw []byte) error) error {
	in := bufio.NewReaderSize(body, 64<<10)
	for {
		c, err := in.ReadByte()
		if err != nil {
			return ignoreEOF(err)
		}
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			continue
		}
		if err := in.UnreadByte(); err != nil {
			return err
		}
		if c == '[' {
			return elements(in, limit, maxLine, each)
		}
		return lines(in, limit, maxLine, each)
	}
}

func lines(in *bufio.Reader, limit, maxLine int, each func(int, []byte) error) error {
	scan := bufio.NewScanner(in)
	scan.Buffer(make([]byte, 0, 64<<10), maxLine+2)
	for n := 1; scan.Scan(); n++ {
		raw := bytes.TrimSpace(scan.Bytes())
		if len(raw) == 0 {
			continue
		}
		if err := checkLine(n, limit, len(raw), maxLine); err != nil {
			return err
		}
		if err := each(n, raw); err != nil {
			return err
		}
	}
	if errors.Is(scan.Err(), bufio.ErrTooLong) {
		return engine.Errorf(engine.TooLarge, "line_too_large", "a line may have %d bytes", maxLine)
	}
	return scan.Err()
}

func elements(in *bufio.Reader, limit, maxLine int, each func(int, []byte) error) error {
	d := json.NewDecoder(in)
	if _, err := d.Token(); err != nil {
		return malformed(err)
	}
	for n := 1; d.More(); n++ {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return malformed(err)
		}
		if err := checkLine(n, limit, len(raw), maxLine); err != nil {
			return err
		}
		if err := each(n, raw); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return malformed(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return engine.Errorf(engine.Malformed, "malformed_json", "something stands after the array")
	}
	return nil
}

func checkLine(n, limit, length, maxLine int) error {
	if n > limit {
		return engine.Errorf(engine.TooLarge, "too_many_lines", "one request may have %d lines; send the rest in another", limit)
	}
	if length > maxLine {
		return engine.Errorf(engine.TooLarge, "line_too_large", "line %d has %d bytes and may have %d", n, length, maxLine)
	}
	return nil
}

// malformed keeps errors of the connection apart from those of the JSON.
func malformed(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return engine.Errorf(engine.Malformed, "malformed_json", "the array cannot be parsed: %v", err)
	}
	return err
}

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

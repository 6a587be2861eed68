package search

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"time"

	"quintet/engine"
)

// A snapshot file is one collection: its definition and its documents as they
// are stored, in frames that each have a checksum. FORMAT.md has every byte.
// It comes from anywhere, so the reader believes no length and no byte.

const (
	snapshotMagic  = "QuintCol"
	formatSnapshot = 1

	frameHead      = 1 // kinds
	frameDocuments = 2
	frameEnd       = 3

	frameOverhead  = 1 + 4 // kind and length, before the payload
	frameFull      = 256 << 10
	maxFrame       = 512 << 10 // of a payload: one that is nearly full takes one more document
	maxStoredBytes = 64 << 10  // of a value of the store
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// snapshotHead is what a snapshot tells of its collection: a record without
// what belongs to the place where it was made.
type snapshotHead struct {
	Fields    []Field   `json:"fields,omitempty"`
	Inferred  []Field   `json:"inferred,omitempty"`
	Infer     bool      `json:"infer,omitempty"`
	Embed     []string  `json:"embed,omitempty"`
	EmbedAll  bool      `json:"embed_all,omitempty"`
	Metric    Metric    `json:"metric,omitempty"`
	Precision Precision `json:"precision,omitempty"`
	Language  string    `json:"language,omitempty"`
	Model     string    `json:"model,omitempty"`
	Created   time.Time `json:"created"` // of the snapshot
}

func newSnapshotHead(r *record, now time.Time) snapshotHead {
	d := r.definition()
	return snapshotHead{Fields: d.Fields, Inferred: r.Inferred, Infer: r.Infer, Embed: d.Embed, EmbedAll: d.EmbedAll, Metric: d.Metric, Precision: d.Precision, Language: d.Language, Model: r.Model, Created: now}
}

// snapshotWriter writes a snapshot file.
type snapshotWriter struct {
	w         io.Writer
	hash      hash.Hash
	frame     []byte // being filled, from its kind on
	documents uint64
	bytes     int64
}

func newSnapshotWriter(w io.Writer, head snapshotHead) (*snapshotWriter, error) {
	s := &snapshotWriter{w: w, hash: sha256.New()}
	s.frame = binary.LittleEndian.AppendUint32([]byte(snapshotMagic), formatSnapshot)
	if err := s.flush(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	s.begin(frameHead)
	s.frame = append(s.frame, data...)
	return s, s.end()
}

// add appends a document.
func (s *snapshotWriter) add(p put) error {
	if len(s.frame) == 0 {
		s.begin(frameDocuments)
	}
	s.frame = appendSized(appendSized(s.frame, p.value), p.passages)
	s.documents++
	if len(s.frame) < frameFull {
		return nil
	}
	return s.end()
}

// close ends the file.
func (s *snapshotWriter) close() error {
	if len(s.frame) > 0 {
		if err := s.end(); err != nil {
			return err
		}
	}
	sum := s.hash.Sum(nil)
	s.begin(frameEnd)
	s.frame = append(binary.LittleEndian.AppendUint64(s.frame, s.documents), sum...)
	return s.end()
}

func (s *snapshotWriter) begin(kind byte) { s.frame = append(s.frame, kind, 0, 0, 0, 0) }

// end writes the frame with its length and its checksum.
func (s *snapshotWriter) end() error {
	binary.LittleEndian.PutUint32(s.frame[1:], uint32(len(s.frame)-frameOverhead))
	s.frame = binary.LittleEndian.AppendUint32(s.frame, crc32.Checksum(s.frame, castagnoli))
	return s.flush()
}

func (s *snapshotWriter) flush() error {
	_, _ = s.hash.Write(s.frame)
	n, err := s.w.Write(s.frame)
	s.bytes += int64(n)
	s.frame = s.frame[:0]
	return err
}

func appendSized(b, data []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(data))), data...)
}

// snapshotReader reads a snapshot file, frame by frame. What it hands out
// shares the bytes of a frame, which are never used again.
type snapshotReader struct {
	r         *bufio.Reader
	hash      hash.Hash
	before    func() // is called before a frame is read
	offset    int64  // of what is read next
	frameAt   int64  // of the payload that is being read
	frame     []byte
	rest      []byte // of the frame
	documents uint64
}

func newSnapshotReader(r io.Reader, before func()) *snapshotReader {
	return &snapshotReader{r: bufio.NewReaderSize(r, 64<<10), hash: sha256.New(), before: before}
}

// damaged refuses the file for what stands at an offset.
func damaged(offset int64, format string, args ...any) error {
	return engine.Errorf(engine.Invalid, "invalid_snapshot", "the snapshot cannot be read at byte %d: %s; nothing was restored, fetch the file again", offset, fmt.Sprintf(format, args...))
}

// here is where in the file the rest of the frame begins.
func (s *snapshotReader) here() int64 { return s.frameAt + int64(len(s.frame)-len(s.rest)) }

// fill reads exactly len(b) bytes, and what they count for.
func (s *snapshotReader) fill(b []byte) error {
	n, err := io.ReadFull(s.r, b)
	s.offset += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return damaged(s.offset, "it is cut off there")
	}
	return err
}

// head reads the beginning of the file.
func (s *snapshotReader) head() (h snapshotHead, err error) {
	s.before()
	b := make([]byte, len(snapshotMagic)+4)
	if err := s.fill(b); err != nil {
		return h, err
	}
	if string(b[:len(snapshotMagic)]) != snapshotMagic {
		return h, damaged(0, "it does not begin like a snapshot of a collection")
	}
	if format := binary.LittleEndian.Uint32(b[len(snapshotMagic):]); format != formatSnapshot {
		return h, damaged(int64(len(snapshotMagic)), "it is of format %d, and this release reads %d", format, formatSnapshot)
	}
	_, _ = s.hash.Write(b)
	kind, err := s.readFrame()
	if err != nil {
		return h, err
	}
	if kind != frameHead {
		return h, damaged(s.frameAt-frameOverhead, "there is no head")
	}
	d := json.NewDecoder(bytes.NewReader(s.frame))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil || d.InputOffset() != int64(len(s.frame)) {
		return h, damaged(s.frameAt, "the head is not as this release writes it")
	}
	s.rest = nil
	return h, nil
}

// readFrame reads a frame and checks its sum.
func (s *snapshotReader) readFrame() (kind byte, err error) {
	s.before()
	at := s.offset
	var head [frameOverhead]byte
	if err := s.fill(head[:]); err != nil {
		return 0, err
	}
	length := binary.LittleEndian.Uint32(head[1:])
	if length > maxFrame {
		return 0, damaged(at, "a frame of %d bytes, and one has at most %d", length, maxFrame)
	}
	s.frameAt, s.frame = s.offset, make([]byte, length)
	if err := s.fill(s.frame); err != nil {
		return 0, err
	}
	var sum [4]byte
	if err := s.fill(sum[:]); err != nil {
		return 0, err
	}
	if crc32.Update(crc32.Checksum(head[:], castagnoli), castagnoli, s.frame) != binary.LittleEndian.Uint32(sum[:]) {
		return 0, damaged(at, "the checksum of a frame is another")
	}
	s.rest = s.frame
	if head[0] != frameEnd {
		for _, b := range [][]byte{head[:], s.frame, sum[:]} {
			_, _ = s.hash.Write(b)
		}
	}
	return head[0], nil
}

// next reads a document and says where it stands; ok is false behind the last,
// when the file has ended as it should.
func (s *snapshotReader) next() (p put, at int64, ok bool, err error) {
	for len(s.rest) == 0 {
		kind, err := s.readFrame()
		switch {
		case err != nil:
			return p, 0, false, err
		case kind == frameEnd:
			return p, 0, false, s.finish()
		case kind != frameDocuments || len(s.frame) == 0:
			return p, 0, false, damaged(s.frameAt-frameOverhead, "a frame of kind %d and %d bytes has no place there", kind, len(s.frame))
		}
	}
	at = s.here()
	if p.value, err = s.sized(); err != nil {
		return p, at, false, err
	}
	if p.passages, err = s.sized(); err != nil {
		return p, at, false, err
	}
	s.documents++
	return p, at, true, nil
}

// sized takes bytes that stand behind their number, nil for none.
func (s *snapshotReader) sized() ([]byte, error) {
	if len(s.rest) < 4 {
		return nil, damaged(s.here(), "a document is cut off")
	}
	n := binary.LittleEndian.Uint32(s.rest)
	if n > maxStoredBytes || int(n) > len(s.rest)-4 {
		return nil, damaged(s.here(), "a value of %d bytes", n)
	}
	if s.rest = s.rest[4:]; n == 0 {
		return nil, nil
	}
	value := s.rest[:n:n]
	s.rest = s.rest[n:]
	return value, nil
}

// finish compares what the end says with what was read. Nothing follows it.
func (s *snapshotReader) finish() error {
	if want := s.hash.Sum(binary.LittleEndian.AppendUint64(nil, s.documents)); !bytes.Equal(s.frame, want) {
		return damaged(s.frameAt, "the end tells of other documents than there are")
	}
	switch _, err := s.r.ReadByte(); {
	case err == nil:
		return damaged(s.offset, "bytes follow the end")
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

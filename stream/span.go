package stream

import (
	"encoding/binary"
	"sync"

	"quintet/engine"
)

// Buckets of the store. FORMAT.md describes keys and values.
const (
	bucketDefinitions engine.Bucket = "stream.definitions" // name → record
	bucketSpans       engine.Bucket = "stream.spans"       // stream, offset → part
	bucketProducers   engine.Bucket = "stream.producers"   // stream, producer → what it was answered
	bucketMarks       engine.Bucket = "stream.marks"       // the platform's: position → time
)

// spanBytes is how much of the log one span covers at most, a minute or less.
const spanBytes = 16 << 20

// span is a run of the log, with what each stream has in it. Spans lead a
// reader to the part of the log that it needs. All but the newest are in the
// store; they are written behind the log and never ahead of it, and a start
// makes anew what is missing.
type span struct {
	from, to  uint64 // positions
	received  int64  // greatest of all batches before to, Unix milliseconds
	bytes     int
	parts     map[*stream]*part
	producers map[*stream]map[engine.ID]bool // that sent something
}

func newSpan(from uint64) *span {
	return &span{from: from, to: from, parts: map[*stream]*part{}, producers: map[*stream]map[engine.ID]bool{}}
}

// part is what one stream has in one span.
type part struct {
	from, to    uint64 // positions of the span
	first       uint64 // offset
	count       uint64 // events
	least, most int64  // Unix seconds of the events
}

func (p *part) key(id engine.ID) []byte { return binary.BigEndian.AppendUint64(id[:], p.first) }

func (p *part) encode() []byte {
	b := make([]byte, 0, 40)
	for _, n := range []uint64{p.from, p.to, p.count, uint64(p.least), uint64(p.most)} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

func decodePart(key, value []byte) (part, error) {
	if len(key) != 24 || len(value) != 40 {
		return part{}, damaged(bucketSpans)
	}
	n := func(i int) uint64 { return binary.BigEndian.Uint64(value[8*i:]) }
	return part{first: binary.BigEndian.Uint64(key[16:]), from: n(0), to: n(1), count: n(2), least: int64(n(3)), most: int64(n(4))}, nil
}

func damaged(b engine.Bucket) error {
	return &engine.CorruptError{File: "store.db", Offset: -1, Key: string(b), Reason: "it has the wrong length"}
}

// index holds the spans that are not in the store yet: the open one, and one
// that is being written. Safe for concurrent use.
type index struct {
	mu       sync.Mutex
	open     *span
	closing  *span // nil most of the time
	received int64 // greatest of all batches
}

// note adds an applied batch to the open span, and reports whether the span
// is large enough to be written.
func (x *index) note(d *delivery) (full bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.received = max(x.received, d.received)
	o := x.open
	o.to = d.position + 1
	o.bytes += len(d.data)
	p := o.parts[d.stream]
	if p == nil {
		p = &part{first: d.offset, least: d.first, most: d.last}
		o.parts[d.stream] = p
	}
	p.count += uint64(d.count)
	p.least, p.most = min(p.least, d.first), max(p.most, d.last)
	if d.producer != (engine.ID{}) {
		if o.producers[d.stream] == nil {
			o.producers[d.stream] = map[engine.ID]bool{}
		}
		o.producers[d.stream][d.producer] = true
	}
	return o.bytes >= spanBytes
}

// close ends the open span and returns it to be written, or the one whose
// writing failed before; nil when there is nothing to write.
func (x *index) close() *span {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closing == nil && x.open.to > x.open.from {
		x.open.received = x.received
		x.closing, x.open = x.open, newSpan(x.open.to)
	}
	return x.closing
}

// written takes back what close returned.
func (x *index) written() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closing = nil
}

// unwritten reports whether a producer sent something that the store lacks.
func (x *index) unwritten(st *stream, producer engine.ID) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.open.producers[st][producer] || x.closing != nil && x.closing.producers[st][producer]
}

// parts returns a stream's parts that may not be in the store yet.
func (x *index) parts(st *stream) (parts []part) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range []*span{x.closing, x.open} {
		if s == nil || s.parts[st] == nil {
			continue
		}
		p := *s.parts[st]
		p.from, p.to = s.from, s.to
		parts = append(parts, p)
	}
	return parts
}

// now returns the greatest time at which a batch was received.
func (x *index) now() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.received
}

// reach makes the open span end where the log does: what stands between
// belongs to streams that were deleted.
func (x *index) reach(position uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.open.to = max(x.open.to, position)
}

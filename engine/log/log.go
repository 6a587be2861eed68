package log

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"runtime"
	"sync"
	"time"

	"quintet/engine/disk"
)

// ID names a log. A restored log continues under a new one, so that positions
// of the log that was lost are recognised as foreign.
type ID [16]byte

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Stream names one stream of one tenant.
type Stream struct{ Tenant, ID [16]byte }

// Batch is what one Append makes durable. The log reads none of it but Count.
type Batch struct {
	Stream      Stream
	Producer    [16]byte
	ProducerSeq uint64
	Count       uint32 // events in Data, at least 1
	Data        []byte // already sealed; at most Options.MaxBatch bytes
}

// Receipt says where a batch stands.
type Receipt struct {
	Sequence uint64 // of the batch, in the log
	Offset   uint64 // of its first event, in its stream
}

// Record is a batch as it stands in the log.
type Record struct {
	Sequence uint64
	Offset   uint64
	Batch
}

// Options are the choices of Open. The zero value is good for production.
type Options struct {
	// SegmentBytes is the length of a new segment, beside its snapshot.
	// 0 means 64 MiB; the least is 4 KiB. Existing segments keep theirs.
	SegmentBytes int64
	// QueueBytes and QueueBatches bound what waits for the disk, the group
	// being written included; beyond them Append gives ErrBusy.
	// 0 means 64 MiB and 100,000.
	QueueBytes   int64
	QueueBatches int
	// NewID continues the log under a new ID, in a new segment.
	NewID bool
	// Rand is the source of IDs. nil means crypto/rand.
	Rand io.Reader
	// OnGroup, if not nil, is told of each group once it is durable. The
	// writer waits for it.
	OnGroup func(GroupInfo)
	// OnUnmarked, if not nil, is told by Close that the disk had no room to
	// mark the stop as clean.
	OnUnmarked func(error)

	// gather runs once before a group is taken; nil means runtime.Gosched,
	// without which the first caller woken makes a group of one. Benchmarks
	// put a fixed delay here.
	gather func()
}

// GroupInfo describes one durable group, for metrics.
type GroupInfo struct {
	Batches int
	Events  uint64
	Bytes   int           // as written, headers included
	Took    time.Duration // write and sync
}

const (
	defaultSegmentBytes = 64 << 20
	minSegmentBytes     = 4 << 10
	defaultQueueBytes   = 64 << 20
	defaultQueueBatches = 100_000
	maxGroupBytes       = 16 << 20
)

func (o Options) withDefaults() Options {
	if o.SegmentBytes == 0 {
		o.SegmentBytes = defaultSegmentBytes
	}
	o.SegmentBytes = max(o.SegmentBytes, minSegmentBytes)
	if o.QueueBytes == 0 {
		o.QueueBytes = defaultQueueBytes
	}
	if o.QueueBatches == 0 {
		o.QueueBatches = defaultQueueBatches
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.gather == nil {
		o.gather = runtime.Gosched
	}
	return o
}

// groupBytes is the greatest length of a group of batches: a quarter of a
// segment, so that a roll wastes little and a snapshot beside it always fits
// (nextSegment), and at most 16 MiB.
func (o Options) groupBytes() int64 {
	return min(o.SegmentBytes/4, maxGroupBytes) / groupAlign * groupAlign
}

// MaxBatch is the greatest length of Batch.Data under these options.
func (o Options) MaxBatch() int {
	return int(o.withDefaults().groupBytes()) - groupHeaderSize - recordHeaderSize
}

// Recovery says what Open found.
type Recovery struct {
	Created  bool // there was no log
	Clean    bool // the last stop was a Close
	Segments int  // that hold groups
	Cuts     []Cut
}

// Cut is the torn end of a segment, which Open replaced by zeros. What stood
// there was never acknowledged, unless the disk damaged the very last group.
type Cut struct {
	File   string
	Offset int64
	Bytes  int64 // up to the last byte that was not zero
}

// Log is an open log. All methods are safe for concurrent use.
//
// One goroutine, the writer, owns the fields of writer and alone changes the
// durable state; it holds mu only to take a group and to publish it, never
// during I/O. The one other goroutine makes the next segment and owns nothing.
type Log struct {
	fs   disk.FS
	dir  string
	opts Options

	writer  writer
	stopped chan struct{} // closed when the writer goroutine has ended

	trimming sync.Mutex // held while segments are removed; before mu
	holds    int        // guarded by trimming

	mu sync.Mutex // guards all below

	queue        []*commit
	queuedBytes  int64
	queuedCount  int
	wake         sync.Cond // on mu: queue or closing changed
	closing      bool
	poison       error // the first failure that forbids all later writes
	segments     []*segment
	ids          []ID     // every ID the log ever had; the last is its own
	durable      counters // what is on disk
	closeOnce    sync.Once
	closeFailure error
}

// ID returns the log's present ID.
func (l *Log) ID() ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ids[len(l.ids)-1]
}

// First returns the least sequence that Read accepts. It is that of the oldest
// batch kept, unless that batch stands behind a Raise.
func (l *Log) First() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.segments[0].first
}

// End returns the sequence after the last durable batch.
func (l *Log) End() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.durable.next
}

// Next returns the offset after the last durable event of a stream. It
// survives the trimming of the events.
func (l *Log) Next(s Stream) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.durable.offset(s)
}

// Close writes what is queued, stops the log, and marks the stop as clean so
// that the next Open accepts no missing byte. A full disk may leave no room for
// the mark: that is no failure, and the next Open recovers as after an unclean
// stop. A poisoned log stays unmarked and returns why. Later calls return the
// outcome of the first.
func (l *Log) Close() error {
	l.closeOnce.Do(func() {
		l.mu.Lock()
		l.closing = true
		l.wake.Signal()
		l.mu.Unlock()
		<-l.stopped
		l.closeFailure = l.finish()
	})
	return l.closeFailure
}

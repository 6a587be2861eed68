package stream

import (
	"io"
	"sync"
	"time"

	"quintet/engine"
)

var errFlow = &engine.Error{
	Kind: engine.Busy, Code: "too_much_in_flight", RetryAfter: time.Second,
	Detail: "too many bytes of events are on their way to the disk; send this batch again shortly",
}

// flow bounds the bytes that are in memory between the arrival of events and
// their being on disk, of all and of each tenant. Safe for concurrent use.
type flow struct {
	limit, tenantLimit int64

	mu     sync.Mutex
	used   int64
	tenant map[engine.Tenant]int64
}

func newFlow(limit, tenantLimit int64) *flow {
	return &flow{limit: limit, tenantLimit: tenantLimit, tenant: map[engine.Tenant]int64{}}
}

// bytes returns what is in flight.
func (f *flow) bytes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.used
}

// ticket is one request's part of the flow. It is for one goroutine.
type ticket struct {
	flow   *flow
	tenant engine.Tenant
	held   int64
}

func (f *flow) ticket(t engine.Tenant) *ticket { return &ticket{flow: f, tenant: t} }

// hold makes the ticket stand for n bytes, or answers errFlow and changes
// nothing. It never waits.
func (k *ticket) hold(n int64) error {
	if n == k.held { // of most events: asked after each
		return nil
	}
	f := k.flow
	f.mu.Lock()
	defer f.mu.Unlock()
	more := n - k.held
	if more > 0 && (f.used+more > f.limit || f.tenant[k.tenant]+more > f.tenantLimit) {
		return errFlow
	}
	f.used += more
	f.tenant[k.tenant] += more
	if f.tenant[k.tenant] == 0 {
		delete(f.tenant, k.tenant)
	}
	k.held = n
	return nil
}

func (k *ticket) release() { _ = k.hold(0) } // less is always granted

// bodyStep is what a body of unknown length begins with; it doubles.
const bodyStep = 64 << 10

// read reads a body behind room for a batch's header. What it needs is held
// before it is read, all of it where the length is known.
func (k *ticket) read(body io.Reader, length int64, buf []byte) ([]byte, error) {
	if length > maxBody {
		return buf, errBodyTooLarge
	}
	size := int64(bodyStep)
	if length >= 0 {
		size = length
	}
	buf = buf[:0]
	for at := int64(0); ; size = min(2*size, maxBody+1) {
		if err := k.hold(size); err != nil {
			return buf, err
		}
		buf = grown(buf, batchHeader+int(size))
		n, err := io.ReadFull(body, buf[batchHeader+at:])
		at += int64(n)
		buf = buf[:batchHeader+at]
		switch {
		case at > maxBody:
			return buf, errBodyTooLarge
		case length >= 0 && err == nil, err == io.EOF && length < 0, err == io.ErrUnexpectedEOF && length < 0:
			return buf, k.hold(at)
		case err != nil:
			return buf, err
		}
	}
}

var errBodyTooLarge = engine.Errorf(engine.TooLarge, "too_large", "a body of events may have %d bytes; send less at once", maxBody)

// grown returns buf with length n and the same content.
func grown(buf []byte, n int) []byte {
	if n <= cap(buf) {
		return buf[:n]
	}
	more := make([]byte, n, n+n/8)
	copy(more, buf)
	return more
}

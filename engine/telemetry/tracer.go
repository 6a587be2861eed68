package telemetry

import (
	"context"
	"encoding/binary"
	"net/http"
)

// Names of the header fields, in Go's canonical case.
const (
	traceParentHeader = "Traceparent"
	traceStateHeader  = "Tracestate"
)

// Tracer draws the ids of traces and spans. It is safe for concurrent use if
// its random source is.
type Tracer struct {
	random func() uint64
}

// NewTracer draws ids from random, such as rand.Uint64 of math/rand/v2: ids
// must be unique, they need not be secret.
func NewTracer(random func() uint64) *Tracer { return &Tracer{random: random} }

// Continue gives the server's span for an incoming request: a child of the
// caller's span or, without exactly one valid traceparent, the first span of a
// new trace. In the second case it removes tracestate from h: it belongs to a
// trace that ends here, and must not reach a server that h is forwarded to (§4.3).
func (t *Tracer) Continue(h http.Header) TraceParent {
	if values := h[traceParentHeader]; len(values) == 1 {
		if parent, err := ParseTraceParent(values[0]); err == nil {
			return t.Child(parent)
		}
	}
	h.Del(traceStateHeader)
	return t.Start()
}

// Start gives the first span of a new trace. It is not sampled, since nothing
// is recorded.
func (t *Tracer) Start() TraceParent {
	var id TraceID
	for id == (TraceID{}) {
		binary.BigEndian.PutUint64(id[:8], t.random())
		binary.BigEndian.PutUint64(id[8:], t.random())
	}
	return TraceParent{TraceID: id, SpanID: t.spanID(), Flags: FlagRandom}
}

// Child gives a new span in the trace of parent, with its flags; of no span,
// the first span of a new trace.
func (t *Tracer) Child(parent TraceParent) TraceParent {
	if !parent.IsValid() {
		return t.Start()
	}
	parent.SpanID = t.spanID()
	return parent
}

func (t *Tracer) spanID() SpanID {
	var id SpanID
	for id == (SpanID{}) {
		binary.BigEndian.PutUint64(id[:], t.random())
	}
	return id
}

// Inject writes the context's span into the header of an outgoing request, in
// place of any that stands there. Without a span it removes the field, so that
// a forwarded header never claims a span that is not ours.
func Inject(ctx context.Context, h http.Header) {
	if t, ok := Trace(ctx); ok {
		h[traceParentHeader] = []string{t.String()}
		return
	}
	h.Del(traceParentHeader)
}

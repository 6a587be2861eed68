package telemetry

import (
	"context"
	"log/slog"
)

// Keys of the labels on a log line.
const (
	requestIDKey  = "request_id"
	traceIDKey    = "trace_id"
	tenantKey     = "tenant"
	capabilityKey = "capability"
)

// labels is what a context says about the work done under it. It is one value,
// so that a log line costs one look-up.
type labels struct {
	requestID  string
	tenant     string
	capability string
	trace      TraceParent
}

type labelsKey struct{}

func labelsOf(ctx context.Context) labels {
	l, _ := ctx.Value(labelsKey{}).(labels)
	return l
}

func (l labels) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, labelsKey{}, l)
}

// WithRequestID labels the work with the id of its request.
func WithRequestID(ctx context.Context, id string) context.Context {
	l := labelsOf(ctx)
	l.requestID = id
	return l.in(ctx)
}

// RequestID is the id of the request, "" outside of one.
func RequestID(ctx context.Context) string { return labelsOf(ctx).requestID }

// WithTenant labels the work with the tenant's name. It is a label and grants
// nothing.
func WithTenant(ctx context.Context, name string) context.Context {
	l := labelsOf(ctx)
	l.tenant = name
	return l.in(ctx)
}

// WithCapability labels the work with the capability that does it, which also
// decides the level from which it is logged.
func WithCapability(ctx context.Context, name string) context.Context {
	l := labelsOf(ctx)
	l.capability = name
	return l.in(ctx)
}

// WithTrace puts the work into the span t.
func WithTrace(ctx context.Context, t TraceParent) context.Context {
	l := labelsOf(ctx)
	l.trace = t
	return l.in(ctx)
}

// Trace is the span that the work belongs to; ok is false without one.
func Trace(ctx context.Context) (t TraceParent, ok bool) {
	t = labelsOf(ctx).trace
	return t, t.IsValid()
}

// attrs lists the labels that are set.
func (l labels) attrs() []slog.Attr {
	var attrs []slog.Attr
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add(requestIDKey, l.requestID)
	if l.trace.IsValid() {
		add(traceIDKey, l.trace.TraceID.String())
	}
	add(tenantKey, l.tenant)
	add(capabilityKey, l.capability)
	return attrs
}

package telemetry

import (
	"context"
	"log/slog"
	"slices"
)

// handler decides whether a record is written and adds the context's labels to
// it. The labels stand at the top of a line, whatever groups the logger has
// opened; so groups, and what was added inside them, are kept aside in steps
// and applied to each record after its labels.
type handler struct {
	lines      slog.Handler
	levels     *levels
	limiter    *limiter // nil: no limit
	capability string   // of the logger; "" leaves it to the context
	steps      []step
}

// step is one call of WithGroup or, inside a group, WithAttrs.
type step struct {
	group string
	attrs []slog.Attr
}

var _ slog.Handler = (*handler)(nil)

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.levels.of(h.capabilityOf(labelsOf(ctx)))
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if h.limiter != nil && !h.limiter.allow(r) {
		return nil
	}
	l := labelsOf(ctx)
	if h.capability != "" {
		l.capability = "" // the logger writes its own
	}
	attrs := l.attrs()
	if len(h.steps) == 0 {
		r = r.Clone()
		r.AddAttrs(attrs...)
		return h.lines.Handle(ctx, r)
	}
	lines := h.lines.WithAttrs(attrs)
	for _, s := range h.steps {
		if s.group != "" {
			lines = lines.WithGroup(s.group)
		} else {
			lines = lines.WithAttrs(s.attrs)
		}
	}
	return lines.Handle(ctx, r)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	if len(h.steps) > 0 {
		next.steps = append(slices.Clip(h.steps), step{attrs: attrs})
		return &next
	}
	for _, a := range attrs {
		if a.Key == capabilityKey {
			next.capability = a.Value.String()
		}
	}
	next.lines = h.lines.WithAttrs(attrs)
	return &next
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	next := *h
	next.steps = append(slices.Clip(h.steps), step{group: name})
	return &next
}

func (h *handler) capabilityOf(l labels) string {
	if h.capability != "" {
		return h.capability
	}
	return l.capability
}

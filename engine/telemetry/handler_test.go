package telemetry_test

import (
	"context"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"quintet/engine/telemetry"
)

// labelled is a context with every label.
func labelled(t *testing.T) context.Context {
	t.Helper()
	trace, err := telemetry.ParseTraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if err != nil {
		t.Fatal(err)
	}
	ctx := telemetry.WithRequestID(context.Background(), "r1")
	ctx = telemetry.WithTrace(ctx, trace)
	ctx = telemetry.WithTenant(ctx, "acme")
	return telemetry.WithCapability(ctx, "stream")
}

func TestLogLabels(t *testing.T) {
	type fields = map[string]any
	labels := func(more fields) fields {
		want := fields{
			"level":      "INFO",
			"msg":        "m",
			"request_id": "r1",
			"trace_id":   "4bf92f3577b34da6a3ce929d0e0e4736",
			"tenant":     "acme",
			"capability": "stream",
		}
		for key, value := range more {
			want[key] = value
		}
		return want
	}
	f := func(name string, ctx context.Context, write func(context.Context, *slog.Logger), want fields) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			log, out := debugLog(t)
			write(ctx, log.Logger)
			lines := out.lines(t)
			if len(lines) != 1 {
				t.Fatalf("%d lines, want 1", len(lines))
			}
			delete(lines[0], "time")
			if !reflect.DeepEqual(lines[0], want) {
				t.Errorf("got  %v\nwant %v", lines[0], want)
			}
		})
	}
	ctx := labelled(t)

	f("OK none", context.Background(), func(ctx context.Context, l *slog.Logger) {
		l.InfoContext(ctx, "m")
	}, fields{"level": "INFO", "msg": "m"})

	f("OK some", telemetry.WithTenant(context.Background(), "acme"), func(ctx context.Context, l *slog.Logger) {
		l.InfoContext(ctx, "m")
	}, fields{"level": "INFO", "msg": "m", "tenant": "acme"})

	f("OK all", ctx, func(ctx context.Context, l *slog.Logger) {
		l.InfoContext(ctx, "m", "a", 1)
	}, labels(fields{"a": 1.0}))

	f("OK with attributes", ctx, func(ctx context.Context, l *slog.Logger) {
		l.With("b", 2).InfoContext(ctx, "m", "a", 1)
	}, labels(fields{"a": 1.0, "b": 2.0}))

	f("OK labels stay outside of groups", ctx, func(ctx context.Context, l *slog.Logger) {
		l.With("b", 2).WithGroup("g").With("c", 3).WithGroup("h").InfoContext(ctx, "m", "a", 1)
	}, labels(fields{"b": 2.0, "g": fields{"c": 3.0, "h": fields{"a": 1.0}}}))

	f("OK nameless group", ctx, func(ctx context.Context, l *slog.Logger) {
		slog.New(l.Handler().WithGroup("")).InfoContext(ctx, "m", "a", 1)
	}, labels(fields{"a": 1.0}))

	f("OK the logger's capability", ctx, func(ctx context.Context, l *slog.Logger) {
		l.With("capability", "search").InfoContext(ctx, "m")
	}, labels(fields{"capability": "search"}))

	f("OK a capability inside a group is something else", ctx, func(ctx context.Context, l *slog.Logger) {
		l.WithGroup("g").With("capability", "x").InfoContext(ctx, "m")
	}, labels(fields{"g": fields{"capability": "x"}}))

	f("OK more attributes than a record holds inline", ctx, func(ctx context.Context, l *slog.Logger) {
		l.InfoContext(ctx, "m", "a", 1, "b", 2, "c", 3, "d", 4, "e", 5, "f", 6)
	}, labels(fields{"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "e": 5.0, "f": 6.0}))
}

// TestLogSiblings holds that loggers derived from one logger do not write into
// each other's attributes.
func TestLogSiblings(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		log, out := debugLog(t)
		parent := log.WithGroup("g").With("a", 1).With("b", 2)
		first, second := parent.With("who", "first"), parent.With("who", "second")
		first.Info("m")
		second.Info("m")
		lines := out.lines(t)
		for i, want := range []string{"first", "second"} {
			group, _ := lines[i]["g"].(map[string]any)
			if group["who"] != want {
				t.Errorf("line %d says %v, want %s", i, group["who"], want)
			}
		}
	})
}

func TestLabels(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		ctx := labelled(t)
		if got := telemetry.RequestID(ctx); got != "r1" {
			t.Errorf("RequestID = %q", got)
		}
		trace, ok := telemetry.Trace(ctx)
		if !ok || !strings.HasPrefix(trace.String(), "00-4bf92f35") {
			t.Errorf("Trace = %v, %v", trace, ok)
		}
	})
	t.Run("OK none", func(t *testing.T) {
		if got := telemetry.RequestID(context.Background()); got != "" {
			t.Errorf("RequestID = %q, want none", got)
		}
		if trace, ok := telemetry.Trace(context.Background()); ok {
			t.Errorf("Trace = %v, want none", trace)
		}
	})
	t.Run("OK a child leaves its parent alone", func(t *testing.T) {
		parent := telemetry.WithRequestID(context.Background(), "parent")
		child := telemetry.WithRequestID(parent, "child")
		if telemetry.RequestID(parent) != "parent" || telemetry.RequestID(child) != "child" {
			t.Errorf("parent %q, child %q", telemetry.RequestID(parent), telemetry.RequestID(child))
		}
	})
}

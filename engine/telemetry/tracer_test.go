package telemetry_test

import (
	"context"
	"net/http"
	"testing"

	"quintet/engine/telemetry"
)

func TestTracerContinue(t *testing.T) {
	f := func(name string, headers []string, wantContinued bool) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Tracestate": {"vendor=1"}}
			for _, value := range headers {
				h.Add("traceparent", value)
			}
			got := newTracer().Continue(h)
			if !got.IsValid() {
				t.Fatal("the span is not valid")
			}
			if continued := got.TraceID.String() == traceID; continued != wantContinued {
				t.Errorf("span %v, want the caller's trace: %v", got, wantContinued)
			}
			if got.SpanID.String() == spanID {
				t.Errorf("span %v is the caller's own", got)
			}
			if kept := h.Get("Tracestate") != ""; kept != wantContinued {
				t.Errorf("tracestate kept: %v, want %v", kept, wantContinued)
			}
		})
	}
	f("OK", []string{parent}, true)
	f("OK none", nil, false)
	f("Err invalid", []string{"00-x"}, false)
	f("Err two", []string{parent, parent}, false)
	f("Err empty", []string{""}, false)
}

func TestTracerFlags(t *testing.T) {
	f := func(name string, flags telemetry.TraceFlags) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			caller, err := telemetry.ParseTraceParent(parent)
			if err != nil {
				t.Fatal(err)
			}
			caller.Flags = flags
			if got := newTracer().Child(caller).Flags; got != flags {
				t.Errorf("flags %v became %v", flags, got)
			}
		})
	}
	f("OK none", 0)
	f("OK sampled", telemetry.FlagSampled)
	f("OK random", telemetry.FlagRandom)
	f("OK both", telemetry.FlagSampled|telemetry.FlagRandom)
}

func TestTracerIDs(t *testing.T) {
	t.Run("OK new trace", func(t *testing.T) {
		got := newTracer().Start()
		if !got.IsValid() || got.Flags != telemetry.FlagRandom {
			t.Errorf("Start gave %v, want a valid span with a random trace id that nobody samples", got)
		}
	})
	t.Run("OK child of nothing", func(t *testing.T) {
		if got := newTracer().Child(telemetry.TraceParent{}); !got.IsValid() {
			t.Errorf("Child gave %v, want a new trace", got)
		}
	})
	t.Run("OK all different", func(t *testing.T) {
		tracer := newTracer()
		root := tracer.Start()
		seen := map[telemetry.SpanID]bool{root.SpanID: true}
		for range 1000 {
			child := tracer.Child(root)
			if seen[child.SpanID] || child.TraceID != root.TraceID {
				t.Fatalf("child %v of %v", child, root)
			}
			seen[child.SpanID] = true
		}
	})
	t.Run("OK zeros are drawn again", func(t *testing.T) {
		draws := []uint64{0, 0, 0, 1, 0, 2}
		tracer := telemetry.NewTracer(func() uint64 {
			next := draws[0]
			draws = draws[1:]
			return next
		})
		const want = "00-00000000000000000000000000000001-0000000000000002-02"
		if got := tracer.Start().String(); got != want {
			t.Errorf("Start gave %s, want %s", got, want)
		}
	})
}

func TestInject(t *testing.T) {
	caller, err := telemetry.ParseTraceParent(parent)
	if err != nil {
		t.Fatal(err)
	}
	inSpan := telemetry.WithTrace(context.Background(), caller)

	f := func(name string, ctx context.Context, before http.Header, want []string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			telemetry.Inject(ctx, before)
			got := before.Values("traceparent")
			if len(got) != len(want) || len(want) == 1 && got[0] != want[0] {
				t.Errorf("traceparent %q, want %q", got, want)
			}
		})
	}
	foreign := func() http.Header { return http.Header{"Traceparent": {"a", "b"}} }

	f("OK", inSpan, http.Header{}, []string{parent})
	f("OK in place of others", inSpan, foreign(), []string{parent})
	f("OK without a span", context.Background(), http.Header{}, nil)
	f("OK without a span removes", context.Background(), foreign(), nil)
}

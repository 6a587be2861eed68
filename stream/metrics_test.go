package stream_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
	"quintet/stream"
)

func TestMetrics(t *testing.T) {
	b := newBed(t, limits())
	registry := prometheus.NewRegistry()
	b.close()
	e, err := engine.Open(background, engine.Options{Dir: b.dir, Clock: b.clock, Registerer: registry, SegmentBytes: 1 << 20, Reserve: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	b.engine, b.s = e, stream.New(e, limits()).Manual()
	if err := b.s.Start(background); err != nil {
		t.Fatal(err)
	}
	b.acme = tenantIn(t, e, "acme")
	events := e.Bus.Subscribe(t.Context(), b.acme, 10)
	line := `{"ts":` + b.at(0) + `,"type":"view"}`
	for range 2 {
		if _, err := b.batchOf("p", 1, line+"\n"+line); err != nil {
			t.Fatal(err)
		}
	}
	b.send("visits", `{"ts":`+b.at(-7200)+`}`)
	if _, err := b.batchOf("p", 2, "{}"); err == nil {
		t.Fatal("a bad event was taken")
	}
	b.query("visits", stream.Query{})

	want := map[string]float64{
		"quintet_stream_events_accepted_total": 3, "quintet_stream_events_rejected_total": 1, "quintet_stream_events_duplicate_total": 2,
		"quintet_stream_events_late_total": 1, "quintet_stream_in_flight_bytes": 0, "quintet_stream_series": 1, "quintet_stream_streams": 1,
		"quintet_stream_subscribers": 0, "quintet_stream_subscribers_dropped_total": 0, "quintet_stream_append_seconds": 2, "quintet_stream_query_seconds": 1,
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "quintet_stream_") {
			continue
		}
		m := f.GetMetric()[0]
		got := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		if wanted, ok := want[f.GetName()]; ok && got != wanted {
			t.Errorf("%s is %v; want %v", f.GetName(), got, wanted)
		}
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", f.GetName())
		}
		delete(want, f.GetName())
	}
	if len(want) > 0 {
		t.Errorf("these metrics are missing: %v", want)
	}
	if got := <-events; got.Type != "events.accepted" || got.Subject != "visits" || got.Count != 2 || got.Capability != "stream" || !got.Time.Equal(noon.Truncate(time.Millisecond)) {
		t.Errorf("the bus tells %+v", got)
	}
	if got := <-events; got.Count != 1 {
		t.Errorf("the bus tells of the repeated batch: %+v", got)
	}
}

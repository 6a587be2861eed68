package search_test

import (
	"testing"
	"time"

	"quintet/engine"
)

// metric adds up the values of a metric; of a histogram, its count.
func (b *bed) metric(name string) (sum float64) {
	b.t.Helper()
	families, err := b.registry.Gather()
	must(b.t, err)
	for _, f := range families {
		if f.GetName() != "quintet_search_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
		return sum
	}
	b.t.Fatalf("there is no metric %s", name)
	return 0
}

// TestMetrics holds each metric, and what the bus is told, against what happened.
func TestMetrics(t *testing.T) {
	b := newBed(t)
	events := b.e.Bus.Subscribe(t.Context(), b.acme, 100)
	b.define("c", `{}`)
	b.post("c", `{"id":"a","title":"winter"}`, `{"id":"b","title":"summer"}`)
	b.post("c", `{"id":"a","title":"autumn"}`)
	b.search("c", `{"q":"winter"}`)
	b.search("c", `{"q":"winter","mode":"keyword"}`)
	b.do("DELETE", "/v1/collections/c/documents/b", "").want(204)
	b.model.fail.Store(true)
	b.search("c", `{"q":"winter"}`)
	b.define("d", `{}`)
	b.do("DELETE", "/v1/collections/d", "").want(204)
	for name, want := range map[string]float64{
		"documents_stored_total": 3, "documents_deleted_total": 1, "texts_embedded_total": 4, "degraded_total": 1, "search_seconds": 3,
		"embedding_seconds": 3, "collections": 1, "documents": 1, "retries_total": 0, "index_load_seconds": 2, "index_evictions_total": 0,
	} {
		if got := b.metric(name); got != want {
			t.Errorf("%s is %v, expected was %v", name, got, want)
		}
	}
	if b.metric("index_bytes") < 384 {
		t.Error("the index has no size")
	}
	var got []string
	for len(got) < 9 {
		select {
		case e := <-events:
			if e.Capability != "search" || e.Count < 1 || e.Subject == "" || e.Tenant != (engine.Tenant)(b.acme) || !e.Time.Equal(noon) {
				t.Errorf("%+v", e)
			}
			got = append(got, e.Type)
		case <-time.After(5 * time.Second):
			t.Fatalf("the bus was told %v", got)
		}
	}
	want := `["collection.created","document.put","document.put","search.answered","search.answered","document.deleted","search.answered","collection.created","collection.deleted"]`
	if jsonOf(got) != want {
		t.Errorf("the bus was told %v", got)
	}
}

package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quintet/scheduler"
)

func newRegistry() *prometheus.Registry { return prometheus.NewRegistry() }

// metric adds up the values of a metric; of a histogram, its count.
func (b *bed) metric(name, label string) (sum float64) {
	b.t.Helper()
	families, err := b.registry.Gather()
	must(b.t, err)
	for _, f := range families {
		if f.GetName() != "quintet_scheduler_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			if label != "" && (len(m.Label) != 1 || m.Label[0].GetValue() != label) {
				continue
			}
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
		return sum
	}
	b.t.Fatalf("there is no metric %s", name)
	return 0
}

// TestMetrics holds each metric against what happened.
func TestMetrics(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		want := func(name, label string, value float64) {
			t.Helper()
			if got := b.metric(name, label); got != value {
				t.Errorf("%s %s is %v, expected was %v", name, label, got, value)
			}
		}
		for range 5 {
			b.enqueue("q", `{"max_attempts":1}`)
		}
		b.enqueue("q", `{"delay":"1h"}`)
		b.do("PUT", "/v1/schedules/s", `{"cron":"* * * * *","queue":"ticks"}`).want(201)
		pass(7 * time.Second)
		want("oldest_ready_seconds", "", 7)
		jobs := b.lease("q", `{"limit":4,"lease":"10s"}`)
		b.call(jobs[0], "complete", ``).want(200)
		b.call(jobs[1], "fail", ``).want(200)
		b.call(jobs[1], "fail", ``).want(409)
		want("jobs", "running", 2)
		want("jobs", "ready", 1)
		want("jobs", "scheduled", 1)
		want("jobs", "done", 1)
		want("jobs", "dead", 1)
		want("jobs_enqueued_total", "", 6)
		want("start_latency_seconds", "", 4)
		want("run_seconds", "", 2)
		want("leases_lost_total", "", 1)
		want("attempts_total", "done", 1)
		pass(2 * time.Minute)
		want("leases_lost_total", "", 3)
		want("attempts_total", "dead", 3)
		want("ticks_total", "fired", 1)
		want("ticks_total", "skipped", 1)
		want("tick_lateness_seconds", "", 1)
		want("jobs_enqueued_total", "", 7)
		families, err := b.registry.Gather()
		must(t, err)
		for _, f := range families {
			if strings.HasPrefix(f.GetName(), "quintet_scheduler_") && f.GetHelp() == "" {
				t.Errorf("%s has no help", f.GetName())
			}
		}
	})
}

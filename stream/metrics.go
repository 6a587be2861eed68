package stream

import "github.com/prometheus/client_golang/prometheus"

// metrics are what the streams tell about themselves.
type metrics struct {
	accepted, rejected, duplicate prometheus.Counter
	append                        prometheus.Histogram
	query                         prometheus.Histogram
	recovery                      prometheus.Gauge
	dropped                       prometheus.Counter
}

func newMetrics(r prometheus.Registerer, s *Streams) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "quintet_stream_" + name, Help: help})
	}
	seconds := prometheus.ExponentialBuckets(100e-6, 2, 18)
	m := &metrics{
		accepted:  counter("events_accepted_total", "Events stored."),
		rejected:  counter("events_rejected_total", "Events refused, each for itself or with its batch."),
		duplicate: counter("events_duplicate_total", "Events of batches that a producer had sent before."),
		dropped:   counter("subscribers_dropped_total", "Live connections ended because the client read too slowly."),
		append:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "quintet_stream_append_seconds", Help: "Time until a batch is on disk, from after it was parsed.", Buckets: seconds}),
		query:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "quintet_stream_query_seconds", Help: "Time to answer a query.", Buckets: seconds}),
		recovery:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "quintet_stream_recovery_seconds", Help: "Time that the last start took to read the log."}),
	}
	r.MustRegister(m.accepted, m.rejected, m.duplicate, m.dropped, m.append, m.query, m.recovery)
	gauge := func(name, help string, f func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "quintet_stream_" + name, Help: help}, f))
	}
	gauge("in_flight_bytes", "Bytes of events on their way to the disk.", func() float64 { return float64(s.flow.bytes()) })
	gauge("windows_bytes", "Bytes of all windows in memory.", func() float64 { return float64(s.memory.Load()) })
	gauge("series", "Series in the windows in memory.", func() float64 { return s.sum(func(st *stream) float64 { return float64(st.ring.series.size()) }) })
	gauge("streams", "Streams that are defined.", func() float64 { return s.sum(func(*stream) float64 { return 1 }) })
	gauge("subscribers", "Live connections.", func() float64 { return float64(s.live.size()) })
	r.MustRegister(prometheus.NewCounterFunc(
		prometheus.CounterOpts{Name: "quintet_stream_events_late_total", Help: "Events stored that came too late for the windows in memory; queries find them in the log."},
		func() float64 { return float64(s.late.Load()) },
	))
	return m
}

// sum adds up something of every stream.
func (s *Streams) sum(of func(*stream) float64) (total float64) {
	for _, st := range s.registry.all() {
		st.mu.RLock()
		total += of(st)
		st.mu.RUnlock()
	}
	return total
}

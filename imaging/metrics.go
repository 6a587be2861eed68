package imaging

import "github.com/prometheus/client_golang/prometheus"

// metrics are what the images tell about themselves.
type metrics struct {
	uploads   prometheus.Counter
	refused   *prometheus.CounterVec // by reason
	forged    prometheus.Counter
	rendition prometheus.Histogram
}

func newMetrics(r prometheus.Registerer, s *Images) *metrics {
	m := &metrics{
		uploads: prometheus.NewCounter(prometheus.CounterOpts{Name: "quintet_imaging_uploads_total", Help: "Images stored; the same again is not counted."}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "quintet_imaging_refused_total", Help: "Uploads and renditions refused, for their content or because too much was in work."}, []string{"reason"}),
		forged:  prometheus.NewCounter(prometheus.CounterOpts{Name: "quintet_imaging_signatures_invalid_total", Help: "Requests whose signature was not made here."}),
		rendition: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "quintet_imaging_rendition_seconds", Help: "Time to make a rendition, once there was memory for it.", Buckets: prometheus.ExponentialBuckets(1e-3, 2, 14),
		}),
	}
	m.refused.WithLabelValues("invalid")
	m.refused.WithLabelValues("busy")
	r.MustRegister(m.uploads, m.refused, m.forged, m.rendition)
	counter := func(name, help string, f func() uint64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "quintet_imaging_" + name, Help: help}, func() float64 { return float64(f()) }))
	}
	counter("cache_hits_total", "Renditions that were in memory.", func() uint64 { n, _, _, _, _ := s.cache.counts(); return n })
	counter("cache_misses_total", "Renditions that had to be made.", func() uint64 { _, n, _, _, _ := s.cache.counts(); return n })
	counter("cache_joined_total", "Renditions that were just being made for another request.", func() uint64 { _, _, n, _, _ := s.cache.counts(); return n })
	counter("cache_evictions_total", "Renditions that gave way to others.", func() uint64 { _, _, _, n, _ := s.cache.counts(); return n })
	gauge := func(name, help string, f func() int64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "quintet_imaging_" + name, Help: help}, func() float64 { return float64(f()) }))
	}
	gauge("cache_bytes", "Bytes of renditions in memory.", func() int64 { _, _, _, _, n := s.cache.counts(); return n })
	gauge("memory_bytes", "Bytes that work in progress was admitted with.", func() int64 { n, _ := s.work.state(); return n })
	gauge("uploads_bytes", "Bytes of uploads on their way.", func() int64 { n, _ := s.uploads.state(); return n })
	gauge("waiting", "Requests that wait for memory.", func() int64 {
		_, work := s.work.state()
		_, uploads := s.uploads.state()
		return int64(work + uploads)
	})
	return m
}

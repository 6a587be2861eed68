package engine

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// slow is what an update or a view may take before a log line names its bucket.
const slow = 50 * time.Millisecond

// storeMetrics are what the store tells about itself.
type storeMetrics struct {
	updates *prometheus.CounterVec // by outcome
	update  prometheus.Histogram
	commit  prometheus.Histogram
	keys    prometheus.Histogram
	views   *prometheus.CounterVec // by outcome
	view    prometheus.Histogram
}

func newStoreMetrics(r prometheus.Registerer) *storeMetrics {
	seconds := prometheus.ExponentialBuckets(50e-6, 2, 18)
	m := &storeMetrics{
		updates: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "quintet_engine_updates_total", Help: "Updates by outcome."}, []string{"outcome"}),
		update:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "quintet_engine_update_seconds", Help: "Time from the call of Update to its answer.", Buckets: seconds}),
		commit:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "quintet_engine_commit_seconds", Help: "Time to apply and sync one group.", Buckets: seconds}),
		keys:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "quintet_engine_commit_keys", Help: "Keys changed by one group.", Buckets: prometheus.ExponentialBuckets(1, 2, 12)}),
		views:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "quintet_engine_views_total", Help: "Views by outcome."}, []string{"outcome"}),
		view:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "quintet_engine_view_seconds", Help: "Time of one View.", Buckets: seconds}),
	}
	r.MustRegister(m.updates, m.update, m.commit, m.keys, m.views, m.view)
	return m
}

// watch registers what is read when it is scraped.
func (m *storeMetrics) watch(r prometheus.Registerer, s *store) {
	gauge := func(name, help string, f func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
	}
	gauge("quintet_engine_updates_waiting", "Updates that wait for a group.", func() float64 { return float64(s.queue.depth()) })
	gauge("quintet_engine_store_bytes", "Size of the store's file.", func() float64 {
		return float64(s.fileBytes())
	})
	gauge("quintet_engine_store_free_bytes", "Bytes inside the store's file that can be reused.", func() float64 {
		return float64(s.db.Stats().FreePageN * s.db.Info().PageSize)
	})
	gauge("quintet_engine_store_limit_bytes", "Bytes that the store's file may have.", func() float64 { return float64(s.space.limit) })
	gauge("quintet_engine_store_fill_ratio", "What part of that limit is in use. From 0.9 on only reads, deletes and completions are accepted.", s.fill)
	gauge("quintet_engine_disk_full", "1 while only reads, deletes and completions are accepted.", func() float64 { return truth(s.full.Load()) })
	gauge("quintet_engine_failed", "1 after a failed write: the server must be restarted.", func() float64 { return truth(s.failed() != nil) })
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (s *store) observeUpdate(err error, took time.Duration) {
	s.metrics.update.Observe(took.Seconds())
	s.metrics.updates.WithLabelValues(outcome(err)).Inc()
}

func (s *store) observeCommit(keys int, took time.Duration) {
	s.metrics.keys.Observe(float64(keys))
	s.metrics.commit.Observe(took.Seconds())
}

func (s *store) observeClosure(tx *Tx, took time.Duration) {
	if took > slow {
		s.log.Warn("an update held everybody up", "bucket", tx.firstBucket(), "keys", len(tx.journal), "seconds", took.Seconds())
	}
}

func (s *store) observeView(v *View, err error, took time.Duration) {
	s.metrics.view.Observe(took.Seconds())
	s.metrics.views.WithLabelValues(outcome(err)).Inc()
	if took > slow {
		s.log.Warn("a view was slow", "bucket", v.snap.first, "seconds", took.Seconds(), "expired", errors.Is(err, ErrViewExpired))
	}
}

func outcome(err error) string {
	var e *Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &e):
		return e.Code
	default:
		return "error"
	}
}

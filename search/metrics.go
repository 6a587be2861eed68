package search

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what search tells about itself. None carries a tenant or a
// collection: GET /v1/collections tells about each.
type metrics struct {
	stored, deleted prometheus.Counter
	search          *prometheus.HistogramVec
	texts           prometheus.Counter
	embedding       prometheus.Histogram
	degraded        prometheus.Counter
	retried         prometheus.Counter
	slow            prometheus.Counter
	loads           prometheus.Histogram
	evicted         prometheus.Counter
	rewrites        prometheus.Histogram
	rewrittenRows   prometheus.Counter
	unusable        prometheus.Counter
	snapshots       prometheus.Counter
	snapshotBytes   prometheus.Counter
	restores        prometheus.Counter
	reindexed       prometheus.Counter
	reindexFailed   prometheus.Counter
}

func newMetrics(r prometheus.Registerer, s *Service) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "quintet_search_" + name, Help: help})
	}
	seconds := prometheus.ExponentialBuckets(100e-6, 2, 18)
	m := &metrics{
		stored:    counter("documents_stored_total", "Documents written, new ones and replaced ones."),
		deleted:   counter("documents_deleted_total", "Documents deleted, by their id or by a filter."),
		texts:     counter("texts_embedded_total", "Texts that the model embedded, queries among them."),
		degraded:  counter("degraded_total", "Hybrid searches answered by keywords alone, because the vectors could not be used."),
		slow:      counter("slow_searches_total", "Searches that took longer than the setting search.slow."),
		retried:   counter("retries_total", "Searches begun anew because their collection changed in that moment."),
		search:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "quintet_search_search_seconds", Help: "Time to answer a search, by its mode; similar = by a document.", Buckets: seconds}, []string{"mode"}),
		embedding: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "quintet_search_embedding_seconds", Help: "Time of one turn of the model, of up to 8 texts.", Buckets: seconds}),
		evicted:   counter("index_evictions_total", "Indexes that gave their memory to others."),
		loads:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "quintet_search_index_load_seconds", Help: "Time to load the index of a collection when it is used.", Buckets: prometheus.ExponentialBuckets(1e-3, 4, 10)}),
	}
	m.rewrites = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "quintet_search_segment_write_seconds", Help: "Time to write one segment, of new documents or of other segments.", Buckets: prometheus.ExponentialBuckets(1e-3, 4, 10)})
	m.rewrittenRows = counter("segment_documents_total", "Documents written into segments, each time that they are.")
	m.unusable = counter("segments_unusable_total", "Segments that could not be read when their index was loaded; their documents were indexed anew.")
	m.snapshots = counter("snapshots_total", "Snapshots made of collections.")
	m.snapshotBytes = counter("snapshot_bytes_total", "Bytes of the snapshots made.")
	m.restores = counter("restores_total", "Collections restored from a snapshot.")
	r.MustRegister(m.snapshots, m.snapshotBytes, m.restores)
	m.reindexed = counter("documents_reindexed_total", "Documents that re-indexes wrote, each time that they did.")
	m.reindexFailed = counter("reindexes_failed_total", "Re-indexes that a document did not fit into.")
	r.MustRegister(m.reindexed, m.reindexFailed, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "quintet_search_reindexes", Help: "Re-indexes that run."}, func() float64 { return float64(len(s.registry.running())) }))
	r.MustRegister(m.rewrites, m.rewrittenRows, m.unusable)
	r.MustRegister(m.stored, m.deleted, m.texts, m.degraded, m.retried, m.slow, m.search, m.embedding, m.loads, m.evicted)
	gauge := func(name, help string, of func(stat) float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "quintet_search_" + name, Help: help}, func() (sum float64) {
			for _, c := range s.registry.all() {
				sum += of(c.stat())
			}
			return sum
		}))
	}
	gauge("collections", "Collections of all tenants.", func(stat) float64 { return 1 })
	gauge("documents", "Documents that searches may find.", func(st stat) float64 { return float64(st.documents) })
	gauge("segments", "Parts of all indexes.", func(st stat) float64 { return float64(st.segments) })
	gauge("index_bytes", "Bytes of all indexes in memory, estimated.", func(st stat) float64 { return float64(st.memory) })
	return m
}

func (m *metrics) embedded(texts int, took time.Duration) {
	m.texts.Add(float64(texts))
	m.embedding.Observe(took.Seconds())
}

func (m *metrics) loaded(took time.Duration) { m.loads.Observe(took.Seconds()) }

func (m *metrics) rewritten(rows int, took time.Duration) {
	m.rewrittenRows.Add(float64(rows))
	m.rewrites.Observe(took.Seconds())
}

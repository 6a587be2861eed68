package scheduler

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
)

// metrics of the scheduler. None carries a tenant: that would multiply series
// of which the board could tell any one at GET /v1/queues.
type metrics struct {
	enqueued    prometheus.Counter
	attempts    *prometheus.CounterVec // by what the attempt came to
	lost        prometheus.Counter
	start       prometheus.Histogram
	run         prometheus.Histogram
	late        prometheus.Histogram
	ticks       *prometheus.CounterVec
	differences prometheus.Counter
}

const namespace, subsystem = "quintet", "scheduler"

func newMetrics(r prometheus.Registerer, b *board, clock engine.Clock) *metrics {
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help, Buckets: buckets})
	}
	m := &metrics{
		enqueued:    prometheus.NewCounter(counter("jobs_enqueued_total", "Jobs that were enqueued, by clients and schedules.")),
		attempts:    prometheus.NewCounterVec(counter("attempts_total", "Attempts that ended, by the state of the job after it."), []string{"state"}),
		lost:        prometheus.NewCounter(counter("leases_lost_total", "Leases that expired, and calls that carried the token of a lost one.")),
		start:       histogram("start_latency_seconds", "From ready to leased.", prometheus.ExponentialBuckets(0.0005, 4, 10)),
		run:         histogram("run_seconds", "From leased to the end of the attempt.", prometheus.ExponentialBuckets(0.001, 4, 11)),
		late:        histogram("tick_lateness_seconds", "From the time of a tick to its job on disk.", prometheus.ExponentialBuckets(0.001, 4, 11)),
		ticks:       prometheus.NewCounterVec(counter("ticks_total", "Ticks of schedules, by what became of them: fired, missed or skipped."), []string{"outcome"}),
		differences: prometheus.NewCounter(counter("sweep_differences_total", "Jobs about which memory and store disagreed, and that were mended. Each is a fault of the server: report it.")),
	}
	r.MustRegister(m.enqueued, m.attempts, m.lost, m.start, m.run, m.late, m.ticks, m.differences, newDepth(b, clock))
	return m
}

// leased records how long jobs had been ready.
func (m *metrics) leased(now int64, since []int64) {
	for _, at := range since {
		m.start.Observe(seconds(now - at))
	}
}

// settled records an attempt that its worker ended.
func (m *metrics) settled(j *job, now int64) {
	m.run.Observe(seconds(now - j.claimed))
	m.ended(j)
}

// ended records an attempt that ended in whatever way.
func (m *metrics) ended(j *job) { m.attempts.WithLabelValues(j.state.String()).Inc() }

func seconds(ms int64) float64 {
	return max(0, (time.Duration(ms) * time.Millisecond).Seconds())
}

// depth collects, when it is asked, what the board counts anyway.
type depth struct {
	board       *board
	clock       engine.Clock
	jobs, since *prometheus.Desc
}

var _ prometheus.Collector = depth{}

func newDepth(b *board, clock engine.Clock) depth {
	return depth{b, clock,
		prometheus.NewDesc(prometheus.BuildFQName(namespace, subsystem, "jobs"), "Jobs by state.", []string{"state"}, nil),
		prometheus.NewDesc(prometheus.BuildFQName(namespace, subsystem, "oldest_ready_seconds"), "How long the job that has waited longest is ready; 0 when none is.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (d depth) Describe(c chan<- *prometheus.Desc) { c <- d.jobs; c <- d.since }

// Collect implements prometheus.Collector.
func (d depth) Collect(c chan<- prometheus.Metric) {
	count, oldest := d.board.totals()
	for state := Scheduled; state < states; state++ {
		c <- prometheus.MustNewConstMetric(d.jobs, prometheus.GaugeValue, float64(count[state]), state.String())
	}
	age := 0.0
	if oldest != 0 {
		age = seconds(d.clock.Now().UnixMilli() - oldest)
	}
	c <- prometheus.MustNewConstMetric(d.since, prometheus.GaugeValue, age)
}

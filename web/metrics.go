package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the server tells about its requests. Memory and processor
// come from the registry's own collectors.
type metrics struct {
	seconds  *prometheus.HistogramVec // by route, method and status
	bytes    *prometheus.CounterVec   // by route
	inFlight prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "quintet_web_request_seconds", Help: "Time from the header of a request to the end of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 3, 11),
		}, []string{"route", "method", "status"}),
		bytes:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "quintet_web_response_bytes_total", Help: "Bytes of answers, without headers."}, []string{"route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "quintet_web_requests_in_flight", Help: "Requests that are being answered, live streams included."}),
	}
	r.MustRegister(m.seconds, m.bytes, m.inFlight)
	return m
}

func (m *metrics) observe(pattern, method string, status int, took time.Duration, bytes int64) {
	m.seconds.WithLabelValues(pattern, methodLabel(method), strconv.Itoa(status)).Observe(took.Seconds())
	m.bytes.WithLabelValues(pattern).Add(float64(bytes))
}

var knownMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
	http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// methodLabel bounds the series that clients can make by inventing methods.
func methodLabel(method string) string {
	if slices.Contains(knownMethods, method) {
		return method
	}
	return "other"
}

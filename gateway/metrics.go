package gateway

import "github.com/prometheus/client_golang/prometheus"

// metrics are what the gateway tells about itself.
type metrics struct {
	tokens        *prometheus.CounterVec // by result: issued, or the OAuth error
	verifications *prometheus.CounterVec // by kind and result
	hits, misses  prometheus.Counter
	limited       prometheus.Counter
	audited       *prometheus.CounterVec // by action
}

func newMetrics(r prometheus.Registerer, c *cache) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "quintet_gateway_" + name, Help: help}, labels)
		r.MustRegister(v)
		return v
	}
	gauge := func(name, help string, f func() int) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "quintet_gateway_" + name, Help: help}, func() float64 { return float64(f()) }))
	}
	gauge("remembered_credentials", "Credentials in the cache.", func() int { entries, _ := c.size(); return entries })
	gauge("remembered_bytes", "Bytes of the credentials in the cache.", func() int { _, bytes := c.size(); return bytes })
	lookups := counter("cache_lookups_total", "Credentials looked up in the cache, by result.", "result")
	return &metrics{
		tokens:        counter("token_requests_total", "Requests for access tokens, by result.", "result"),
		verifications: counter("verifications_total", "Credentials verified, the cache aside, by kind and result.", "kind", "result"),
		hits:          lookups.WithLabelValues("hit"),
		misses:        lookups.WithLabelValues("miss"),
		limited:       counter("rate_limited_total", "Requests beyond their tenant's rate.").WithLabelValues(),
		audited:       counter("audit_records_total", "Audit records written, by action.", "action"),
	}
}

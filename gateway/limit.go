package gateway

import (
	"sync/atomic"
	"time"

	"quintet/engine"
)

// rateLimit is how often a tenant may ask: so many requests a second for ever, and
// so many at once after a pause.
type rateLimit struct {
	PerSecond int `json:"per_second" minimum:"1" maximum:"1000000" doc:"Requests a second."`
	Burst     int `json:"burst" minimum:"1" maximum:"10000000" doc:"Requests at once, after a pause."`
}

var defaultRate = rateLimit{PerSecond: 5_000, Burst: 10_000}

// Allow takes one request of t from its rate. It returns the requests per
// second that t is granted, how many it may make at once now, the time until
// it may make another (or, where ok, until its burst is whole again), and
// whether this one may go on. It never waits.
func (g *Gateway) Allow(t engine.Tenant) (perSecond, remaining int, reset time.Duration, ok bool) {
	st := g.directory.byName(t.Name())
	if st == nil { // deleted since it was authenticated; what follows will say so
		return 0, 0, 0, true
	}
	remaining, reset, ok = st.limiter.allow(int64(time.Since(g.began)))
	if !ok {
		g.metrics.limited.Inc()
	}
	return int(time.Second / time.Duration(st.limiter.interval.Load())), remaining, reset, ok
}

// limiter is the generic cell rate algorithm (ITU-T I.371): one number, the
// time at which the next request would arrive if all came at their interval.
// A request may come before that time by at most the tolerance.
type limiter struct {
	arrival   atomic.Int64 // theoretical arrival time, in ns as now
	interval  atomic.Int64 // ns between requests at the rate
	tolerance atomic.Int64 // ns; burst × interval
}

func (l *limiter) set(r rateLimit) {
	interval := int64(time.Second) / int64(r.PerSecond)
	l.interval.Store(interval)
	l.tolerance.Store(interval * int64(r.Burst))
}

func (l *limiter) allow(now int64) (remaining int, reset time.Duration, ok bool) {
	interval, tolerance := l.interval.Load(), l.tolerance.Load()
	for {
		arrival := l.arrival.Load()
		next := max(arrival, now) + interval
		if early := next - now - tolerance; early > 0 {
			return 0, time.Duration(early), false
		}
		if l.arrival.CompareAndSwap(arrival, next) {
			return int((tolerance - (next - now)) / interval), time.Duration(next - now), true
		}
	}
}

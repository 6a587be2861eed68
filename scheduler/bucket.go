package scheduler

import "time"

// rate is how many jobs may start in a span of time; the zero value is no
// limit. As many may start at once.
type rate struct {
	limit int64
	per   time.Duration
	byKey bool // each key has its own
}

// every is the time in which one more job may start.
func (r rate) every() time.Duration { return r.per / time.Duration(r.limit) }

// bucket is a token bucket as one number, the theoretical arrival time of the
// generic cell rate algorithm (ITU-T I.371): when the bucket will be full
// again. Times count from the start of the process, when every bucket is
// empty: whoever restarts a server gains no burst by it.
type bucket struct {
	refilled time.Duration
	known    bool
}

// take takes a token, or tells when there will be one.
func (b *bucket) take(r rate, now time.Duration) (when time.Duration, ok bool) {
	if !b.known {
		b.refilled, b.known = r.per, true
	}
	if when = b.refilled - r.per + r.every(); now < when {
		return when, false
	}
	b.refilled = max(b.refilled, now) + r.every()
	return now, true
}

// giveBack returns a token that was not used.
func (b *bucket) giveBack(r rate) {
	if b.known && r.limit > 0 {
		b.refilled -= r.every()
	}
}

// full reports whether nothing is missing, so that a new one would be as good.
func (b *bucket) full(now time.Duration) bool { return !b.known || b.refilled <= now }

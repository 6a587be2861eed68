package log

import "time"

// WithDelay makes the writer wait d before it takes a group: the fixed delay
// that natural group commit is measured against.
func (o Options) WithDelay(d time.Duration) Options {
	o.gather = func() { time.Sleep(d) }
	return o
}

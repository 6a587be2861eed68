package engine

import "time"

// Clock tells the wall-clock time. It is asked in Prepare, never inside an
// Update; durations are measured with the time package, whose monotonic
// clock does not jump.
type Clock interface{ Now() time.Time }

// SystemClock is the clock of the machine.
type SystemClock struct{}

var _ Clock = SystemClock{}

// Now returns the current time.
func (SystemClock) Now() time.Time { return time.Now() }

package stream

import "sync"

// Buffers of a request that are worth keeping; larger ones are let go, so that
// a rare large batch does not stay.
const (
	keptBody  = 1 << 20
	keptTally = 1 << 20
)

var (
	bodies  = sync.Pool{New: func() any { return new([]byte) }}
	tallies = sync.Pool{New: func() any { return newTally(0) }}
)

func takeBody() *[]byte { return bodies.Get().(*[]byte) }

func giveBody(b *[]byte) {
	if cap(*b) <= keptBody {
		bodies.Put(b)
	}
}

func takeTally(width int) *tally {
	t := tallies.Get().(*tally)
	t.reset(width)
	return t
}

func giveTally(t *tally) {
	if t.bytes() <= keptTally {
		tallies.Put(t)
	}
}

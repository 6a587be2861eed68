package stream

import "sync"

// delivery is a durable batch that is to be counted.
type delivery struct {
	*batch
	stream   *stream
	position uint64 // in the log
	offset   uint64 // of its first event
	done     chan struct{}
}

// sequencer applies batches in the order of the log, so that what memory holds
// is the image of a prefix of it. No goroutine of its own: the request whose
// batch is next applies it, and then those that came too early and wait.
type sequencer struct {
	mu     sync.Mutex
	apply  func(*delivery) // called under mu, in order
	next   uint64          // position that is applied next
	parked map[uint64]*delivery
}

// deliver returns when d has been applied. Every position must be delivered;
// all before d's are durable, so it waits for other requests only.
func (q *sequencer) deliver(d *delivery) {
	q.mu.Lock()
	if d.position != q.next {
		d.done = make(chan struct{})
		q.parked[d.position] = d
		q.mu.Unlock()
		<-d.done
		return
	}
	defer q.mu.Unlock()
	for d != nil {
		q.apply(d)
		if d.done != nil {
			close(d.done)
		}
		q.next++
		d = q.parked[q.next]
		delete(q.parked, q.next)
	}
}

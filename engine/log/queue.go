package log

import (
	"context"
	"fmt"
	"slices"
)

// commit is the work that one write and one sync make durable, or one Raise.
// It forms in the queue; the writer takes it whole.
type commit struct {
	requests []*request
	bytes    int64 // of the body of its group
	raise    uint64

	taken bool          // guarded by Log.mu; from then on nothing is withdrawn
	done  chan struct{} // closed when the receipts, or err, are final
	err   error
}

type request struct {
	batch   Batch
	receipt Receipt
}

// Append writes a batch and returns when it is on disk. Batches of one caller
// keep their order; b.Data must not change meanwhile.
//
// A context that ends while the batch is queued withdraws it: it is never
// written. Once the writer has taken it, Append waits for the outcome.
func (l *Log) Append(ctx context.Context, b Batch) (Receipt, error) {
	if err := ctx.Err(); err != nil {
		return Receipt{}, err
	}
	if b.Count == 0 {
		return Receipt{}, fmt.Errorf("%w: it has no events", ErrInvalid)
	}
	if len(b.Data) > l.opts.MaxBatch() {
		return Receipt{}, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(b.Data), l.opts.MaxBatch())
	}
	r := &request{batch: b}
	c, err := l.enqueue(r)
	if err != nil {
		return Receipt{}, err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if l.withdraw(c, r) {
			return Receipt{}, ctx.Err()
		}
		<-c.done
	}
	if c.err != nil {
		return Receipt{}, c.err
	}
	return r.receipt, nil
}

// Raise durably adds by to the next sequence and to the next offset of every
// stream, those without events included. A restored log raises its counters
// so that no position handed out after the backup is ever valid again.
func (l *Log) Raise(by uint64) error {
	c := &commit{raise: by, done: make(chan struct{})}
	l.mu.Lock()
	err := l.refuses()
	if err == nil {
		l.queue = append(l.queue, c)
		l.wake.Signal()
	}
	l.mu.Unlock()
	if err != nil {
		return err
	}
	<-c.done
	return c.err
}

func (r *request) bytes() int64 { return recordHeaderSize + int64(len(r.batch.Data)) }

// enqueue adds r to the last commit that waits, or to a new one.
func (l *Log) enqueue(r *request) (*commit, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refuses(); err != nil {
		return nil, err
	}
	size := r.bytes()
	if l.queuedCount >= l.opts.QueueBatches || l.queuedBytes+size > l.opts.QueueBytes {
		return nil, ErrBusy
	}
	l.queuedCount++
	l.queuedBytes += size
	if n := len(l.queue); n > 0 && l.queue[n-1].accepts(size, l.opts.groupBytes()) {
		c := l.queue[n-1]
		c.requests = append(c.requests, r)
		c.bytes += size
		return c, nil
	}
	c := &commit{requests: []*request{r}, bytes: size, done: make(chan struct{})}
	l.queue = append(l.queue, c)
	l.wake.Signal()
	return c, nil
}

func (c *commit) accepts(size, limit int64) bool {
	return c.raise == 0 && groupLength(c.bytes+size) <= limit
}

// refuses returns why nothing can be appended any more. Its caller holds mu.
func (l *Log) refuses() error {
	if l.poison != nil {
		return l.poison
	}
	if l.closing {
		return ErrClosed
	}
	return nil
}

// withdraw takes r out of c, unless the writer has taken c.
func (l *Log) withdraw(c *commit, r *request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.taken {
		return false
	}
	i := slices.Index(c.requests, r)
	c.requests = slices.Delete(c.requests, i, i+1)
	c.bytes -= r.bytes()
	l.release(1, r.bytes())
	return true
}

// release gives room in the queue back. Its caller holds mu.
func (l *Log) release(count int, bytes int64) {
	l.queuedCount -= count
	l.queuedBytes -= bytes
}

// take waits for work and returns the first commit of the queue, or nil when
// the log is closing and the queue is empty.
func (l *Log) take() *commit {
	l.mu.Lock()
	for len(l.queue) == 0 && !l.closing {
		l.wake.Wait()
	}
	empty := len(l.queue) == 0
	l.mu.Unlock()
	if empty {
		return nil
	}
	l.opts.gather()

	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.queue[0]
	l.queue[0] = nil
	l.queue = l.queue[1:]
	c.taken = true
	return c
}

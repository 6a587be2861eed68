package client

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// settle tells the server how an attempt ended. After the length of a lease it
// gives up: the job runs again then.
func (r *run) settle(a *attempt, o outcome) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.base), r.Lease)
	defer cancel()
	var err error
	switch cause := context.Cause(a.ctx); {
	case o.snoozed:
		err = r.Client.settle(ctx, a.ID, "snooze", verdict{Token: a.Token, Delay: span(o.delay)})
	case (o.failed || o.cancelled) && cause == ErrLeaseLost:
		err = cause // there is nothing to tell
	case o.cancelled:
		err = r.fail(ctx, a, o.text, true)
	case o.failed && cause == ErrStopped: // its attempt does not count
		err = r.Client.settle(ctx, a.ID, "snooze", verdict{Token: a.Token, Delay: span(0)})
	case o.failed:
		if cause == nil {
			r.Log.Warn("an attempt failed", "job", a.ID, "queue", a.Queue, "attempt", a.Attempt, "error", cut(o.text, maxText))
		}
		err = r.fail(ctx, a, o.text, false)
	default:
		err = r.finish(ctx, a, o.output)
	}
	switch {
	case err == nil:
	case lost(err):
		r.Log.Warn("a handler ended after its lease did", "job", a.ID, "queue", a.Queue, "attempt", a.Attempt)
	default:
		r.Log.Error("the end of an attempt could not be told; the job runs again when its lease is over", "job", a.ID, "queue", a.Queue, "attempt", a.Attempt, "error", err)
	}
}

// lost reports whether somebody else has the job, or nobody needs it any more.
func lost(err error) bool {
	answer, ok := errors.AsType[*Error](err)
	return err == ErrLeaseLost || ok && (answer.Code == "lease_lost" || answer.Code == "job_not_found")
}

// refused reports whether the server will not take what a call says, or does
// not know the call.
func refused(err error) bool {
	answer, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch answer.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

const maxText = 8 << 10 // bytes that the server keeps of an error

// fail ends an attempt; a final failure cancels the job instead of retrying it.
func (r *run) fail(ctx context.Context, a *attempt, text string, final bool) error {
	return r.Client.settle(ctx, a.ID, "fail", verdict{Token: a.Token, Error: cut(text, maxText), Final: final})
}

// completion is a job that is done and waits to be told.
type completion struct {
	completed
	ctx    context.Context
	result chan<- error
}

// finish completes a job, together with others that are ready now.
func (r *run) finish(ctx context.Context, a *attempt, output []byte) error {
	result := make(chan error, 1)
	r.ready <- completion{completed{a.ID, a.Token, output}, ctx, result}
	err := <-result
	if refused(err) && !lost(err) {
		return r.fail(ctx, a, "its output was refused: "+err.Error(), false) // it would be the next time, too
	}
	return err
}

// maxBatch is how many bytes one call completes, outputs and all. The server
// takes 128 KiB.
const maxBatch = 120_000

func (c completion) size() int { return 100 + len(c.Output) }

// complete sends what is ready as one call; while that is under way the next
// batch gathers. So one job alone waits for nothing, and many share.
func (r *run) complete() {
	for {
		select {
		case first := <-r.ready:
			for batch := []completion{first}; len(batch) > 0; {
				var next []completion
				batch, next = r.gather(batch)
				r.completeBatch(batch)
				batch = next
			}
		case <-r.finished:
			return
		}
	}
}

// gather adds what is ready. What does not fit is the beginning of the next
// batch.
func (r *run) gather(batch []completion) (full, next []completion) {
	for size := batch[0].size(); len(batch) < maxConcurrency; {
		select {
		case c := <-r.ready:
			if size += c.size(); size > maxBatch {
				return batch, []completion{c}
			}
			batch = append(batch, c)
		default:
			return batch, nil
		}
	}
	return batch, nil
}

// completeBatch answers each completion. A batch that is refused as a whole,
// for one output or by an older server, is sent job by job.
func (r *run) completeBatch(batch []completion) {
	jobs := make([]completed, len(batch))
	for i, c := range batch {
		jobs[i] = c.completed
	}
	ctx := batch[0].ctx // the others' lasts a little longer
	done, err := r.Client.completeAll(ctx, jobs)
	if refused(err) {
		for _, c := range batch {
			c.result <- r.Client.settle(c.ctx, c.ID, "complete", verdict{Token: c.Token, Output: c.Output})
		}
		return
	}
	for _, c := range batch {
		switch {
		case err != nil:
			c.result <- err
		case slices.Contains(done, c.ID):
			c.result <- nil
		default:
			c.result <- ErrLeaseLost
		}
	}
}

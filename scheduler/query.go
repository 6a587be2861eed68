package scheduler

import (
	"context"
	"errors"

	"quintet/engine"
	"quintet/engine/api"
)

// job describes one job in full.
func (s *Scheduler) job(ctx context.Context, t engine.Tenant, id engine.ID) (a *Job, err error) {
	hint, said := s.board.findRunning(t, id)
	var blob *engine.BlobName
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		r, err := readRow(v, id, hint)
		if err != nil {
			return err
		}
		if r.j.state == Running {
			r.j.hears(said)
		}
		a, blob = newJob(r.j, r.f), r.f.blob
		a.Payload, a.Output = r.f.payload, v.Get(bucketOutputs, id[:])
		return a.addHistory(v, r.j)
	})
	if err != nil || blob == nil {
		return a, err
	}
	if a.Payload, err = s.readPayload(ctx, t, *blob); isDamaged(err) {
		s.options.Log.ErrorContext(ctx, "the payload of a job cannot be read and is left out", "job", id, "error", err)
		return a, nil
	}
	return a, err
}

// isDamaged reports whether a payload is lost: reading it again would not help.
func isDamaged(err error) bool {
	_, damaged := errors.AsType[*engine.CorruptError](err)
	return damaged || errors.Is(err, engine.ErrBlobGone)
}

// lookMost is how many candidates one page of a list looks at. A page may
// therefore be short, and even empty, while its next leads on.
const lookMost = 5_000

var errBadCursor = engine.Errorf(engine.Invalid, "invalid_cursor", "the cursor is none that this list gave out; start again without it")

// list returns a page of the chosen jobs, the newest id first.
func (s *Scheduler) list(ctx context.Context, t engine.Tenant, sel *selection, limit int, cursor []byte) (page api.List[*Job], err error) {
	if cursor != nil && len(cursor) != len(engine.ID{}) {
		return page, errBadCursor
	}
	queues, match := s.board.names(t), sel.matcher()
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		page = api.List[*Job]{Items: []*Job{}}
		looked, last := 0, engine.ID{}
		for id, at := range sel.candidates(v, t, queues, cursor) {
			if looked == lookMost || len(page.Items) == limit {
				page.Next = api.Cursor(last[:])
				return nil
			}
			looked, last = looked+1, id
			// What cannot be read hides no other job; the check reports it.
			if r, err := readRow(v, id, at); err == nil && match(r) {
				a := newJob(r.j, r.f)
				a.addLastError(v, r.j)
				page.Items = append(page.Items, a)
			}
		}
		return nil
	})
	return page, err
}

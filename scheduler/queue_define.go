package scheduler

import (
	"context"

	"quintet/engine"
	"quintet/engine/api"
)

// defineQueue makes or redefines a queue. Created reports whether nobody had
// defined it before; its jobs may have made it. Another definition than the
// stored one needs the current ETag.
func (s *Scheduler) defineQueue(ctx context.Context, t engine.Tenant, name, ifMatch string, d QueueSpec) (r *queueRecord, created bool, err error) {
	if err := api.CheckName("queue", name); err != nil {
		return nil, false, err
	}
	if _, err := d.limits(); err != nil {
		return nil, false, err
	}
	now := s.now()
	r, err = s.changeQueue(ctx, t, name, func(tx *engine.Tx, r *queueRecord) (bool, error) {
		created = r.Version == 0
		switch {
		case ifMatch != "" && ifMatch != r.etag() && (ifMatch != "*" || created):
			return false, errQueueChanged
		case !created && r.Definition.equal(&d):
			return false, nil
		case !created && ifMatch == "":
			return false, errQueueExists
		}
		r.Definition, r.Version, r.UpdatedAt = d, tx.Seq(), now
		return true, nil
	}, now)
	return r, created, err
}

// setState pauses, drains or resumes a queue. It may be one that has no jobs
// yet: then it is made.
func (s *Scheduler) setState(ctx context.Context, t engine.Tenant, name string, state QueueState, note string) (*queueRecord, error) {
	if err := api.CheckName("queue", name); err != nil {
		return nil, err
	}
	return s.changeQueue(ctx, t, name, func(_ *engine.Tx, r *queueRecord) (bool, error) {
		if r.State == state && r.Note == note {
			return false, nil
		}
		r.State, r.Note = state, note
		return true, nil
	}, s.now())
}

// changeQueue applies a change to a queue's record, or to a new one. The
// record is written where change says so.
func (s *Scheduler) changeQueue(ctx context.Context, t engine.Tenant, name string, change func(*engine.Tx, *queueRecord) (bool, error), now int64) (r *queueRecord, err error) {
	err = s.e.Store.Update(ctx, t, func(tx *engine.Tx) (err error) {
		if r, err = loadQueue(tx, name); err != nil {
			return err
		}
		if r == nil {
			r = newQueueRecord(now)
		}
		changed, err := change(tx, r)
		if err != nil || !changed {
			return err
		}
		value, err := r.encode()
		if err == nil {
			tx.Put(bucketQueues, []byte(name), value)
		}
		return err
	}, engine.Reclaim)
	return r, err
}

// deleteQueue deletes the record of a queue that has no jobs.
func (s *Scheduler) deleteQueue(ctx context.Context, t engine.Tenant, name, ifMatch string) error {
	return s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		r, err := loadQueue(tx, name)
		switch {
		case err != nil:
			return err
		case r == nil:
			return errQueueNotFound
		case ifMatch != "" && ifMatch != "*" && ifMatch != r.etag():
			return errQueueChanged
		}
		from := append([]byte(name), 0)
		for range tx.Keys(bucketStates, from, append([]byte(name), 1)) {
			return errQueueInUse
		}
		tx.Delete(bucketQueues, []byte(name))
		return nil
	}, engine.Reclaim)
}

// queueOf reads a queue with its definition.
func (s *Scheduler) queueOf(ctx context.Context, t engine.Tenant, name string) (q Queue, etag string, err error) {
	standing, err := s.standing(t, name)
	if err != nil {
		return q, "", err
	}
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		r, err := loadQueue(v, name)
		if err != nil || r == nil {
			return errQueueNotFound
		}
		q, etag = newQueue(standing), r.etag()
		q.State, q.Note, q.Definition = r.State, r.Note, &r.Definition
		return nil
	})
	return q, etag, err
}

package scheduler

import (
	"context"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// edit is a change of one schedule under way: what was read before, and what
// the update relies on.
type edit struct {
	name    string
	ifMatch string
	now     int64
	stored  *schedule // nil: there is none
	cursor  cursor
}

// maxEdits is how often a change is tried again because a tick, or another
// caller, came between.
const maxEdits = 5

// edit reads a schedule, lets plan decide, and applies what it returns unless
// the schedule has changed in between. A tick that has come by then happens
// before the change: it belongs to the schedule as it was.
func (s *Scheduler) edit(ctx context.Context, t engine.Tenant, name, ifMatch string, plan func(*edit) (apply func(*engine.Tx) error, err error)) error {
	for range maxEdits {
		e := &edit{name: name, ifMatch: ifMatch, now: s.now()}
		if err := s.readEdit(ctx, t, e); err != nil {
			return err
		}
		if e.stored != nil && e.cursor.next != 0 && e.cursor.next <= e.now {
			if done, err := s.fire(ctx, t, name); err != nil {
				return err
			} else if done {
				continue
			}
		}
		apply, err := plan(e)
		if err != nil || apply == nil {
			return err
		}
		changed := false
		err = s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
			cur, err := loadCursor(tx, name)
			if changed = err == nil && cur != e.cursor; changed || err != nil {
				return err
			}
			return apply(tx)
		})
		if err != nil || !changed {
			return err
		}
	}
	return errScheduleBusy
}

func (s *Scheduler) readEdit(ctx context.Context, t engine.Tenant, e *edit) error {
	return s.e.Store.View(ctx, t, func(v *engine.View) (err error) {
		if e.stored, err = loadSchedule(v, e.name); err != nil && err != errScheduleNotFound {
			return err
		}
		e.cursor, err = loadCursor(v, e.name)
		return err
	})
}

// define makes or replaces a schedule. Created reports which. Another
// definition than the stored one needs the current ETag.
func (s *Scheduler) define(ctx context.Context, t engine.Tenant, name, ifMatch string, d ScheduleSpec) (sc *schedule, cur cursor, created bool, err error) {
	if err := api.CheckName("schedule", name); err != nil {
		return nil, cur, false, err
	}
	r, err := d.check(&s.zones)
	if err != nil {
		return nil, cur, false, err
	}
	creation := s.e.IDs.New()
	err = s.edit(ctx, t, name, ifMatch, func(e *edit) (func(*engine.Tx) error, error) {
		if err := e.mayDefine(&d); err != nil {
			return nil, err
		}
		if sc, cur, created = e.stored, e.cursor, e.stored == nil; !created && sc.Definition.equal(&d) {
			return nil, nil
		}
		var err error
		if sc, cur, err = e.defined(creation, d, *r); err != nil {
			return nil, err
		}
		return putting(name, sc, &cur)
	})
	return sc, cur, created, err
}

// mayDefine holds the contract's rule for PUT: another definition is a
// conflict without If-Match, and a failed precondition with a wrong one.
func (e *edit) mayDefine(d *ScheduleSpec) error {
	switch {
	case !e.matches():
		return errScheduleChanged
	case e.ifMatch == "" && e.stored != nil && !e.stored.Definition.equal(d):
		return errScheduleExists
	}
	return nil
}

// matches reports whether If-Match, where it was sent, names what is stored.
func (e *edit) matches() bool {
	return e.ifMatch == "" || e.stored != nil && (e.ifMatch == "*" || e.ifMatch == e.stored.etag())
}

// defined is the schedule after the change. Its first tick is after everything
// that has passed and after the change itself; one without is refused.
func (e *edit) defined(creation engine.ID, d ScheduleSpec, r rules) (*schedule, cursor, error) {
	sc := &schedule{Format: formatSchedule, Creation: creation, CreatedAt: e.now, UpdatedAt: e.now, Definition: d}
	cur := cursor{passed: max(e.cursor.passed, e.now)}
	if e.stored != nil {
		sc.Creation, sc.CreatedAt, sc.Paused = e.stored.Creation, e.stored.CreatedAt, e.stored.Paused
		cur.fired, cur.job = e.cursor.fired, e.cursor.job
	}
	r.made(sc.Creation, sc.CreatedAt)
	next, ok := r.timing.next(cur.passed)
	if !ok {
		return nil, cur, d.neverFires()
	}
	if sc.Paused == nil {
		cur.next = next
	}
	return sc, cur, nil
}

// neverFires refuses a definition whose ticks have all passed.
func (d *ScheduleSpec) neverFires() error {
	bounded := d.StartAt != "" || d.EndAt != ""
	switch {
	case d.At != "" && bounded:
		return invalid("body.at", "never fires: that time has passed, or is not from start_at on and before end_at")
	case d.At != "":
		return invalid("body.at", "never fires: that time has passed")
	case bounded:
		return invalid("body.end_at", "never fires: no tick is still to come from start_at on and before end_at")
	}
	return invalid("body.every", "never fires: its first tick is after the year 9999")
}

// putting is an apply that writes both, where they can be written.
func putting(name string, sc *schedule, cur *cursor) (func(*engine.Tx) error, error) {
	if _, err := sc.encode(); err != nil {
		return nil, err
	}
	return func(tx *engine.Tx) error { return putSchedule(tx, name, sc, cur) }, nil
}

// putSchedule writes both and gives them their version.
func putSchedule(tx *engine.Tx, name string, sc *schedule, cur *cursor) error {
	sc.Version, cur.version = tx.Seq(), tx.Seq()
	value, err := sc.encode()
	if err != nil {
		return err
	}
	tx.Put(bucketSchedules, []byte(name), value)
	tx.Put(bucketCursors, []byte(name), cur.encode())
	return nil
}

// undefine deletes a schedule and leaves a tombstone. Its jobs stay.
func (s *Scheduler) undefine(ctx context.Context, t engine.Tenant, name, ifMatch string) error {
	return s.edit(ctx, t, name, ifMatch, func(e *edit) (func(*engine.Tx) error, error) {
		if e.stored == nil {
			return nil, errScheduleNotFound
		}
		if !e.matches() {
			return nil, errScheduleChanged
		}
		grave := cursor{passed: max(e.cursor.passed, e.now), deleted: e.now}
		return func(tx *engine.Tx) error {
			grave.version = tx.Seq()
			tx.Delete(bucketSchedules, []byte(name))
			tx.Put(bucketCursors, []byte(name), grave.encode())
			return nil
		}, nil
	})
}

// keepTombstone is longer than a clock is ever set back.
const keepTombstone = 24 * time.Hour

// purgeTombstones forgets schedules that were deleted long ago.
func (s *Scheduler) purgeTombstones(ctx context.Context, t engine.Tenant, now int64) error {
	return s.forget(ctx, t, bucketCursors, func(value []byte) bool {
		cur, err := decodeCursor(value)
		return err == nil && cur.deleted != 0 && later(cur.deleted, keepTombstone.Milliseconds()) <= now
	})
}

package scheduler_test

import (
	"context"
	"strings"
	"testing"

	"quintet/engine"
	"quintet/scheduler"
)

// TestCheck damages what is stored in every way that the check knows.
func TestCheck(t *testing.T) {
	f := func(name, want string, damage func(tx *engine.Tx, id engine.ID)) {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, scheduler.Options{})
			b.do("PUT", "/v1/schedules/s", `{"cron":"0 0 * * *","queue":"q"}`).want(201)
			b.enqueue("q", `{}`)
			b.call(b.leaseOne("q"), "complete", `,"output":1`).want(200)
			id, err := engine.ParseID(b.enqueue("q", `{"delay":"1h"}`))
			must(t, err)
			b.check()
			must(t, b.e.Store.Update(context.Background(), b.acme, func(tx *engine.Tx) error {
				damage(tx, id)
				return nil
			}))
			problems, err := b.e.Check(context.Background(), func(string, int64, int64) {})
			must(t, err)
			if all := strings.Join(problems, "\n"); !strings.Contains(all, want) {
				t.Errorf("expected was %q in\n%s", want, all)
			}
		})
	}
	first := func(tx *engine.Tx, b engine.Bucket, contains string) (key, value []byte) {
		for key, value := range tx.Scan(b, nil, nil) {
			if strings.Contains(string(key), contains) {
				return key, value
			}
		}
		t.Fatalf("%s is empty", b)
		return nil, nil
	}
	f("ErrIndex missing", "stands in 0 places", func(tx *engine.Tx, id engine.ID) {
		key, _ := first(tx, "scheduler.index", string(id[:]))
		tx.Delete("scheduler.index", key)
	})
	f("ErrIndex second", "and its record says scheduled", func(tx *engine.Tx, id engine.ID) {
		key, _ := first(tx, "scheduler.index", string(id[:]))
		key[2] = byte(scheduler.Ready)
		tx.Put("scheduler.index", key, nil)
	})
	f("ErrIndex key", "cannot be read", func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler.index", []byte("short"), nil) })
	f("ErrJob missing", "there is no such job", func(tx *engine.Tx, id engine.ID) { tx.Delete("scheduler.jobs", id[:]) })
	f("ErrJob damaged", "cannot be read", func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler.jobs", id[:], []byte{9, 9}) })
	f("ErrPayload missing", "have 1 payloads", func(tx *engine.Tx, id engine.ID) { tx.Delete("scheduler.payloads", id[:]) })
	f("ErrPayload left", "there is a payload of job", func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler.payloads", make([]byte, 16), []byte{1, 0}) })
	f("ErrOutput left", "which is not done", func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler.outputs", id[:], []byte("1")) })
	f("ErrTransition missing", "has 0 transitions", func(tx *engine.Tx, id engine.ID) {
		key, _ := first(tx, "scheduler.transitions", string(id[:]))
		tx.Delete("scheduler.transitions", key)
	})
	f("ErrTransition left", "which is gone", func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler.transitions", make([]byte, 28), nil) })
	f("ErrExpiry missing", "expiries differ", func(tx *engine.Tx, id engine.ID) {
		key, _ := first(tx, "scheduler.expiry", "")
		tx.Delete("scheduler.expiry", key)
	})
	f("ErrExpiry left", "an expiry that its record does not have", func(tx *engine.Tx, id engine.ID) {
		tx.Put("scheduler.expiry", append(make([]byte, 8), id[:]...), nil)
	})
	f("ErrQueue missing", "was never made", func(tx *engine.Tx, id engine.ID) { tx.Delete("scheduler.queues", []byte("q")) })
	f("ErrCursor missing", "cursors differ", func(tx *engine.Tx, id engine.ID) { tx.Delete("scheduler.cursors", []byte("s")) })
	f("ErrCursor damaged", "cannot be read", func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler.cursors", []byte("s"), []byte("x")) })
	f("ErrSchedule missing", "contradict", func(tx *engine.Tx, id engine.ID) { tx.Delete("scheduler.schedules", []byte("s")) })
}

// TestUnreadable holds that a job and a schedule that cannot be read stop
// nobody else.
func TestUnreadable(t *testing.T) {
	clock := newTestClock(fastZero)
	b := newBed(t, scheduler.Options{Clock: clock})
	bad, err := engine.ParseID(b.enqueue("q", `{"priority":9}`))
	must(t, err)
	good := b.enqueue("q", `{}`)
	for _, name := range []string{"bad", "good"} {
		b.do("PUT", "/v1/schedules/"+name, `{"cron":"* * * * *","queue":"ticks","overlap":"allow"}`).want(201)
	}
	must(t, b.e.Store.Update(context.Background(), b.acme, func(tx *engine.Tx) error {
		tx.Put("scheduler.jobs", bad[:], []byte("from the future"))
		tx.Put("scheduler.schedules", []byte("bad"), []byte(`{"format":2}`))
		return nil
	}))
	if l := b.lease("q", `{"limit":2}`); len(l) != 1 || l[0].ID != good {
		t.Errorf("leased %+v", l)
	}
	if l := b.lease("q", `{"limit":2}`); len(l) != 0 {
		t.Errorf("leased %+v", l)
	}
	clock.Advance(60e9)
	must(t, b.s.Tick(context.Background()))
	if n := len(b.ticksOf("ticks")); n != 1 {
		t.Errorf("%d ticks", n)
	}
}

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
			id, err := engine.ParseID(b.enqueue("q", `{"delay":"1h","tags":["t"],"unique_key":"u"}`))
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
		panic(b + " is empty")
	}
	f("ErrPlace missing", "stands in 0 places", func(tx *engine.Tx, id engine.ID) {
		key, _ := first(tx, "scheduler.states", string(id[:]))
		tx.Delete("scheduler.states", key)
	})
	f("ErrPlace second", "stands in 2 places", func(tx *engine.Tx, id engine.ID) {
		key, value := first(tx, "scheduler.states", string(id[:]))
		key[2] = byte(scheduler.Ready)
		tx.Put("scheduler.states", key, value)
	})
	f("ErrPlace of another queue", "of another queue", func(tx *engine.Tx, id engine.ID) {
		key, value := first(tx, "scheduler.states", string(id[:]))
		key[0] = 'x'
		tx.Put("scheduler.states", key, value)
	})
	f("ErrPlace key", "cannot be read", func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler.states", []byte("short"), nil) })
	f("ErrState damaged", "cannot be read", func(tx *engine.Tx, id engine.ID) {
		key, _ := first(tx, "scheduler.states", string(id[:]))
		tx.Put("scheduler.states", key, []byte{9, 9})
	})
	f("ErrState contradicts itself", "contradicts itself", func(tx *engine.Tx, id engine.ID) {
		key, value := first(tx, "scheduler.states", string(id[:]))
		value[5] = 200 // attempts so far
		tx.Put("scheduler.states", key, value)
	})
	f("ErrJob missing", "there is no such job", func(tx *engine.Tx, id engine.ID) { tx.Delete("scheduler.jobs", id[:]) })
	f("ErrJob damaged", "cannot be read", func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler.jobs", id[:], []byte{9, 9}) })
	f("ErrOutput missing", "the output of job", func(tx *engine.Tx, id engine.ID) {
		key, _ := first(tx, "scheduler.outputs", "")
		tx.Delete("scheduler.outputs", key)
	})
	f("ErrOutput left", "which has none", func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler.outputs", id[:], []byte("1")) })
	for _, b := range []engine.Bucket{"jobs", "transitions", "outputs", "unique", "windows", "tags", "operations"} {
		f("ErrKey of "+string(b), "a key of 3 bytes in scheduler."+string(b), func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler."+b, []byte("odd"), []byte("x")) })
	}
	f("ErrOperation damaged", "cannot be read", func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler.operations", id[:], []byte("x")) })
	f("ErrTransition missing", "transition 1 is missing", func(tx *engine.Tx, id engine.ID) {
		key, _ := first(tx, "scheduler.transitions", string(id[:]))
		tx.Delete("scheduler.transitions", key)
	})
	f("ErrTransition too many", "says that there are 1", func(tx *engine.Tx, id engine.ID) {
		key, value := first(tx, "scheduler.transitions", string(id[:]))
		key[27]++
		tx.Put("scheduler.transitions", key, value)
	})
	f("ErrTransition left", "the job log names job", func(tx *engine.Tx, id engine.ID) {
		_, value := first(tx, "scheduler.transitions", "")
		tx.Put("scheduler.transitions", make([]byte, 28), value)
	})
	f("ErrTag missing", "the list of one of its tags", func(tx *engine.Tx, id engine.ID) {
		key, _ := first(tx, "scheduler.tags", "")
		tx.Delete("scheduler.tags", key)
	})
	f("ErrTag left", "which does not have it", func(tx *engine.Tx, id engine.ID) {
		tx.Put("scheduler.tags", append(make([]byte, 16), id[:]...), nil)
	})
	f("ErrTag of a job that is gone", "the list of a tag names job", func(tx *engine.Tx, id engine.ID) {
		tx.Put("scheduler.tags", make([]byte, 32), nil)
	})
	f("ErrUnique damaged", "leads nowhere", func(tx *engine.Tx, id engine.ID) {
		key, _ := first(tx, "scheduler.unique", "")
		tx.Put("scheduler.unique", key, []byte{9, 9})
	})
	f("ErrUnique left", "which has another or is gone", func(tx *engine.Tx, id engine.ID) {
		_, value := first(tx, "scheduler.unique", "")
		tx.Put("scheduler.unique", make([]byte, 16), value)
	})
	f("ErrWindow left", "which has none", func(tx *engine.Tx, id engine.ID) {
		tx.Put("scheduler.windows", make([]byte, 24), nil)
	})
	f("ErrQueue missing", "was never made", func(tx *engine.Tx, id engine.ID) { tx.Delete("scheduler.queues", []byte("q")) })
	f("ErrQueue damaged", "cannot be read", func(tx *engine.Tx, id engine.ID) { tx.Put("scheduler.queues", []byte("q"), []byte("x")) })
	f("ErrCursor missing", "has no cursor", func(tx *engine.Tx, id engine.ID) { tx.Delete("scheduler.cursors", []byte("s")) })
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

package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine"
)

// TestLongView holds that one view lasts past the limit of the others, keeps
// its moment, is alone of its kind, and ends at its own limit.
func TestLongView(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		e, err := engine.Open(background, engine.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		acme := tenant(t, e, "acme")
		put := func(value string) {
			update(t, e, acme, func(tx *engine.Tx) { tx.Put(things, []byte("k"), []byte(value)) })
		}
		put("old")
		err = e.LongView(background, acme, func(v *engine.View) error {
			put("new")
			if err := e.LongView(background, acme, func(*engine.View) error { return nil }); !errors.Is(err, engine.ErrLongViewBusy) {
				t.Errorf("a second one: %v", err)
			}
			time.Sleep(engine.LongViewLimit - time.Millisecond) // of the bubble's clock
			if got := v.Get(things, []byte("k")); string(got) != "old" {
				t.Errorf("it sees %q", got)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		err = e.LongView(background, acme, func(v *engine.View) error {
			time.Sleep(engine.LongViewLimit + time.Millisecond)
			if got := v.Get(things, []byte("k")); got != nil {
				t.Errorf("an expired view reads %q", got)
			}
			return nil
		})
		if !errors.Is(err, engine.ErrLongViewExpired) {
			t.Errorf("past its limit: %v", err)
		}
		ctx, cancel := context.WithCancel(background)
		err = e.LongView(ctx, acme, func(v *engine.View) error {
			cancel()
			synctest.Wait()
			if got := v.Get(things, []byte("k")); got != nil {
				t.Errorf("a cancelled view reads %q", got)
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if err := e.LongView(background, acme, func(*engine.View) error { return nil }); err != nil {
			t.Errorf("after the others: %v", err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}

package scheduler_test

import (
	"testing"
	"time"

	"quintet/scheduler"
)

// TestConfig tells which settings are refused, and that the others arrive.
func TestConfig(t *testing.T) {
	f := func(name string, problems int, c scheduler.Config) {
		t.Run(name, func(t *testing.T) {
			if got := c.Validate(); len(got) != problems {
				t.Errorf("%d problems: %+v", len(got), got)
			}
			if o := c.Options(); o.Keep != c.Keep || o.KeepDead != c.KeepDead || o.MaxFinished != c.KeepMost {
				t.Errorf("options %+v", o)
			}
		})
	}
	f("OK", 0, scheduler.Config{Keep: time.Hour, KeepDead: time.Second, KeepMost: 1})
	f("ErrKeep", 1, scheduler.Config{Keep: 0, KeepDead: time.Hour, KeepMost: 1})
	f("ErrKeepDead", 1, scheduler.Config{Keep: time.Hour, KeepDead: 10_000 * time.Hour, KeepMost: 1})
	f("ErrAll", 3, scheduler.Config{KeepMost: -1})
}

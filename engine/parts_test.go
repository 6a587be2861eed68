package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
)

func TestIDs(t *testing.T) {
	clock := enginetest.NewClock(time.UnixMilli(1_700_000_000_123))
	ids := engine.NewIDs(clock, nil)
	made := []string{}
	for i := range 10_000 {
		if i == 5_000 {
			clock.Advance(-time.Hour) // ids rise although the clock does not
		}
		id := ids.New()
		if id[6]>>4 != 7 || id[8]>>6 != 2 {
			t.Fatalf("%s has not the version and variant of a UUIDv7", id)
		}
		if back, err := engine.ParseID(id.String()); err != nil || back != id {
			t.Fatalf("%s reads back as %s, %v", id, back, err)
		}
		made = append(made, id.String())
	}
	if !slices.IsSorted(made) || len(slices.Compact(made)) != 10_000 {
		t.Error("ids do not rise strictly")
	}
	later := engine.NewIDs(clock, nil)
	last, _ := engine.ParseID(made[9_999])
	later.After(last)
	later.After(engine.ID{})
	if next := later.New(); next.String() <= made[9_999] {
		t.Errorf("%s does not rise above %s, which another process made", next, last)
	}
	first, _ := engine.ParseID(made[0])
	if got := first.Time(); !got.Equal(time.UnixMilli(1_700_000_000_123)) {
		t.Errorf("time of an id: %v", got)
	}
	for _, bad := range []string{"", "x", strings.ToUpper(made[0]), made[0] + "0", strings.Replace(made[0], "-", "_", 1), strings.Repeat("g", 36)} {
		if _, err := engine.ParseID(bad); err == nil {
			t.Errorf("%q is accepted as an id", bad)
		}
	}
}

func TestBus(t *testing.T) {
	e := open(t, small(engine.Options{}))
	acme, other := tenant(t, e, "acme"), tenant(t, e, "other")
	synctest.Test(t, func(t *testing.T) {
		bus := engine.NewBus()
		ctx, cancel := context.WithCancel(background)
		events := bus.Subscribe(ctx, acme, 2)
		bus.Publish(engine.Event{Tenant: other, Type: "not.mine"})
		for _, kind := range []string{"one", "two", "lost"} {
			bus.Publish(engine.Event{Tenant: acme, Type: kind})
		}
		if a, b := (<-events).Type, (<-events).Type; a != "one" || b != "two" {
			t.Errorf("received %q, %q", a, b)
		}
		if bus.Dropped() != 1 {
			t.Errorf("dropped %d; want 1", bus.Dropped())
		}
		cancel()
		synctest.Wait()
		if _, open := <-events; open {
			t.Error("the channel is open after its context ended")
		}
		bus.Publish(engine.Event{Tenant: acme}) // to nobody
	})
}

type part struct {
	name        string
	fail        error
	trace       *[]string
	stopFailure error
}

func (p part) Name() string { return p.name }

func (p part) Start(context.Context) error {
	*p.trace = append(*p.trace, "+"+p.name)
	return p.fail
}

func (p part) Stop(context.Context) error {
	*p.trace = append(*p.trace, "-"+p.name)
	return p.stopFailure
}

func TestGroup(t *testing.T) {
	errOwn := errors.New("own")
	f := func(name string, services func(trace *[]string) []engine.Service, want string, wantStart, wantStop error) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			var trace []string
			g := engine.NewGroup(slog.New(slog.DiscardHandler))
			if err := g.Start(background, services(&trace)...); !errors.Is(err, wantStart) {
				t.Errorf("start: %v", err)
			}
			if err := g.Stop(background); !errors.Is(err, wantStop) {
				t.Errorf("stop: %v", err)
			}
			if err := g.Stop(background); err != nil {
				t.Errorf("second stop: %v", err)
			}
			if got := strings.Join(trace, " "); got != want {
				t.Errorf("did %q; want %q", got, want)
			}
		})
	}
	f("OK", func(tr *[]string) []engine.Service {
		return []engine.Service{part{name: "a", trace: tr}, part{name: "b", trace: tr}}
	}, "+a +b -b -a", nil, nil)
	f("Err/start fails", func(tr *[]string) []engine.Service {
		return []engine.Service{part{name: "a", trace: tr}, part{name: "b", trace: tr, fail: errOwn}, part{name: "c", trace: tr}}
	}, "+a +b -a", errOwn, nil)
	f("Err/stop fails, the rest still stops", func(tr *[]string) []engine.Service {
		return []engine.Service{part{name: "a", trace: tr}, part{name: "b", trace: tr, stopFailure: errOwn}}
	}, "+a +b -b -a", nil, errOwn)
	f("OK/stop before start", func(*[]string) []engine.Service { return nil }, "", nil, nil)
}

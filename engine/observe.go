package engine

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
)

// Observer derives something in memory from what is committed: heaps,
// counters, caches. It is never the only copy.
type Observer struct {
	// Name says whose it is, for health and logs.
	Name string
	// Rebuild derives the state anew from a snapshot of the platform, and by
	// View.Of of every tenant.
	Rebuild func(v *View) error
	// Apply follows one commit. The committer calls it, in commit order, and
	// everybody waits: at most 1 µs a key. It must not call Update or View.
	Apply func(c Commit)

	since   uint64   // Seq of the snapshot that Rebuild saw
	missed  []Commit // committed while Rebuild runs
	rebuild bool
	failed  error
}

// observers tells commits to every observer in order.
type observers struct {
	log *slog.Logger

	mu   sync.Mutex
	list []*Observer
	heal func(*Observer)
}

// Observe registers o and builds its state.
func (s *store) Observe(ctx context.Context, o *Observer) error {
	s.observers.mu.Lock()
	o.rebuild = true
	s.observers.list = append(s.observers.list, o)
	s.observers.heal = func(o *Observer) { go s.rebuildObserver(context.WithoutCancel(ctx), o) }
	s.observers.mu.Unlock()
	return s.rebuildObserver(ctx, o)
}

// rebuildObserver runs Rebuild over a snapshot and then catches up with what
// was committed meanwhile, so that Apply misses nothing and sees nothing twice.
func (s *store) rebuildObserver(ctx context.Context, o *Observer) error {
	err := s.exemptView(ctx, s.platform, func(v *View) error {
		o.since = v.Seq()
		return rebuild(o, v)
	})
	s.observers.mu.Lock()
	defer s.observers.mu.Unlock()
	o.failed = err
	if err != nil {
		return fmt.Errorf("rebuild %s: %w", o.Name, err)
	}
	missed := o.missed
	o.missed, o.rebuild = nil, false
	for _, c := range missed {
		if c.Seq > o.since && !o.rebuild {
			s.observers.apply(o, c)
		}
	}
	return nil
}

// rebuild runs o.Rebuild and turns a panic into an error.
func rebuild(o *Observer, v *View) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	return o.Rebuild(v)
}

// tell is called by the committer after each commit.
func (os *observers) tell(c Commit) {
	os.mu.Lock()
	defer os.mu.Unlock()
	for _, o := range os.list {
		switch {
		case o.failed != nil:
		case o.rebuild:
			o.missed = append(o.missed, c)
		default:
			os.apply(o, c)
		}
	}
}

// apply lets a panicking observer spoil nobody: its capability is not ready
// until it has been rebuilt.
func (os *observers) apply(o *Observer, c Commit) {
	defer func() {
		if v := recover(); v != nil {
			os.log.Error("an observer failed and is rebuilt", "observer", o.Name, "panic", v, "stack", string(debug.Stack()))
			o.rebuild, o.missed = true, nil
			os.heal(o)
		}
	}()
	o.Apply(c)
}

// broken names an observer whose state cannot be trusted, nil if there is none.
func (os *observers) broken() error {
	os.mu.Lock()
	defer os.mu.Unlock()
	for _, o := range os.list {
		if o.failed != nil {
			return fmt.Errorf("%s: %w", o.Name, o.failed)
		}
		if o.rebuild {
			return fmt.Errorf("%s is rebuilding what it keeps in memory", o.Name)
		}
	}
	return nil
}

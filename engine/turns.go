package engine

import (
	"context"
	"sync"
)

// Turns lets a few callers at a time work on what has one key, and never lets
// them wait for those who work on another. It forgets keys that nobody works on.
// The zero value is ready. Safe for concurrent use.
type Turns[K comparable] struct {
	Most int // callers of a key at a time; 0 = 1

	mu sync.Mutex
	of map[K]*turn
}

// turn is who works on a key.
type turn struct {
	callers int
	freed   chan struct{} // closed when one of them is done
}

// Take waits until few enough work on key, and returns what ends the caller's
// turn, to be called once. The error is the cause of ctx.
func (t *Turns[K]) Take(ctx context.Context, key K) (release func(), err error) {
	for {
		release, freed := t.try(key)
		if release != nil {
			return release, nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// try takes a turn, or returns what is closed when it is worth another try.
func (t *Turns[K]) try(key K) (release func(), freed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.of[key]
	if own == nil {
		own = &turn{freed: make(chan struct{})}
		if t.of == nil {
			t.of = map[K]*turn{}
		}
		t.of[key] = own
	}
	if own.callers == max(t.Most, 1) {
		return nil, own.freed
	}
	own.callers++
	return func() { t.end(key, own) }, nil
}

func (t *Turns[K]) end(key K, own *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(own.freed)
	own.freed = make(chan struct{})
	if own.callers--; own.callers == 0 {
		delete(t.of, key)
	}
}

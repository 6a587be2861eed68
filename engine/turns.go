package engine

import (
	"context"
	"sync"
)

// turns lets one caller at a time work on a blob. Content may come slowly: who
// works on another name never waits for it.
type turns struct {
	mu    sync.Mutex
	taken map[BlobName]chan struct{} // closed at the end of the turn
}

// take waits until nobody works on name, and returns what ends the turn.
func (t *turns) take(ctx context.Context, name BlobName) (release func(), err error) {
	for {
		busy, release := t.try(name)
		if busy == nil {
			return release, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try takes the turn, or returns what is closed when it is worth another try.
func (t *turns) try(name BlobName) (busy <-chan struct{}, release func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if other, is := t.taken[name]; is {
		return other, nil
	}
	if t.taken == nil {
		t.taken = map[BlobName]chan struct{}{}
	}
	mine := make(chan struct{})
	t.taken[name] = mine
	return nil, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.taken, name)
		close(mine)
	}
}

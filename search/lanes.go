package search

import (
	"context"
	"sync"

	"quintet/engine"
)

// loadsOfTenant is how many indexes of a tenant are loaded at the same time.
const loadsOfTenant = 2

// lanes let each tenant load a few indexes at a time: whoever uses many cold
// collections at once waits for itself, and leaves the processors to others. Safe
// for concurrent use.
type lanes struct{ of sync.Map } // tenant's UID → chan struct{}

// enter waits for a lane, and returns what leaves it.
func (l *lanes) enter(ctx context.Context, t engine.Tenant) (leave func(), err error) {
	own, _ := l.of.LoadOrStore(t.UID(), make(chan struct{}, loadsOfTenant))
	lane := own.(chan struct{})
	select {
	case lane <- struct{}{}:
		return func() { <-lane }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

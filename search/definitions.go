package search

import (
	"sync"

	"quintet/engine"
)

// definitions lets each tenant make one change of its definitions, aliases and
// re-indexes at a time. One that waits for its turn at the store keeps no other
// tenant waiting. Safe for concurrent use.
type definitions struct{ of sync.Map } // tenant's UID → *sync.Mutex

// lock returns what ends the change that begins.
func (d *definitions) lock(t engine.Tenant) (unlock func()) {
	own, _ := d.of.LoadOrStore(t.UID(), new(sync.Mutex))
	mu := own.(*sync.Mutex)
	mu.Lock()
	return mu.Unlock
}

package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Event is one thing that happened in one tenant, told to whoever listens.
type Event struct {
	Tenant     Tenant    `json:"-"`
	Time       time.Time `json:"time"`
	Capability string    `json:"capability"` // search, stream, gateway, scheduler, imaging
	Type       string    `json:"type"`       // what happened, as in "job.done"
	Subject    string    `json:"subject"`    // what it happened to: a queue, a collection, …
	Count      int       `json:"count"`
}

// Bus tells subscribers what happens, within the process. It is lossy by
// design: a subscriber that does not keep up misses events, and nothing is
// kept. It is never the truth. Safe for concurrent use.
type Bus struct {
	mu      sync.RWMutex
	subs    map[*subscriber]struct{}
	dropped atomic.Uint64
}

type subscriber struct {
	tenant Tenant
	events chan Event
}

// NewBus returns a bus without subscribers.
func NewBus() *Bus { return &Bus{subs: map[*subscriber]struct{}{}} }

// Publish hands e to the subscribers of its tenant and never waits.
func (b *Bus) Publish(e Event) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for s := range b.subs {
		if s.tenant != e.Tenant {
			continue
		}
		select {
		case s.events <- e:
		default:
			b.dropped.Add(1)
		}
	}
}

// Subscribe returns the events of one tenant from now on, buffered up to
// buffer of them, until ctx ends; then the channel is closed.
func (b *Bus) Subscribe(ctx context.Context, t Tenant, buffer int) <-chan Event {
	s := &subscriber{tenant: t, events: make(chan Event, buffer)}
	b.mu.Lock()
	b.subs[s] = struct{}{}
	b.mu.Unlock()
	context.AfterFunc(ctx, func() {
		b.mu.Lock()
		delete(b.subs, s)
		b.mu.Unlock()
		close(s.events)
	})
	return s.events
}

// Dropped counts the events that found a full buffer.
func (b *Bus) Dropped() uint64 { return b.dropped.Load() }

package imaging

import (
	"container/list"
	"context"
	"sync"
	"time"

	"quintet/engine"
)

// budget admits work by the bytes that it needs, in the order of asking. What
// does not fit waits; while it waits it holds nothing. Safe for concurrent use.
type budget struct {
	total int64
	slots int   // works at once; 0 = any number
	queue int   // works that may wait, half of them of one tenant
	share int64 // bytes of one tenant, which does not wait for more; 0 = all

	mu      sync.Mutex
	used    int64
	held    int
	tenants map[engine.UID]int64 // bytes that each holds
	waiters list.List            // of *waiter, first come first
	waiting map[engine.UID]int
}

type waiter struct {
	tenant  engine.UID
	bytes   int64
	granted chan struct{} // closed under the lock
}

func newBudget(total int64, slots, queue int, share int64) *budget {
	return &budget{total: total, slots: slots, queue: queue, share: share, tenants: map[engine.UID]int64{}, waiting: map[engine.UID]int{}}
}

// take waits until there is room for n bytes, which is at most total, and
// returns what gives them back. Errors: errBusy, errTenantBusy, ctx's.
func (b *budget) take(ctx context.Context, t engine.Tenant, n int64) (release func(), err error) {
	w := &waiter{tenant: t.UID(), bytes: n, granted: make(chan struct{})}
	b.mu.Lock()
	switch {
	case b.share > 0 && b.tenants[w.tenant] > 0 && b.tenants[w.tenant]+n > b.share:
		b.mu.Unlock()
		return nil, errTenantBusy
	case b.waiters.Len() == 0 && b.fits(n):
		b.grant(w)
		b.mu.Unlock()
		return b.releaser(w), nil
	case b.waiters.Len() >= b.queue || b.waiting[w.tenant] >= (b.queue+1)/2:
		b.mu.Unlock()
		return nil, errBusy
	}
	place := b.waiters.PushBack(w)
	b.waiting[w.tenant]++
	b.mu.Unlock()
	return b.wait(ctx, w, place)
}

func (b *budget) wait(ctx context.Context, w *waiter, place *list.Element) (func(), error) {
	patience := time.NewTimer(maxWait)
	defer patience.Stop()
	err := error(errBusy)
	select {
	case <-w.granted:
		return b.releaser(w), nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-patience.C:
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-w.granted: // at the last moment
		b.giveBack(w)
	default:
		b.leave(place)
	}
	b.next()
	return nil, err
}

func (b *budget) fits(n int64) bool {
	return b.used+n <= b.total && (b.slots == 0 || b.held < b.slots)
}

func (b *budget) grant(w *waiter) {
	b.used += w.bytes
	b.held++
	b.tenants[w.tenant] += w.bytes
	close(w.granted)
}

func (b *budget) giveBack(w *waiter) {
	b.used -= w.bytes
	b.held--
	if b.tenants[w.tenant] -= w.bytes; b.tenants[w.tenant] == 0 {
		delete(b.tenants, w.tenant)
	}
}

// leave takes a waiter out of the queue.
func (b *budget) leave(place *list.Element) {
	w := b.waiters.Remove(place).(*waiter)
	if b.waiting[w.tenant]--; b.waiting[w.tenant] == 0 {
		delete(b.waiting, w.tenant)
	}
}

// next admits those who have waited longest, as far as there is room.
func (b *budget) next() {
	for first := b.waiters.Front(); first != nil && b.fits(first.Value.(*waiter).bytes); first = b.waiters.Front() {
		b.leave(first)
		b.grant(first.Value.(*waiter))
	}
}

func (b *budget) releaser(w *waiter) func() {
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.giveBack(w)
		b.next()
	})
}

// state returns the bytes in use and how many wait.
func (b *budget) state() (used int64, waiting int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used, b.waiters.Len()
}

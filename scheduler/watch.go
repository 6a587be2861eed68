package scheduler

import (
	"slices"
	"time"

	"quintet/engine"
)

// watcher is somebody who wants to know when a job or a queue has changed. Its
// channel holds one signal: what has changed it reads itself, so that however
// much changes, it is behind by one reading at most.
type watcher struct{ changed chan struct{} }

// Limits of watchers.
const (
	maxWatchers       = 2_000
	maxTenantWatchers = 200
)

var errTooManyWatchers = &engine.Error{Kind: engine.Busy, Code: "too_many_watchers", Detail: "too many live connections are open; close some", RetryAfter: 5 * time.Second}

// watchJob signals each change of a job until end is called.
func (b *board) watchJob(t engine.Tenant, id engine.ID) (w *watcher, end func(), err error) {
	return b.watch(t, func(_ *tenantBoard, w *watcher) { b.watched[id] = append(b.watched[id], w) }, func(_ *tenantBoard, w *watcher) {
		if b.watched[id] = without(b.watched[id], w); len(b.watched[id]) == 0 {
			delete(b.watched, id)
		}
	})
}

// watchQueue signals each change of a queue until end is called.
func (b *board) watchQueue(t engine.Tenant, queue string) (w *watcher, end func(), err error) {
	return b.watch(t, func(tb *tenantBoard, w *watcher) {
		l := b.line(tb, queue)
		l.watched = append(l.watched, w)
	}, func(tb *tenantBoard, w *watcher) {
		if l := b.lineOf(t, queue); l != nil {
			l.watched = without(l.watched, w)
			b.forgetLine(tb, l)
		}
	})
}

// watch counts a watcher while it is where add puts it, until end is called.
func (b *board) watch(t engine.Tenant, add, remove func(*tenantBoard, *watcher)) (w *watcher, end func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tb := b.of(t)
	if err := b.mayWatch(tb); err != nil {
		return nil, nil, err
	}
	w = &watcher{make(chan struct{}, 1)}
	add(tb, w)
	return w, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.watchers--
		tb.watchers--
		remove(tb, w)
	}, nil
}

func without(list []*watcher, w *watcher) []*watcher {
	return slices.DeleteFunc(list, func(o *watcher) bool { return o == w })
}

// mayWatch counts one more watcher of a tenant.
func (b *board) mayWatch(tb *tenantBoard) error {
	if b.watchers >= maxWatchers || tb.watchers >= maxTenantWatchers {
		return errTooManyWatchers
	}
	b.watchers++
	tb.watchers++
	return nil
}

// tell signals who watches a job.
func (b *board) tell(id engine.ID) {
	if len(b.watched) > 0 {
		tellAll(b.watched[id])
	}
}

func tellAll(list []*watcher) {
	for _, w := range list {
		signalIf(true, w.changed)
	}
}

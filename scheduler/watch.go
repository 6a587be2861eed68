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
	b.mu.Lock()
	defer b.mu.Unlock()
	tb := b.of(t)
	if err := b.mayWatch(tb); err != nil {
		return nil, nil, err
	}
	w = &watcher{make(chan struct{}, 1)}
	b.watched[id] = append(b.watched[id], w)
	return w, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.watchers--
		tb.watchers--
		if rest := slices.DeleteFunc(b.watched[id], func(o *watcher) bool { return o == w }); len(rest) > 0 {
			b.watched[id] = rest
		} else {
			delete(b.watched, id)
		}
	}, nil
}

// watchQueue signals each change of a queue until end is called.
func (b *board) watchQueue(t engine.Tenant, queue string) (w *watcher, end func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tb := b.of(t)
	if err := b.mayWatch(tb); err != nil {
		return nil, nil, err
	}
	w = &watcher{make(chan struct{}, 1)}
	l := b.line(tb, queue)
	l.watched = append(l.watched, w)
	return w, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.watchers--
		tb.watchers--
		if l := b.of(t).lines[queue]; l != nil {
			l.watched = slices.DeleteFunc(l.watched, func(o *watcher) bool { return o == w })
			b.forgetLine(tb, l)
		}
	}, nil
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

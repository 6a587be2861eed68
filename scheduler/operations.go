package scheduler

import (
	"context"
	"strings"

	"quintet/engine"
	"quintet/engine/api"
)

// operationOf reads one operation.
func (s *Scheduler) operationOf(ctx context.Context, t engine.Tenant, id engine.ID) (a *Operation, err error) {
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		value := v.Get(bucketOperations, id[:])
		if value == nil {
			return errOperationNotFound
		}
		r, err := decodeOperation(value)
		if err == nil {
			a = newOperation(id, r)
		}
		return err
	})
	return a, err
}

// listOperations returns a page of operations, the newest first.
func (s *Scheduler) listOperations(ctx context.Context, t engine.Tenant, limit int, cursor []byte) (page api.List[*Operation], err error) {
	if cursor != nil && len(cursor) != len(engine.ID{}) {
		return page, errBadCursor
	}
	var list []*Operation
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		list = nil
		for key, value := range v.Descend(bucketOperations, nil, cursor) {
			r, err := decodeOperation(value)
			if err != nil || len(key) != len(engine.ID{}) {
				return err
			}
			if list = append(list, newOperation(engine.ID(key), r)); len(list) > limit {
				break
			}
		}
		return nil
	})
	return api.NewList(list, limit, func(a *Operation) []byte { return a.ID[:] }), err
}

// cancel makes an operation stop before its next slice.
func (o *operations) cancel(t engine.Tenant, id engine.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, op := range o.list {
		if op.tenant == t && op.id == id {
			op.stop = true
			signalIf(true, o.soon)
		}
	}
}

// String lists the states of a set.
func (set stateSet) String() string { return strings.Join(set.names(), ", ") }

func (set stateSet) names() (names []string) {
	for state := Scheduled; state < states; state++ {
		if set.has(state) {
			names = append(names, state.String())
		}
	}
	return names
}

// candidates counts the jobs of a queue, or of all, in some states.
func (b *board) candidates(t engine.Tenant, queue string, set stateSet) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tb := b.tenants[t.UID()]
	if tb == nil {
		return 0
	}
	for name, l := range tb.lines {
		for state, count := range l.count {
			if (queue == "" || queue == name) && set.has(State(state)) {
				n += count
			}
		}
	}
	return n
}

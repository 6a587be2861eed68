package scheduler

import (
	"context"
	"slices"
	"time"

	"quintet/engine"
)

// leaseRef names one lease.
type leaseRef struct {
	id    engine.ID
	token uint64
}

// beat is one lease of a heartbeat, and what its worker says.
type beat struct {
	leaseRef
	said *progress // nil: nothing
	move uint32    // transition by which it got the lease, 0 while it is not known to hold it
}

// heartbeats says what became of each lease that one heartbeat names.
type heartbeats struct {
	extended, lost, cancel []engine.ID
}

// heartbeat renews leases for extend from now. What is not held any more is
// lost; what somebody asked to cancel is renewed, and named.
func (s *Scheduler) heartbeat(ctx context.Context, t engine.Tenant, leases []beat, extend time.Duration) (all heartbeats, err error) {
	for part := range slices.Chunk(leases, sliceJobs) {
		now, hints := s.now(), s.board.findLeases(t, part)
		var beats heartbeats
		err := s.update(ctx, t, len(part), heartbeatKeys, func(tx *engine.Tx) error {
			beats = heartbeats{}
			for i := range part {
				beats.one(tx, &part[i], &hints[i], now, extend)
			}
			return nil
		}, engine.Reclaim)
		if err != nil {
			return all, err
		}
		s.board.say(t, part)
		all.extended = append(all.extended, beats.extended...)
		all.lost = append(all.lost, beats.lost...)
		all.cancel = append(all.cancel, beats.cancel...)
	}
	s.metrics.lost.Add(float64(len(all.lost)))
	return all, nil
}

// heartbeatKeys: both places.
const heartbeatKeys = 2

// one renews one lease. It never shortens one: what is left of it is told by
// the scheduler's own clock, for the wall clock may have been set since it was
// given. It is no transition: a job that runs for an hour would have a
// timeline of nothing else.
func (b *heartbeats) one(tx *engine.Tx, l *beat, hint *leaseHint, now int64, extend time.Duration) {
	l.move = 0
	j, err := findJob(tx, l.id, hint.place)
	if err != nil || !l.holds(j) {
		b.lost = append(b.lost, l.id)
		return
	}
	before, span, left := j.time, j.span, hint.left
	if hint.place == nil || hint.place.time != before {
		left = before - now // another heartbeat was faster
	}
	if j.timeout != 0 && now >= j.claimed+int64(j.timeout) && left <= 0 {
		b.lost = append(b.lost, l.id)
		return
	}
	switch j.grant(now, extend); {
	case int64(j.span) < left:
		j.time, j.span = before, span
	case j.time == before:
		j.time++ // the board tells a lease that was renewed by its time
	}
	j.store(tx)
	l.move = j.move
	b.extended = append(b.extended, l.id)
	if j.cancel {
		b.cancel = append(b.cancel, l.id)
	}
}

// leaseHint is where a job may stand, nil if the board does not know it, and
// for how many ms more its lease lasts.
type leaseHint struct {
	place *place
	left  int64
}

// findLeases is find for many.
func (b *board) findLeases(t engine.Tenant, leases []beat) []leaseHint {
	b.mu.Lock()
	defer b.mu.Unlock()
	hints := make([]leaseHint, len(leases))
	tb := b.tenants[t.UID()]
	for n, l := range leases {
		if i, ok := b.lookup(tb, l.id); ok {
			e := b.entries.at(i)
			p := b.placeOf(e)
			hints[n].place = &p
			if e.state == Running && e.pos >= 0 {
				hints[n].left = b.leases.list[e.pos].at - b.elapsed()
			}
		}
	}
	return hints
}

// say notes what the workers of running jobs have said. A lease that was lost
// since it was looked at says nothing any more.
func (b *board) say(t engine.Tenant, leases []beat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tb := b.tenants[t.UID()]
	for _, l := range leases {
		if l.said == nil {
			continue
		}
		if i, ok := b.lookup(tb, l.id); ok && b.entries.at(i).state == Running && b.entries.at(i).move == l.move {
			b.said[i] = *l.said
			b.tell(l.id)
		}
	}
}

// findRunning is find with what the job's worker has said, nil for nothing.
func (b *board) findRunning(t engine.Tenant, id engine.ID) (*place, *progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, ok := b.lookup(b.tenants[t.UID()], id)
	if !ok {
		return nil, nil
	}
	p := b.placeOf(b.entries.at(i))
	if said, ok := b.said[i]; ok {
		return &p, &said
	}
	return &p, nil
}

// hear keeps what the worker of one lease says, and nothing else: it is
// no heartbeat.
func (s *Scheduler) hear(ctx context.Context, t engine.Tenant, l leaseRef, said progress) error {
	b := beat{leaseRef: l, said: &said}
	err := s.e.Store.View(ctx, t, func(v *engine.View) error {
		j, err := findJob(v, l.id, s.board.find(t, l.id))
		if err != nil {
			return err
		}
		if b.move = j.move; !l.holds(j) {
			return errLeaseLost
		}
		return nil
	})
	if err == nil {
		s.board.say(t, []beat{b})
	}
	return err
}

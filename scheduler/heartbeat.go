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

// heartbeats says what became of each lease that one heartbeat names.
type heartbeats struct {
	extended, lost, cancel []engine.ID
}

// heartbeat renews leases for extend from now. What is not held any more is
// lost; what somebody asked to cancel is renewed, and named.
func (s *Scheduler) heartbeat(ctx context.Context, t engine.Tenant, leases []leaseRef, extend time.Duration) (all heartbeats, err error) {
	for part := range slices.Chunk(leases, sliceJobs) {
		now := s.now()
		var beats heartbeats
		err := s.update(ctx, t, len(part), heartbeatKeys, func(tx *engine.Tx) error {
			beats = heartbeats{}
			for _, l := range part {
				beats.one(tx, l, now, extend)
			}
			return nil
		}, engine.Reclaim)
		if err != nil {
			return all, err
		}
		all.extended = append(all.extended, beats.extended...)
		all.lost = append(all.lost, beats.lost...)
		all.cancel = append(all.cancel, beats.cancel...)
	}
	s.metrics.lost.Add(float64(len(all.lost)))
	return all, nil
}

// heartbeatKeys: record and both places.
const heartbeatKeys = 3

// one renews one lease. It never shortens one. It is no transition: a job that
// runs for an hour would have a timeline of nothing else.
func (b *heartbeats) one(tx *engine.Tx, l leaseRef, now int64, extend time.Duration) {
	j, err := loadJob(tx, l.id)
	if err != nil || j.state != Running || j.token != l.token || j.timeout != 0 && now >= j.claimed+int64(j.timeout) {
		b.lost = append(b.lost, l.id)
		return
	}
	before, span := j.time, j.lease
	if j.grant(now, extend); j.time < before {
		j.time, j.lease = before, span
	}
	j.store(tx)
	b.extended = append(b.extended, l.id)
	if j.cancel {
		b.cancel = append(b.cancel, l.id)
	}
}

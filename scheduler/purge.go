package scheduler

import (
	"context"
	"encoding/binary"
	"time"

	"quintet/engine"
)

const (
	purgeEvery = 10 * time.Second
	purgeKeys  = 900 // that one update deletes; the last job may be cut in two
)

// purge removes what has been kept long enough, in slices.
func (s *Scheduler) purge(ctx context.Context) (time.Duration, error) {
	now := s.now()
	for _, t := range s.e.Tenants.List() {
		for more := true; more; {
			var err error
			if more, err = s.purgeSlice(ctx, t, now); err != nil {
				return purgeEvery, err
			}
			if s.ended() {
				return 0, nil
			}
		}
		if err := s.purgeTombstones(ctx, t, now); err != nil {
			return purgeEvery, err
		}
	}
	return purgeEvery, nil
}

// purgeSlice removes jobs of one tenant until its keys are used up. It looks
// first: an update waits for the disk, and mostly there is nothing to do.
func (s *Scheduler) purgeSlice(ctx context.Context, t engine.Tenant, now int64) (more bool, err error) {
	to := binary.BigEndian.AppendUint64(nil, uint64(now))
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		for range v.Keys(bucketExpiry, nil, to) {
			more = true
			break
		}
		return nil
	})
	if err != nil || !more {
		return false, err
	}
	err = s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		more = false
		left := purgeKeys
		for key := range tx.Keys(bucketExpiry, nil, to) {
			if left <= 0 {
				more = true
				break
			}
			j, err := loadJob(tx, engine.ID(key[8:]))
			if err != nil {
				tx.Delete(bucketExpiry, key)
				left--
				continue
			}
			if j.last == tx.Seq() {
				continue // see revive
			}
			n, err := j.purge(tx, left)
			if err != nil {
				return err
			}
			left -= n
			more = more || left <= 0
		}
		return nil
	}, engine.Bulk, engine.Reclaim)
	return more, err
}

// purge deletes a job, or if it has more transitions than keys may be deleted,
// its newest ones only. It returns how many keys it changed.
func (j *job) purge(tx *engine.Tx, keys int) (changed int, err error) {
	err = j.history(tx, keys, func(key []byte, t transition) error {
		tx.Delete(bucketTransitions, key)
		j.last = t.previous
		changed++
		return nil
	})
	if err != nil {
		return changed, err
	}
	if j.moves -= uint32(changed); j.moves > 0 {
		j.store(tx)
		return changed + 3, nil
	}
	tx.Delete(bucketJobs, j.id[:])
	tx.Delete(bucketPayloads, j.id[:])
	tx.Delete(bucketOutputs, j.id[:])
	tx.Delete(bucketIndex, j.stored.key())
	tx.Delete(bucketExpiry, expiryKey(j.storedUntil, j.id))
	return changed + 5, nil
}

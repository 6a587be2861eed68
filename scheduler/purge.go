package scheduler

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"time"

	"quintet/engine"
)

const (
	purgeEvery = 10 * time.Second
	purgeKeys  = 900    // that one update changes; the last job may be cut in two
	purgeWalk  = 10_000 // jobs that one walk over a queue chooses
)

// purge removes what has been kept long enough, or is too much, in slices.
func (s *Scheduler) purge(ctx context.Context) (time.Duration, error) {
	now := s.now()
	var failed []error
	for _, t := range s.e.Tenants.List() {
		if s.ended() {
			break
		}
		if err := s.purgeTenant(ctx, t, now); !errors.Is(err, engine.ErrTenantGone) {
			failed = append(failed, err)
		}
	}
	return purgeEvery, errors.Join(failed...)
}

func (s *Scheduler) purgeTenant(ctx context.Context, t engine.Tenant, now int64) error {
	for _, queue := range s.board.overdue(t, now) {
		if err := s.purgeQueue(ctx, t, queue, now); err != nil {
			s.board.purged(t, queue, now) // it is overdue still
			return err
		}
	}
	return errors.Join(s.purgeWindows(ctx, t, now), s.purgeOperations(ctx, t, now), s.purgeTombstones(ctx, t, now))
}

// purgeQueue removes jobs of one queue until none is overdue.
func (s *Scheduler) purgeQueue(ctx context.Context, t engine.Tenant, queue string, now int64) error {
	for more := true; more && !s.ended(); {
		surplus := s.board.beginPurge(t, queue)
		list, next, err := s.overdue(ctx, t, queue, now, surplus)
		if err != nil {
			return err
		}
		purged := 0
		for part := range slices.Chunk(list, sliceJobs) {
			if s.ended() {
				return nil
			}
			n, err := s.purgeJobs(ctx, t, part, now)
			if err != nil {
				return err
			}
			purged += n
		}
		if more = len(list) == purgeWalk && purged > 0; !more {
			s.board.purged(t, queue, next)
		}
	}
	return nil
}

// overdue walks over what has ended in a queue and chooses what is to go: what
// has been kept long enough, and where that is too little, the surplus oldest.
// Next is when the first of the others will have been.
func (s *Scheduler) overdue(ctx context.Context, t engine.Tenant, queue string, now int64, surplus int) (list []place, next int64, err error) {
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		list, next = nil, 0
		for p := range endedIn(v, queue) {
			if p.kept() <= now {
				list = append(list, p)
			} else if next == 0 || p.kept() < next {
				next = p.kept()
			}
			if len(list) == purgeWalk {
				return nil
			}
		}
		left := min(surplus, purgeWalk) - len(list)
		for p := range endedIn(v, queue) {
			if left <= 0 {
				return nil
			}
			if p.kept() > now {
				list, left = append(list, p), left-1
			}
		}
		return nil
	})
	return list, next, err
}

// endedIn yields where the ended jobs of a queue stand, dead letters last.
func endedIn(v *engine.View, queue string) iter.Seq[place] {
	return func(yield func(place) bool) {
		for _, state := range []State{Done, Cancelled, Dead} {
			for key := range v.Keys(bucketStates, placePrefix(nil, queue, state), placePrefix(nil, queue, state+1)) {
				_, p, ok := splitPlace(key)
				if p.queue = queue; ok && !yield(p) {
					return
				}
			}
		}
	}
}

// purgeJobs removes ended jobs, as many in one update as its keys allow, and
// tells how many. One that has been revived meanwhile stays, and one that
// cannot be read: the check reports it, and it stops nobody else.
func (s *Scheduler) purgeJobs(ctx context.Context, t engine.Tenant, list []place, now int64) (purged int, err error) {
	for len(list) > 0 {
		taken, whole := 0, 0
		var broken error
		err := s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
			taken, whole, broken = 0, 0, nil
			for left := purgeKeys; taken < len(list) && left > 0; {
				n, gone, err := s.purgeJob(tx, &list[taken], left, now)
				if left -= n; !gone {
					return nil // its older transitions are for the next update
				}
				taken++
				if err != nil {
					broken = err
				} else if n > 0 {
					whole++
				}
			}
			return nil
		}, engine.Bulk, engine.Reclaim)
		if err != nil {
			return purged, err
		}
		if broken != nil {
			s.options.Log.ErrorContext(ctx, "a job cannot be read and is not removed", "error", broken)
		}
		list, purged = list[taken:], purged+whole
	}
	return purged, nil
}

// removeJob removes one job that has ended.
func (s *Scheduler) removeJob(ctx context.Context, t engine.Tenant, id engine.ID) error {
	var at *place
	err := s.e.Store.View(ctx, t, func(v *engine.View) error {
		j, err := findJob(v, id, nil)
		if err == nil && !j.state.finished() {
			return errNotEnded
		}
		if err == nil {
			at = &j.place
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.purgeJobs(ctx, t, []place{*at}, s.now())
	return err
}

// purgeJob deletes a job, or if it has more transitions than keys may be
// changed, its newest ones only: then it stands in another place. It returns
// how many keys it changed, about. Where it fails it has changed none.
func (s *Scheduler) purgeJob(tx *engine.Tx, p *place, keys int, now int64) (changed int, gone bool, err error) {
	j, err := loadJob(tx, p)
	if err != nil || j == nil || j.last == tx.Seq() {
		return 0, true, err // it ended in this very commit: see revive
	}
	f, err := loadFixed(tx, j.id)
	if err != nil {
		return 0, true, err
	}
	var moves [][]byte
	last := j.last
	err = j.history(tx, keys, func(key []byte, t transition) error {
		moves, last = append(moves, key), t.previous
		return nil
	})
	if err != nil {
		return 0, true, err
	}
	if len(moves) == int(j.move) {
		if changed, err = s.purgeParts(tx, j, f, now); err != nil {
			return 0, true, err
		}
	}
	for _, key := range moves {
		tx.Delete(bucketTransitions, key)
	}
	changed += len(moves)
	if len(moves) == int(j.move) {
		return changed, true, nil
	}
	j.last, j.move = last, j.move-uint32(len(moves))
	j.store(tx)
	*p = j.place
	return changed + 2, false, nil
}

// purgeParts deletes all of a job but its transitions. As with an enqueue, a
// key that stands anywhere costs four.
func (s *Scheduler) purgeParts(tx *engine.Tx, j *job, f *fixed, now int64) (changed int, err error) {
	if changed, err = releaseUnique(tx, f, j, now); err != nil {
		return 0, err
	}
	changed *= 4
	if f.blob != nil {
		_ = s.e.Blobs.Release(tx, *f.blob, time.UnixMilli(now)) // fails where it is gone already
		changed += 8
	}
	for _, tag := range f.tags {
		tx.Delete(bucketTags, tagKey(tx.Tenant(), tag, j.id))
	}
	if j.output {
		tx.Delete(bucketOutputs, j.id[:])
		changed++
	}
	tx.Delete(bucketJobs, j.id[:])
	tx.Delete(bucketStates, j.stored)
	return changed + 4*len(f.tags) + 2, nil
}

// purgeWindows ends the windows of unique keys whose job was removed before.
func (s *Scheduler) purgeWindows(ctx context.Context, t engine.Tenant, now int64) error {
	to := binary.BigEndian.AppendUint64(nil, uint64(now))
	for more := true; more; {
		var keys [][]byte
		err := s.e.Store.View(ctx, t, func(v *engine.View) error {
			keys = nil
			for key := range v.Keys(bucketWindows, nil, to) {
				if keys = append(keys, key); len(keys) == sliceJobs {
					break
				}
			}
			return nil
		})
		if err != nil || len(keys) == 0 {
			return err
		}
		more = len(keys) == sliceJobs
		err = s.update(ctx, t, len(keys), 2, func(tx *engine.Tx) error {
			for _, key := range keys {
				hash := [16]byte(key[8:])
				if u, ok, err := loadUnique(tx, hash); err == nil && ok && u.ended != 0 && u.until <= now {
					tx.Delete(bucketUnique, hash[:])
				}
				tx.Delete(bucketWindows, key)
			}
			return nil
		}, engine.Reclaim)
		if err != nil {
			return err
		}
	}
	return nil
}

// forget deletes entries of a bucket that are old, a slice of them at a time.
// The bucket is small: it is read whole.
func (s *Scheduler) forget(ctx context.Context, t engine.Tenant, b engine.Bucket, old func(value []byte) bool) error {
	var keys [][]byte
	err := s.e.Store.View(ctx, t, func(v *engine.View) error {
		keys = nil
		for key, value := range v.Scan(b, nil, nil) {
			if old(value) && len(keys) < sliceJobs {
				keys = append(keys, key)
			}
		}
		return nil
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	return s.update(ctx, t, len(keys), 1, func(tx *engine.Tx) error {
		for _, key := range keys {
			if value := tx.Get(b, key); value != nil && old(value) {
				tx.Delete(b, key)
			}
		}
		return nil
	}, engine.Reclaim)
}

// overdue names the queues of which jobs are to be removed.
func (b *board) overdue(t engine.Tenant, now int64) (names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if tb := b.tenants[t.UID()]; tb != nil {
		for name, l := range tb.lines {
			if l.finished() > b.most || l.purgeAt != 0 && l.purgeAt <= now {
				names = append(names, name)
			}
		}
	}
	return names
}

// beginPurge tells how many ended jobs a queue has too many. When the next
// is overdue is learnt anew from here on.
func (b *board) beginPurge(t engine.Tenant, queue string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.lineOf(t, queue); l != nil {
		l.purgeAt = 0
		return max(0, l.finished()-b.most)
	}
	return 0
}

// purged notes when a walk over a queue has found that the next job is overdue.
func (b *board) purged(t engine.Tenant, queue string, next int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.lineOf(t, queue); l != nil {
		l.overdueAt(next)
	}
}

// finished is how many of a queue's jobs have ended.
func (l *line) finished() int { return l.count[Done] + l.count[Dead] + l.count[Cancelled] }

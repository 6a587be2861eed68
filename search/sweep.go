package search

import (
	"context"
	"errors"
	"time"

	"quintet/engine"
)

const formatDropped = 1

// sweepKeys is how many keys one update of the sweeper deletes. They stand
// side by side, so the pages that it writes are few.
const sweepKeys = 900

// partKeys is how many keys a part of a snapshot has: its own, its blob, and
// since when nothing refers to that.
const partKeys = 3

// sweepPause is how long a sweep that failed is not tried again.
const sweepPause = time.Minute

// sweepAlways removes what is left of deleted collections and snapshots, and of
// those that never became whole, at the start and whenever there is some, until
// ctx ends.
func (s *Service) sweepAlways(ctx context.Context) {
	for {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("could not remove the documents of a deleted collection; it is tried again", "error", err)
		}
		pause := time.NewTimer(sweepPause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		case <-s.dropped:
		}
		pause.Stop()
	}
}

// sweep removes everything that deleted collections left.
func (s *Service) sweep(ctx context.Context) error {
	var failed []error
	for _, t := range s.e.Tenants.List() {
		var ids []engine.ID
		err := s.e.Store.View(ctx, t, func(v *engine.View) error {
			ids = nil
			for key := range v.Keys(bucketDropped, nil, nil) {
				if len(key) == len(engine.ID{}) {
					ids = append(ids, engine.ID(key))
				}
			}
			return nil
		})
		for _, id := range ids {
			if !s.unfinished.has(id) {
				err = errors.Join(err, s.sweepID(ctx, t, id))
			}
		}
		if err != nil && !errors.Is(err, engine.ErrTenantGone) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// sweepID removes what stands under the id of a collection or a snapshot, and
// at last the note that there is some. Without the note there is nothing to do:
// what stood under the id has just become whole.
func (s *Service) sweepID(ctx context.Context, t engine.Tenant, id engine.ID) error {
	for {
		left := false
		err := s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
			left = false
			if !tx.Has(bucketDropped, id[:]) {
				return nil
			}
			if err := s.sweepSegments(tx, id); err != nil {
				return err
			}
			n, more, err := s.sweepParts(tx, id)
			if left = more; err != nil || more {
				return err
			}
			// The pointers go first: whoever follows one to a collection that has just
			// been deleted finds its document, or no pointer.
			for _, b := range []engine.Bucket{bucketIDs, bucketDocuments, bucketPassages, bucketJournal} {
				for key := range tx.Keys(b, id[:], after(id)) {
					if n++; n > sweepKeys {
						left = true
						return nil
					}
					tx.Delete(b, key)
				}
			}
			tx.Delete(bucketDropped, id[:])
			return nil
		}, engine.Bulk, engine.Reclaim)
		if err != nil || !left {
			return err
		}
	}
}

// sweepParts gives back the file of a snapshot, and tells how many keys that
// changed and whether there are more parts than one update takes.
func (s *Service) sweepParts(tx *engine.Tx, id engine.ID) (keys int, more bool, err error) {
	for key, value := range tx.Scan(bucketParts, id[:], after(id)) {
		if keys += partKeys; keys > sweepKeys {
			return keys, true, nil
		}
		tx.Delete(bucketParts, key)
		if p, err := decodePart(key, value); err == nil {
			if err := s.e.Blobs.Release(tx, p.blob, s.e.Clock.Now()); err != nil && err != engine.ErrBlobGone {
				return keys, false, err
			}
		}
	}
	return keys, false, nil
}

// sweepSegments gives back the files of a collection's segments. A record that
// cannot be read names none.
func (s *Service) sweepSegments(tx *engine.Tx, id engine.ID) error {
	var old []*segmentRecord
	for key, value := range tx.Scan(bucketSegments, id[:], after(id)) {
		if r, err := decodeSegmentRecord(key, value); err == nil {
			old = append(old, r)
		} else {
			tx.Delete(bucketSegments, key)
		}
	}
	return s.replaceSegments(tx, id, nil, old)
}

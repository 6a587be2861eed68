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

// sweepPause is how long a sweep that failed is not tried again.
const sweepPause = time.Minute

// sweepAlways removes what is left of deleted collections, at the start and
// whenever one was deleted, until ctx ends.
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
			err = errors.Join(err, s.sweepCollection(ctx, t, id))
		}
		if err != nil && !errors.Is(err, engine.ErrTenantGone) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// sweepCollection removes documents and pointers, and at last the note that
// there are some.
func (s *Service) sweepCollection(ctx context.Context, t engine.Tenant, id engine.ID) error {
	for {
		left := false
		err := s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
			left = false
			if err := s.sweepSegments(tx, id); err != nil {
				return err
			}
			n := 0
			for _, b := range []engine.Bucket{bucketDocuments, bucketPassages, bucketIDs} {
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

package search

import (
	"context"

	"quintet/engine"
	"quintet/engine/api"
)

// Snapshots returns a page of a collection's snapshots, the newest first.
// Errors: invalid_limit, invalid_cursor.
func (s *Service) Snapshots(ctx context.Context, t engine.Tenant, collection string, limit int, cursor string) (page api.List[SnapshotInfo], err error) {
	if limit, err = api.CheckLimit(limit); err != nil {
		return page, err
	}
	c, err := s.openWhole(ctx, t, collection)
	if err != nil {
		return page, err
	}
	before, err := api.ParseCursor(cursor)
	if err != nil {
		return page, err
	}
	from, to := snapshotsOf(c.name)
	if before != nil {
		id, err := engine.ParseID(string(before))
		if err != nil {
			return page, errCursor
		}
		to = snapshotKey(c.name, id)
	}
	var list []SnapshotInfo
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		list = nil
		for key, value := range v.Descend(bucketSnapshots, from, to) {
			_, id, ok := splitSnapshotKey(key)
			r, err := decodeSnapshotRecord(value)
			if err != nil || !ok {
				return err
			}
			if list = append(list, r.info(c.name, id)); len(list) > limit {
				break
			}
		}
		return nil
	})
	return api.NewList(list, limit, func(i SnapshotInfo) []byte { return []byte(i.ID) }), err
}

// OpenSnapshot returns the file of a snapshot, which the caller closes.
// It fails with snapshot_not_found where there is none.
func (s *Service) OpenSnapshot(ctx context.Context, t engine.Tenant, collection, id string) (*SnapshotFile, error) {
	c, err := s.openWhole(ctx, t, collection)
	if err != nil {
		return nil, err
	}
	snapshot, err := engine.ParseID(id)
	if err != nil {
		return nil, errSnapshotNotFound
	}
	f := &SnapshotFile{s: s, ctx: ctx, t: t}
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		value := v.Get(bucketSnapshots, snapshotKey(c.name, snapshot))
		if value == nil {
			return errSnapshotNotFound
		}
		r, err := decodeSnapshotRecord(value)
		if err != nil {
			return err
		}
		f.SnapshotInfo = r.info(c.name, snapshot)
		f.parts, err = partsOf(v, snapshot, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// partsOf lists the parts of a snapshot, which must be all.
func partsOf(r engine.Reader, id engine.ID, record *snapshotRecord) (parts []snapshotPart, err error) {
	bytes := int64(0)
	for key, value := range r.Scan(bucketParts, id[:], after(id)) {
		p, err := decodePart(key, value)
		if err != nil {
			return nil, err
		}
		parts, bytes = append(parts, p), bytes+int64(p.size)
	}
	if len(parts) != int(record.Parts) || bytes != record.Bytes {
		return nil, corrupt(bucketParts, "snapshot %s has %d parts of %d bytes and should have %d of %d", id, len(parts), bytes, record.Parts, record.Bytes)
	}
	return parts, nil
}

// DeleteSnapshot deletes a snapshot. Its file leaves the disk in the background.
func (s *Service) DeleteSnapshot(ctx context.Context, t engine.Tenant, collection, id string) error {
	c, err := s.openWhole(ctx, t, collection)
	if err != nil {
		return err
	}
	snapshot, err := engine.ParseID(id)
	if err != nil {
		return errSnapshotNotFound
	}
	key := snapshotKey(c.name, snapshot)
	err = s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		if !tx.Has(bucketSnapshots, key) {
			return errSnapshotNotFound
		}
		dropSnapshot(tx, key)
		return nil
	}, engine.Reclaim)
	if err != nil {
		return err
	}
	s.publish(t, "snapshot.deleted", c.name, 1)
	s.sweepSoon()
	return nil
}

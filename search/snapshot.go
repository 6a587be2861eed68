package search

import (
	"bytes"
	"context"
	"time"

	"quintet/engine"
)

// Limits of snapshots.
const (
	maxSnapshots       = 10  // of a collection
	maxTenantSnapshots = 100 // of a tenant
	partBytes          = 8 << 20
	maxStall           = time.Minute // how long a part waits for the disk
)

var (
	errSnapshotNotFound = &engine.Error{Kind: engine.NotFound, Code: "snapshot_not_found", Detail: "there is no such snapshot of this collection"}
	errSnapshotStalled  = &engine.Error{Kind: engine.Unavailable, Code: "snapshot_stalled", Detail: "the disk is too slow for a snapshot just now; try again when it has less to do", RetryAfter: time.Minute}
	errBoundSnapshot    = &engine.Error{Kind: engine.Forbidden, Code: "key_reads_documents", Detail: "a snapshot is a whole collection, and your key has a filter; use another one"}
)

// SnapshotInfo tells about a snapshot of a collection that is kept here.
type SnapshotInfo struct {
	ID         string    `json:"id"`
	Collection string    `json:"collection"`
	Documents  uint64    `json:"documents"`
	Bytes      int64     `json:"bytes" doc:"Of its file."`
	CreatedAt  time.Time `json:"created_at"`
}

func (r snapshotRecord) info(collection string, id engine.ID) SnapshotInfo {
	return SnapshotInfo{ID: id.String(), Collection: collection, Documents: r.Documents, Bytes: r.Bytes, CreatedAt: r.Created}
}

// openWhole returns a collection for what concerns all its documents at once.
func (s *Service) openWhole(ctx context.Context, t engine.Tenant, name string) (*collection, error) {
	c, err := s.open(ctx, t, name)
	if caller := callerOf(ctx); len(caller.Filters) > 0 && (err == nil || caller.Admits(name)) {
		return nil, errBoundSnapshot
	}
	return c, err
}

// Snapshot writes all of a collection, as it is at one moment, into a file that
// is kept here. It takes the time of reading and sealing that much; after is
// called now and then, and keeps a connection alive. When it fails, or ctx ends,
// nothing is left. Errors: too_many_snapshots, those of the engine's LongView.
func (s *Service) Snapshot(ctx context.Context, t engine.Tenant, collection string, after func()) (info SnapshotInfo, err error) {
	c, err := s.openWhole(ctx, t, collection)
	if err != nil {
		return info, err
	}
	id := s.e.IDs.New()
	r := snapshotRecord{Created: s.e.Clock.Now().UTC().Truncate(time.Second)} // equal collections make files of equal size
	may := func(tx *engine.Tx) error { return maySnapshot(tx, c) }
	err = s.under(ctx, t, id, may, func() error {
		if err := s.writeSnapshot(ctx, c, id, &r, after); err != nil {
			return err
		}
		return s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
			if err := maySnapshot(tx, c); err != nil {
				return err
			}
			tx.Delete(bucketDropped, id[:])
			tx.Put(bucketSnapshots, snapshotKey(c.name, id), encode(r))
			return nil
		})
	})
	if err != nil {
		return info, err
	}
	s.metrics.snapshots.Inc()
	s.metrics.snapshotBytes.Add(float64(r.Bytes))
	s.publish(t, "snapshot.created", c.name, 1)
	return r.info(c.name, id), nil
}

// maySnapshot refuses one more snapshot than there may be, in the commit that
// begins it or ends it, and one of a collection that is gone.
func maySnapshot(tx *engine.Tx, c *collection) error {
	if _, err := loadRecord(tx, c); err != nil {
		return err
	}
	own, all := 0, 0
	for key := range tx.Keys(bucketSnapshots, nil, nil) {
		if all++; bytes.HasPrefix(key, append([]byte(c.name), 0)) {
			own++
		}
	}
	if own >= maxSnapshots || all >= maxTenantSnapshots {
		return engine.Errorf(engine.Conflict, "too_many_snapshots", "a collection may have %d snapshots here and a tenant %d; fetch and delete one first", maxSnapshots, maxTenantSnapshots)
	}
	return nil
}

// writeSnapshot writes the file of a snapshot under its id.
func (s *Service) writeSnapshot(ctx context.Context, c *collection, id engine.ID, r *snapshotRecord, alive func()) error {
	parts := newPartWriter(ctx, alive, func(number uint32, data []byte) error { return s.keepPart(ctx, c.tenant, id, number, data) })
	err := s.e.LongView(ctx, c.tenant, func(v *engine.View) error {
		rec, err := loadRecord(v, c)
		if err != nil {
			return err
		}
		w, err := newSnapshotWriter(parts, newSnapshotHead(rec, r.Created))
		if err != nil {
			return err
		}
		for key, value := range v.Scan(bucketDocuments, c.id[:], after(c.id)) {
			p := put{value: value}
			if hasPassages(value) {
				p.passages = v.Get(bucketPassages, key)
			}
			if err := w.add(p); err != nil {
				return err
			}
		}
		err = w.close()
		r.Documents, r.Bytes = w.documents, w.bytes
		return err
	})
	var closed error
	r.Parts, closed = parts.close(err == nil)
	if err == nil {
		err = closed
	}
	return err
}

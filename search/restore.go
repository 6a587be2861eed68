package search

import (
	"context"
	"errors"
	"io"

	"quintet/engine"
	"quintet/engine/api"
)

var (
	errRestoreExists = &engine.Error{Kind: engine.Conflict, Code: "collection_exists", Detail: "there is a collection or an alias of this name; restore under another name, then let an alias lead to it, or delete this one first"}
	errRestoreModel  = &engine.Error{Kind: engine.Invalid, Code: "snapshot_of_another_model", Detail: "the vectors of this snapshot were made by another embedding model, which cannot be compared with the present one; export the collection where it came from as NDJSON, and import that into a new collection"}
)

// Restore makes a collection of the file of a snapshot; nothing is embedded. The
// documents have new versions, in the order of their old ones. Until the last of
// them is stored there is no such collection, and where the restore fails, or
// ctx ends, nothing is left. before is called before more of the file is read;
// it keeps a connection alive. Errors: collection_exists, invalid_snapshot with
// the place in the file, snapshot_of_another_model, those of Define, those of the
// file's reader.
func (s *Service) Restore(ctx context.Context, t engine.Tenant, name string, file io.Reader, before func()) (info CollectionInfo, err error) {
	if err := s.mayRestore(ctx, t, name); err != nil {
		return info, err
	}
	x := &restore{s: s, ctx: ctx, t: t, id: s.e.IDs.New(), file: newSnapshotReader(file, before)}
	if err := x.open(); err != nil {
		return info, err
	}
	err = s.under(ctx, t, x.id, func(*engine.Tx) error { return nil }, func() error {
		if err := x.documents(); err != nil {
			return err
		}
		return x.finish(name)
	})
	if err != nil {
		return info, err
	}
	s.metrics.restores.Inc()
	s.publish(t, "collection.restored", name, 1)
	if err := x.load(); err != nil {
		return info, err
	}
	return s.Collection(ctx, t, name)
}

// RestoreFrom makes a collection of a snapshot that is kept here.
func (s *Service) RestoreFrom(ctx context.Context, t engine.Tenant, name, source, snapshot string, before func()) (info CollectionInfo, err error) {
	if err := s.mayRestore(ctx, t, name); err != nil {
		return info, err
	}
	file, err := s.OpenSnapshot(ctx, t, source, snapshot)
	if err != nil {
		return info, err
	}
	defer file.Close()
	return s.Restore(ctx, t, name, file, before)
}

// mayRestore refuses a name under which nothing can be restored, before
// anything is read; the last commit asks again.
func (s *Service) mayRestore(ctx context.Context, t engine.Tenant, name string) error {
	if err := api.CheckName("collection", name); err != nil {
		return err
	}
	switch _, err := s.openWhole(ctx, t, name); {
	case err == nil:
		return errRestoreExists
	case err != errCollectionNotFound || !callerOf(ctx).Admits(name):
		return err
	}
	if err := s.mayGrow(t); err != nil {
		return err
	}
	return s.mayAdd(t)
}

// mayAdd refuses one more collection than a tenant may have.
func (s *Service) mayAdd(t engine.Tenant) error {
	if len(s.registry.list(t, "")) >= s.options.Collections {
		return engine.Errorf(engine.Conflict, "too_many_collections", "a tenant may have %d collections; delete one first", s.options.Collections)
	}
	return nil
}

// restore is a restore under way.
type restore struct {
	s      *Service
	ctx    context.Context
	t      engine.Tenant
	id     engine.ID // of the collection
	file   *snapshotReader
	schema *schema
	seq    uint64 // of the last commit

	slice []restored
	bytes int // of the slice
	count int // of all documents
	total int64
}

// restored is a document that is to be stored.
type restored struct {
	id      string
	at      int64 // in the file
	pointer []byte
	put
}

// open reads the head of the file.
func (x *restore) open() error {
	head, err := x.file.head()
	if err != nil {
		return err
	}
	r, reason := head.record(x.id, x.s.options.Embedder.Hash(), x.s.e.Clock.Now().UTC())
	if reason != "" {
		return damaged(x.file.frameAt, "%s", reason)
	}
	x.schema = newSchema(r)
	if x.schema.embeds() && head.Model != r.Model {
		return errRestoreModel
	}
	return nil
}

// documents stores all documents of the file, some at a time.
func (x *restore) documents() error {
	for {
		p, at, ok, err := x.file.next()
		if err != nil {
			return err
		}
		if !ok {
			return x.flush()
		}
		id, reason := x.schema.fault(p)
		if reason != "" {
			return damaged(at, "%s", reason)
		}
		if x.count++; x.count > x.s.options.Documents {
			return engine.Errorf(engine.Conflict, "too_many_documents", "a collection may have %d documents, and the snapshot has more", x.s.options.Documents)
		}
		p.version = x.s.e.IDs.New()
		x.slice = append(x.slice, restored{id, at, pointerKey(x.t, x.id, id), p})
		if x.bytes += len(p.value) + len(p.passages); len(x.slice) < sliceDocuments && x.bytes < sliceBytes {
			continue
		}
		if err := x.flush(); err != nil {
			return err
		}
	}
}

// flush stores what was collected. Nobody sees it yet.
func (x *restore) flush() error {
	if len(x.slice) == 0 {
		return nil
	}
	err := x.s.e.Store.Update(x.ctx, x.t, func(tx *engine.Tx) error {
		for _, d := range x.slice {
			if tx.Has(bucketIDs, d.pointer) {
				return damaged(d.at, "a second document has the id %s", d.id)
			}
			key := documentKey(x.id, d.version)
			if d.passages != nil {
				tx.Put(bucketPassages, key, d.passages)
			}
			tx.Put(bucketDocuments, key, d.value)
			tx.Put(bucketIDs, d.pointer, d.version[:])
		}
		return nil
	}, engine.Bulk, engine.Weight(x.bytes+512*len(x.slice)))
	x.slice, x.bytes, x.total = x.slice[:0], 0, x.total+int64(x.bytes)
	return err
}

// finish makes the documents a collection.
func (x *restore) finish(name string) error {
	release, err := x.s.defining.Take(x.ctx, x.t.UID())
	if err != nil {
		return err
	}
	defer release()
	if err := x.s.mayAdd(x.t); err != nil {
		return err
	}
	if err := x.s.admitIndex(&collection{tenant: x.t, name: name}, x.total); err != nil {
		return err
	}
	x.s.unfinished.fill(x.id, x.count)
	return x.s.e.Store.Update(x.ctx, x.t, func(tx *engine.Tx) error {
		x.seq = tx.Seq()
		if tx.Has(bucketCollections, []byte(name)) || tx.Has(bucketAliases, []byte(name)) {
			return errRestoreExists
		}
		tx.Delete(bucketDropped, x.id[:])
		tx.Put(bucketCollections, []byte(name), encode(x.schema.record))
		return nil
	})
}

// load returns when the documents are found. The index is loaded like that of
// any collection at its first use, which takes as long as indexing them. Where
// there is no memory for it after all, the collection is there and stays cold.
func (x *restore) load() error {
	if err := x.s.seen.wait(x.ctx, x.seq); err != nil {
		return err
	}
	for {
		x.file.before()
		c := x.s.registry.find(x.t, x.id)
		if c == nil {
			return errCollectionNotFound // deleted meanwhile
		}
		_, release, err := x.s.use(x.ctx, c)
		if err == nil {
			release()
		}
		switch {
		case engine.KindOf(err) == engine.Full:
			return nil
		case !errors.Is(err, errLoading):
			return err
		}
	}
}

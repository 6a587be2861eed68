package search

import (
	"cmp"
	"context"
	"errors"

	"quintet/engine"
	"quintet/engine/api"
)

// Removal is a document that is to be deleted.
type Removal struct {
	tenant     engine.Tenant
	collection *collection
	alias      string // by which it was named, "" for its own name
	id         string
	pointer    []byte
	ifMatch    string
	seq        uint64 // of the commit
}

// PrepareDelete prepares to delete a document by its id.
func (s *Service) PrepareDelete(ctx context.Context, t engine.Tenant, collection, id string) (*Removal, error) {
	c, err := s.openToWrite(ctx, t, collection)
	if err != nil {
		return nil, err
	}
	if err := api.CheckID("document", id); err != nil {
		return nil, err
	}
	return &Removal{tenant: t, collection: c, alias: c.throughAlias(collection), id: id, pointer: pointerKey(t, c.id, id)}, nil
}

// DeleteTx deletes a document in an update of its tenant, whatever else that
// does. Tell Deleted after it is on disk. Errors: document_not_found;
// collection_changed where the alias leads elsewhere since: prepare it again.
func (s *Service) DeleteTx(tx *engine.Tx, r *Removal) error {
	r.seq = tx.Seq()
	rec, err := loadToWrite(tx, r.alias, r.collection)
	if err != nil {
		return err
	}
	old := tx.Get(bucketIDs, r.pointer)
	if old == nil {
		return errDocumentNotFound
	}
	if len(old) != len(version{}) {
		return corrupt(bucketIDs, "a pointer has %d bytes", len(old))
	}
	if err := (Condition{IfMatch: r.ifMatch}).check(old); err != nil {
		return err
	}
	deleteVersion(tx, r.collection.id, version(old))
	tx.Delete(bucketIDs, r.pointer)
	rec.follow(tx, r.pointer, nil)
	return nil
}

// Deleted tells that a document is deleted on disk, and returns once no search
// finds it.
func (s *Service) Deleted(ctx context.Context, r *Removal) error {
	s.metrics.deleted.Inc()
	s.publish(r.tenant, "document.deleted", r.collection.name, 1)
	return s.settle(ctx, r.tenant, r.collection.id, r.seq)
}

// Delete deletes one document; ifMatch is as in a Condition.
func (s *Service) Delete(ctx context.Context, t engine.Tenant, collection, id, ifMatch string) error {
	for range maxAttempts {
		r, err := s.PrepareDelete(ctx, t, collection, id)
		if err != nil {
			return err
		}
		r.ifMatch = ifMatch
		if err = r.collection.held.pass(ctx); err != nil {
			return err
		}
		err = s.e.Store.Update(ctx, t, func(tx *engine.Tx) error { return s.DeleteTx(tx, r) }, engine.Reclaim)
		if err == nil {
			return s.Deleted(ctx, r)
		}
		if !errors.Is(err, errCollectionMoved) {
			return err
		}
	}
	return errCollectionMoved
}

// Document is one document as a client sent it, with an id.
type Document struct {
	ID   string
	JSON []byte
	ETag string
}

// Document returns one document.
func (s *Service) Document(ctx context.Context, t engine.Tenant, name, id string) (d Document, err error) {
	err = s.reading(ctx, t, name, func(c *collection) error {
		d, err = s.document(ctx, c, c.throughAlias(name), id)
		return err
	})
	return d, err
}

func (s *Service) document(ctx context.Context, c *collection, alias, id string) (d Document, err error) {
	if err := api.CheckID("document", id); err != nil {
		return d, err
	}
	sc := c.schema.Load()
	bound, err := sc.filterOf("", "", callerOf(ctx).Binding)
	if err != nil {
		return d, err
	}
	err = s.e.Store.View(ctx, c.tenant, func(v *engine.View) error {
		found, ver, err := loadDocument(sc.space, v, c.id, pointerKey(c.tenant, c.id, id))
		if err == errDocumentNotFound {
			return cmp.Or(leads(v, alias, c), err) // it may be where the alias leads now
		}
		if err != nil {
			return err
		}
		if shown, err := sc.shows(bound, found.json); err != nil || !shown {
			return cmp.Or(err, error(errDocumentNotFound))
		}
		d = Document{found.id, sc.withVector(found), etagOf(ver)}
		return nil
	})
	return d, err
}

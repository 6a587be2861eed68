package search

import (
	"context"
	"errors"
	"fmt"

	"quintet/engine"
)

// Purge deletes the documents that a filter admits in one snapshot, and returns
// how many it deleted once no search finds them. One that is written again
// meanwhile stays. after is called when some are deleted; it keeps a connection
// alive. When it fails, what was deleted stays so. Errors: invalid_filter,
// filter_missing; collection_changed where the alias leads elsewhere meanwhile.
func (s *Service) Purge(ctx context.Context, t engine.Tenant, collection, filter string, after func()) (deleted int, err error) {
	c, versions, err := s.matching(ctx, t, collection, filter)
	if err != nil {
		return 0, err
	}
	p := &purge{s: s, ctx: ctx, c: c, alias: c.throughAlias(collection)}
	for len(versions) > 0 {
		slice := versions[:min(sliceDocuments, len(versions))]
		versions = versions[len(slice):]
		if err := p.delete(slice); err != nil {
			return p.deleted, p.failed(err)
		}
		after()
	}
	return p.deleted, nil
}

// Matching counts the documents that a filter admits. Errors are those of Purge.
func (s *Service) Matching(ctx context.Context, t engine.Tenant, collection, filter string) (int, error) {
	_, versions, err := s.matching(ctx, t, collection, filter)
	return len(versions), err
}

// matching lists what a filter admits in one snapshot.
func (s *Service) matching(ctx context.Context, t engine.Tenant, collection, text string) (c *collection, versions []version, err error) {
	if c, err = s.openToWrite(ctx, t, collection); err != nil {
		return nil, nil, err
	}
	e, err := parseFilter("query.filter", text, c.schema.Load())
	if err != nil {
		return nil, nil, err
	}
	if e == nil {
		return nil, nil, errNoFilter
	}
	err = s.steadily(ctx, c, func(v *engine.View, _ func()) error {
		_, err := s.readParts(ctx, v, t, c.id, func(parts []*part) {
			versions = nil
			for _, g := range parts {
				for row := range g.admit(e).All() {
					versions = append(versions, g.versions[row])
				}
			}
		})
		return err
	})
	return c, versions, err
}

// purge is one request to delete many documents.
type purge struct {
	s       *Service
	ctx     context.Context
	c       *collection
	alias   string // by which it was named, "" for its own name
	deleted int
}

// standing is a document as it was found.
type standing struct {
	pointer []byte
	version version
}

// delete deletes those versions that still stand. Their ids are read before the
// update, which then looks at their pointers alone.
func (p *purge) delete(versions []version) error {
	var found []standing
	err := p.s.e.Store.View(p.ctx, p.c.tenant, func(v *engine.View) error {
		found = nil
		if err := leads(v, p.alias, p.c); err != nil {
			return err // else what was swept would count as gone
		}
		for _, name := range versions {
			encoded := v.Get(bucketDocuments, documentKey(p.c.id, name))
			if encoded == nil {
				continue // it was written again, or deleted
			}
			d, err := decodeDocument(p.c.schema.Load().space, encoded)
			if err != nil {
				return err
			}
			found = append(found, standing{pointerKey(p.c.tenant, p.c.id, d.id), name})
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		return err
	}
	if err := p.c.held.pass(p.ctx); err != nil {
		return err
	}
	deleted, seq := 0, uint64(0)
	err = p.s.e.Store.Update(p.ctx, p.c.tenant, func(tx *engine.Tx) error {
		deleted, seq = 0, tx.Seq()
		rec, err := loadToWrite(tx, p.alias, p.c)
		if err != nil {
			return err
		}
		for _, d := range found {
			if string(tx.Get(bucketIDs, d.pointer)) != string(d.version[:]) {
				continue
			}
			deleteVersion(tx, p.c.id, d.version)
			tx.Delete(bucketIDs, d.pointer)
			rec.follow(tx, d.pointer, nil)
			deleted++
		}
		return nil
	}, engine.Bulk, engine.Reclaim)
	if err != nil {
		return err
	}
	p.deleted += deleted
	p.s.metrics.deleted.Add(float64(deleted))
	p.s.publish(p.c.tenant, "document.deleted", p.c.name, deleted)
	return p.s.settle(p.ctx, p.c.tenant, p.c.id, seq)
}

// failed says how far a purge came that cannot go on.
func (p *purge) failed(err error) error {
	own, ok := errors.AsType[*engine.Error](err)
	if !ok || p.deleted == 0 {
		return err
	}
	told := *own
	told.Detail = fmt.Sprintf("%s (%d documents were deleted before)", own.Detail, p.deleted)
	return &told
}

package search

import (
	"cmp"
	"context"
	"strings"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// CollectionInfo is what a collection tells about itself.
type CollectionInfo struct {
	Name      string    `json:"name"`
	Fields    []Field   `json:"fields" nullable:"false" doc:"Those that were declared, or inferred so far."`
	Inferred  bool      `json:"inferred" doc:"The documents define the fields."`
	Embed     []string  `json:"embed" nullable:"false" doc:"The text fields whose meaning is searched."`
	Metric    Metric    `json:"metric"`
	Precision Precision `json:"precision,omitempty" enum:"int8,float32" doc:"Of the vectors, where there are any."`
	Language  string    `json:"language" doc:"Of text fields that name none."`
	Documents int       `json:"documents"`
	Vectors   int       `json:"vectors" doc:"Documents that have one; those without a text to embed have none."`
	Bytes     int64     `json:"bytes" doc:"Of the documents and their vectors as they are stored, before sealing."`
	Loaded    bool      `json:"loaded" doc:"The index is in memory. After a start, and when memory is scarce, it is loaded at its next use; until then a list tells of the documents' number alone."`
	Memory    int64     `json:"memory" doc:"Bytes of the index in memory, estimated."`
	Segments  int       `json:"segments" doc:"Parts of the index. They are merged in the background; left alone, they become one."`
	Recall    *Recall   `json:"recall" doc:"Of searches through a graph, null before one was measured."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at" doc:"Of the definition."`

	ETag string `json:"-"`
}

func (c *collection) info() CollectionInfo {
	sc, st := c.schema.Load(), c.stat()
	i := CollectionInfo{
		Name: c.name, Fields: append([]Field{}, sc.fields...), Inferred: sc.Infer, Embed: []string{}, Metric: cmp.Or(sc.Metric, Cosine), Precision: sc.space.precision, Language: cmp.Or(sc.Language, english),
		Documents: st.documents, Vectors: st.vectors, Bytes: st.bytes, Loaded: st.loaded, Memory: st.memory, Segments: st.segments, Recall: c.recall.read(),
		CreatedAt: sc.Created, UpdatedAt: sc.Updated, ETag: sc.etag(),
	}
	for _, n := range sc.embed {
		i.Embed = append(i.Embed, sc.fields[n].Name)
	}
	return i
}

// Define makes a collection of this definition, and reports whether it is new.
// An equal definition changes nothing. Another one needs ifMatch, a list with
// the ETag of the definition that it replaces, and a collection without documents.
func (s *Service) Define(ctx context.Context, t engine.Tenant, name string, d Definition, ifMatch string) (info CollectionInfo, isNew bool, err error) {
	if err := api.CheckName("collection", name); err != nil {
		return CollectionInfo{}, false, err
	}
	if d, err = d.normal(); err != nil {
		return CollectionInfo{}, false, err
	}
	release, err := s.defining.Take(ctx, t.UID())
	if err != nil {
		return CollectionInfo{}, false, err
	}
	defer release()
	old, err := s.openToWrite(ctx, t, name)
	if err == nil && old.name != name {
		return CollectionInfo{}, false, isAlias(name, old.name)
	}
	if err != nil && (err != errCollectionNotFound || !callerOf(ctx).Admits(name)) {
		return CollectionInfo{}, false, err
	}
	if err != nil {
		if ifMatch != "" {
			return CollectionInfo{}, false, errCollectionETag
		}
		if err := s.mayAdd(t); err != nil {
			return CollectionInfo{}, false, err
		}
		info, err = s.store(ctx, t, name, newRecord(s.e.IDs.New(), d, s.options.Embedder.Hash(), s.e.Clock.Now().UTC()), nil)
		return info, true, err
	}
	info, err = s.replace(ctx, old, d, ifMatch)
	return info, false, err
}

func (s *Service) replace(ctx context.Context, old *collection, d Definition, ifMatch string) (CollectionInfo, error) {
	was := old.schema.Load()
	switch {
	case ifMatch != "" && !names(ifMatch, was.etag()):
		return CollectionInfo{}, errCollectionETag
	case d.equal(was.definition()):
		return old.info(), nil
	case ifMatch == "":
		return CollectionInfo{}, errCollectionExists
	case was.reindexing():
		return CollectionInfo{}, errReindexing
	}
	r := newRecord(s.e.IDs.New(), d, s.options.Embedder.Hash(), s.e.Clock.Now().UTC())
	r.Version, r.Created = was.Version+1, was.Created
	return s.store(ctx, old.tenant, old.name, r, old)
}

// store writes a record. One that replaces another has an id of its own, as
// nothing of the other is read any more; there must be no documents.
func (s *Service) store(ctx context.Context, t engine.Tenant, name string, r *record, old *collection) (CollectionInfo, error) {
	seq := uint64(0)
	err := s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		seq = tx.Seq()
		if old != nil {
			for range tx.Keys(bucketDocuments, old.id[:], after(old.id)) {
				return errCollectionFilled
			}
			tx.Put(bucketDropped, old.id[:], []byte{formatDropped}) // it may have segments
		}
		tx.Put(bucketCollections, []byte(name), encode(r))
		return nil
	})
	if err != nil {
		return CollectionInfo{}, err
	}
	if old == nil {
		s.publish(t, "collection.created", name, 1)
	} else {
		s.sweepSoon()
	}
	if err := s.settle(ctx, t, r.ID, seq); err != nil {
		return CollectionInfo{}, err
	}
	return s.Collection(ctx, t, name)
}

// Collection tells about one collection, and loads it for that.
func (s *Service) Collection(ctx context.Context, t engine.Tenant, name string) (CollectionInfo, error) {
	c, err := s.open(ctx, t, name)
	if err != nil {
		return CollectionInfo{}, err
	}
	if _, release, err := s.use(ctx, c); err == nil { // it tells what it can without
		defer release()
	}
	return c.infoFor(callerOf(ctx).Binding), nil
}

// Collections returns a page of a tenant's collections, by name.
func (s *Service) Collections(ctx context.Context, t engine.Tenant, limit int, cursor string) (page api.List[CollectionInfo], err error) {
	if limit, err = api.CheckLimit(limit); err != nil {
		return page, err
	}
	behind, err := api.ParseCursor(cursor)
	if err != nil {
		return page, err
	}
	caller := callerOf(ctx)
	var infos []CollectionInfo
	for _, c := range s.registry.list(t, string(behind)) {
		if !caller.Admits(c.name) {
			continue
		}
		if infos = append(infos, c.infoFor(caller.Binding)); len(infos) > limit {
			break
		}
	}
	return api.NewList(infos, limit, func(i CollectionInfo) []byte { return []byte(i.Name) }), nil
}

// Drop deletes a collection at once. Its documents are removed from the disk
// in the background, also after a crash.
func (s *Service) Drop(ctx context.Context, t engine.Tenant, name, ifMatch string) error {
	release, err := s.defining.Take(ctx, t.UID())
	if err != nil {
		return err
	}
	defer release()
	c, err := s.openToWrite(ctx, t, name)
	if err != nil {
		return err
	}
	if ifMatch != "" && !names(ifMatch, c.schema.Load().etag()) {
		return errCollectionETag
	}
	if err := s.mayDrop(c, name); err != nil {
		return err
	}
	err = s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		if _, err := loadRecord(tx, c); err != nil {
			return err
		}
		dropTx(tx, name, c.id)
		return nil
	}, engine.Reclaim)
	if err != nil {
		return err
	}
	s.publish(t, "collection.deleted", name, 1)
	s.sweepSoon()
	return nil
}

// mayDrop refuses to delete a collection that something else relies on.
func (s *Service) mayDrop(c *collection, name string) error {
	switch aliases := s.registry.aliasesTo(c.tenant, c.name); {
	case c.name != name:
		return isAlias(name, c.name)
	case len(aliases) > 0:
		return engine.Errorf(engine.Conflict, "collection_has_aliases", "aliases lead to this collection: %s; move or delete them first", strings.Join(aliases, ", "))
	case c.schema.Load().reindexing():
		return errReindexing
	}
	return nil
}

// dropTx deletes a collection; the sweeper removes what it had.
func dropTx(tx *engine.Tx, name string, id engine.ID) {
	tx.Delete(bucketCollections, []byte(name))
	dropSnapshots(tx, name)
	tx.Put(bucketDropped, id[:], []byte{formatDropped})
}

// sweepSoon tells the sweeper that there is something to sweep.
func (s *Service) sweepSoon() {
	select {
	case s.dropped <- struct{}{}:
	default: // it is told already
	}
}

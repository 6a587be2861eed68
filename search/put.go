package search

import (
	"context"
	"maps"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/search/embed"
)

// Put is a document that is ready to be written: it was read by its
// collection, its version is drawn, its text is embedded. It belongs to one
// tenant.
type Put struct {
	tenant     engine.Tenant
	collection *collection
	alias      string  // by which the collection was named, "" for its own name
	schema     *schema // by which it was read, the fields that it adds included
	added      []Field
	members    members
	values     []value // for its row, until the words are found
	raw        []byte  // what was sent, for reading it anew
	pointer    []byte
	version    version
	document   stored
	passages   []byte // as they are stored, nil where there is one or none
	text       string // that is embedded
	carried    *carried
	condition  Condition
	copied     bool // by a re-index, which alone writes into the collection that it makes

	seq      uint64 // of the commit
	replaced bool   // there was one of this id
}

// ID is the document's id.
func (p *Put) ID() string { return p.document.id }

// ETag names the state of the document that p writes.
func (p *Put) ETag() string { return etagOf(p.version) }

func etagOf(v version) string { return `"` + v.String() + `"` }

// Prepare reads a document as PUT …/documents/{id} takes it, and embeds what
// is to be embedded.
func (s *Service) Prepare(ctx context.Context, t engine.Tenant, collection string, raw []byte) (*Put, error) {
	p, err := s.read(ctx, t, collection, raw, "")
	if err == nil {
		err = s.admitPuts(ctx, p.collection)
	}
	if err != nil {
		return nil, err
	}
	return p, s.embedPuts(ctx, []*Put{p})
}

// read reads a document; id is what the path names, "" for none.
func (s *Service) read(ctx context.Context, t engine.Tenant, collection string, raw []byte, id string) (*Put, error) {
	c, err := s.openToWrite(ctx, t, collection)
	if err != nil {
		return nil, err
	}
	p, err := s.readBy(c, c.schema.Load(), raw, id)
	if err == nil {
		p.alias = c.throughAlias(collection)
	}
	return p, err
}

// readBy reads a document by a schema of its collection.
func (s *Service) readBy(c *collection, sc *schema, raw []byte, id string) (*Put, error) {
	if err := s.checkModel(sc); err != nil {
		return nil, err
	}
	if c.documents() >= s.options.Documents {
		return nil, engine.Errorf(engine.Conflict, "too_many_documents", "a collection may have %d documents; delete some, or use another collection", s.options.Documents)
	}
	m, compact, err := parseCompact(raw)
	if err != nil {
		return nil, err
	}
	own, err := m.id()
	switch {
	case err != nil:
		return nil, err
	case own != "" && id != "" && own != id:
		return nil, invalid("body.id", "is %q, and the path names %q", own, id)
	case own != "":
		id = own
	case id == "":
		id = s.e.IDs.New().String()
	default:
		if err := api.CheckID("document", id); err != nil {
			return nil, err
		}
	}
	vectors, err := sc.carriedBy(m)
	if err != nil {
		return nil, err
	}
	p := &Put{tenant: c.tenant, collection: c, members: m, carried: vectors, raw: raw, version: s.e.IDs.New(), pointer: pointerKey(c.tenant, c.id, id)}
	p.added = sc.infer(m)
	p.schema = sc.with(p.added)
	if p.values, err = p.schema.values(m); err != nil {
		return nil, err
	}
	p.document.id = id
	if p.document.json, err = p.schema.compact(raw, compact, m, id); err != nil {
		return nil, err
	}
	if p.document.vector, err = p.schema.givenVector(m); err != nil {
		return nil, err
	}
	p.text = p.schema.embedText(p.values)
	return p, nil
}

// embedPuts gives documents of one collection their vectors: those that they
// carry or that are stored where the text is still the same, new ones else.
func (s *Service) embedPuts(ctx context.Context, puts []*Put) error {
	var open []*Put
	for _, p := range puts {
		if p.text != "" && len(p.document.vector) == 0 {
			p.document.hash = contentHash(p.text)
			if !p.carry(s.options.Embedder.Hash()) {
				open = append(open, p)
			}
		}
	}
	if len(open) == 0 {
		return nil
	}
	if err := s.reuseVectors(ctx, open); err != nil {
		return err
	}
	var all []embed.Passage
	count := make([]int, len(open))
	for i, p := range open {
		if len(p.document.vector) > 0 {
			continue
		}
		passages, _ := s.options.Embedder.Passages(p.text)
		all, count[i] = append(all, passages...), len(passages)
		if len(passages) == 0 {
			p.document.hash = [16]byte{}
		}
	}
	vectors, err := s.embedPassages(ctx, puts[0].tenant, all, puts[0].copied)
	if err != nil {
		return err
	}
	for i, p := range open {
		if n := count[i]; n > 0 {
			p.giveVectors(all[:n], vectors[:n])
			all, vectors = all[n:], vectors[n:]
		}
	}
	return nil
}

// giveVectors stores the vectors of a document's passages.
func (p *Put) giveVectors(passages []embed.Passage, vectors [][]float32) {
	p.document.vector = p.schema.space.append(nil, vectors[0])
	p.passages = nil
	if p.document.more = len(vectors) > 1; p.document.more {
		p.passages = encodePassages(p.schema.space, passages, vectors)
	}
}

// reuseVectors takes over the vectors of texts that are stored already.
func (s *Service) reuseVectors(ctx context.Context, puts []*Put) error {
	return s.e.Store.View(ctx, puts[0].tenant, func(v *engine.View) error {
		for _, p := range puts {
			d, old, err := loadDocument(p.schema.space, v, p.collection.id, p.pointer)
			if err == errDocumentNotFound {
				continue
			}
			if err != nil {
				return err
			}
			if d.hash == p.document.hash {
				p.document.vector, p.document.more = d.vector, d.more
				if d.more {
					p.passages = v.Get(bucketPassages, documentKey(p.collection.id, old))
				}
			}
		}
		return nil
	})
}

// loadDocument follows a pointer.
func loadDocument(s space, r engine.Reader, collection engine.ID, pointer []byte) (d stored, v version, err error) {
	target := r.Get(bucketIDs, pointer)
	if target == nil {
		return d, v, errDocumentNotFound
	}
	if len(target) != len(v) {
		return d, v, corrupt(bucketIDs, "a pointer has %d bytes", len(target))
	}
	v = version(target)
	encoded := r.Get(bucketDocuments, documentKey(collection, v))
	if encoded == nil {
		return d, v, corrupt(bucketIDs, "a pointer leads to no document")
	}
	d, err = decodeDocument(s, encoded)
	return d, v, err
}

// putKeys is how many keys a document changes at most: its own, the pointer and
// the state before it, the passages of either state, and the journal of a
// re-index. A collection whose fields grow is one more.
const putKeys = 6

// PutTx writes documents in an update of their tenant, whatever else it does;
// engine.Bulk is needed from 10 of them. Tell Stored after it is on disk. It
// fails with collection_changed where another document has just given the
// collection a field that one of these reads otherwise, or where the alias leads
// elsewhere since: prepare that one again.
func (s *Service) PutTx(tx *engine.Tx, puts ...*Put) error {
	records := map[string]*record{}
	for _, p := range puts {
		if err := leads(tx, p.alias, p.collection); err != nil {
			return err
		}
		r := records[p.collection.name]
		if r == nil {
			var err error
			if r, err = loadRecord(tx, p.collection); err != nil {
				return err
			}
			if r.MadeFor != "" && !p.copied {
				return errBeingMade
			}
			records[p.collection.name] = r
		}
		grown, err := p.admit(r)
		if err != nil {
			return err
		}
		if grown {
			tx.Put(bucketCollections, []byte(p.collection.name), encode(r))
		}
		if err := p.write(tx); err != nil {
			return err
		}
		r.follow(tx, p.pointer, p.version[:])
	}
	return nil
}

// loadToWrite reads a collection whose documents are to be deleted, as leads
// and loadRecord do.
func loadToWrite(tx *engine.Tx, alias string, c *collection) (*record, error) {
	if err := leads(tx, alias, c); err != nil {
		return nil, err
	}
	r, err := loadRecord(tx, c)
	if err == nil && r.MadeFor != "" {
		return nil, errBeingMade
	}
	return r, err
}

// loadRecord reads a collection that must still be the one that is known.
func loadRecord(r engine.Reader, c *collection) (*record, error) {
	value := r.Get(bucketCollections, []byte(c.name))
	if value == nil {
		return nil, errCollectionNotFound
	}
	rec, err := decodeRecord(value)
	if err == nil && rec.ID != c.id {
		return nil, errCollectionNotFound
	}
	return rec, err
}

// admit lets the record follow the fields that p adds, and reports whether it
// did. It refuses p where the record has a field by which p was not read.
func (p *Put) admit(r *record) (grown bool, err error) {
	if !r.Infer {
		return false, nil
	}
	kinds := maps.Collect(func(yield func(string, Kind) bool) {
		for _, f := range r.Inferred {
			if !yield(f.Name, f.Type) {
				return
			}
		}
	})
	for name, kind := range kinds {
		if f, known := p.schema.field(name); known && f.Type != kind {
			return false, errCollectionMoved
		} else if raw, has := p.members[name]; !known && has && !isNull(raw) {
			return false, errCollectionMoved
		}
	}
	for _, f := range p.added {
		if kinds[f.Name] != "" {
			continue
		}
		if len(r.Inferred) >= maxFields {
			return false, errCollectionMoved
		}
		r.Inferred = append(r.Inferred, f)
		grown = true
	}
	return grown, nil
}

// write writes the document, lets the pointer lead to it, and deletes the
// state before.
func (p *Put) write(tx *engine.Tx) error {
	p.seq, p.replaced = tx.Seq(), false
	old := tx.Get(bucketIDs, p.pointer)
	if old != nil && len(old) != len(p.version) {
		return corrupt(bucketIDs, "a pointer has %d bytes", len(old))
	}
	if err := p.condition.check(old); err != nil {
		return err
	}
	if old != nil && version(old) != p.version {
		p.replaced = true
		deleteVersion(tx, p.collection.id, version(old))
	}
	if p.document.more {
		tx.Put(bucketPassages, documentKey(p.collection.id, p.version), p.passages)
	}
	tx.Put(bucketDocuments, documentKey(p.collection.id, p.version), p.document.encode())
	tx.Put(bucketIDs, p.pointer, p.version[:])
	return nil
}

// deleteVersion deletes a state of a document, but for the pointer to it.
func deleteVersion(tx *engine.Tx, collection engine.ID, v version) {
	key := documentKey(collection, v)
	tx.Delete(bucketDocuments, key)
	if tx.Has(bucketPassages, key) {
		tx.Delete(bucketPassages, key)
	}
}

// Stored tells that documents are on disk, and returns once searches find them.
func (s *Service) Stored(ctx context.Context, puts ...*Put) error {
	counts := map[*collection]int{}
	newest := uint64(0)
	for _, p := range puts {
		counts[p.collection]++
		newest = max(newest, p.seq)
	}
	for c, n := range counts {
		s.metrics.stored.Add(float64(n))
		s.publish(c.tenant, "document.put", c.name, n)
		if err := s.settle(ctx, c.tenant, c.id, newest); err != nil {
			return err
		}
	}
	return nil
}

package search

import (
	"context"
	"fmt"

	"quintet/engine"
)

// check proves what the rest relies on: every document belongs to a collection
// that is there, or is being removed; its pointer leads to it and back; and it
// can be read, with a vector exactly where its collection embeds.
func (s *Service) check(ctx context.Context, v *engine.View, report func(string)) error {
	for _, t := range s.e.Tenants.List() {
		c := &checking{t: t, v: v.Of(t), schemas: map[engine.ID]*schema{}, names: map[string]engine.ID{}, targets: map[engine.ID]bool{}, dropped: map[engine.ID]bool{}, report: func(format string, args ...any) {
			report("tenant " + t.Name() + ": " + fmt.Sprintf(format, args...))
		}}
		c.readCollections()
		c.checkAliases()
		c.checkDocuments()
		c.checkPointers()
		c.checkSegments()
		c.checkSnapshots()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// checking is the check of one tenant.
type checking struct {
	t         engine.Tenant
	v         *engine.View
	schemas   map[engine.ID]*schema
	names     map[string]engine.ID // of collections
	targets   map[engine.ID]bool   // of re-indexes that run
	dropped   map[engine.ID]bool
	documents int // of collections that are there
	passages  int // of those, the ones that have several
	report    func(format string, args ...any)
}

func (c *checking) readCollections() {
	for name, value := range c.v.Scan(bucketCollections, nil, nil) {
		r, err := decodeRecord(value)
		if err != nil {
			c.report("collection %s: %v", name, err)
			continue
		}
		if _, err := r.definition().normal(); err != nil {
			c.report("collection %s: %v", name, err)
		}
		if c.schemas[r.ID] != nil {
			c.report("collection %s has the id of another", name)
		}
		c.schemas[r.ID], c.names[string(name)] = newSchema(r), r.ID
	}
	for key, value := range c.v.Scan(bucketDropped, nil, nil) {
		if len(key) != len(engine.ID{}) || len(value) != 1 || value[0] != formatDropped {
			c.report("a note of a deleted collection cannot be read")
			continue
		}
		if id := engine.ID(key); c.schemas[id] != nil {
			c.report("collection %s is there, and noted as deleted", id)
		} else {
			c.dropped[id] = true
		}
	}
}

func (c *checking) checkDocuments() {
	for key, value := range c.v.Scan(bucketDocuments, nil, nil) {
		collection, v, ok := splitDocumentKey(key)
		if !ok {
			c.report("a key of a document cannot be read")
			continue
		}
		sc := c.schemas[collection]
		if sc == nil {
			if !c.dropped[collection] {
				c.report("document %s belongs to no collection", v)
			}
			continue
		}
		c.documents++
		if err := c.checkDocument(sc, v, value); err != nil {
			c.report("document %s: %v", v, err)
		}
	}
}

func (c *checking) checkDocument(sc *schema, v version, value []byte) error {
	d, err := decodeDocument(sc.space, value)
	if err != nil {
		return err
	}
	m, err := parseDocument(d.json)
	if err != nil {
		return err
	}
	if id, err := m.id(); err != nil || id != d.id {
		return fmt.Errorf("it is stored under another id than its own")
	}
	if target := c.v.Get(bucketIDs, pointerKey(c.t, sc.ID, d.id)); string(target) != string(v[:]) {
		return fmt.Errorf("the pointer of its id leads elsewhere")
	}
	if (len(d.vector) > 0 && sc.embeds()) != (d.hash != [16]byte{}) || len(d.vector) > 0 && !sc.hasVectors() {
		return fmt.Errorf("it has a vector without a text, or the other way round")
	}
	passages := c.v.Get(bucketPassages, documentKey(sc.ID, v))
	if d.more != (passages != nil) {
		return fmt.Errorf("it has passages and does not say so, or the other way round")
	}
	if d.more {
		c.passages++
	}
	_, err = sc.newRow(put{version: v, value: value, passages: passages})
	return err
}

func (c *checking) checkPointers() {
	pointers := 0
	for key, target := range c.v.Scan(bucketIDs, nil, nil) {
		if len(key) != 32 || len(target) != 16 {
			c.report("a pointer cannot be read")
			continue
		}
		collection := engine.ID(key[:16])
		if c.schemas[collection] != nil {
			pointers++
		} else if !c.dropped[collection] {
			c.report("a pointer belongs to no collection")
		}
	}
	passages := 0
	for key := range c.v.Keys(bucketPassages, nil, nil) {
		if len(key) == 32 && c.schemas[engine.ID(key[:16])] != nil {
			passages++
		}
	}
	if passages != c.passages {
		c.report("%d documents have several passages, and there are those of %d", c.passages, passages)
	}
	if pointers != c.documents {
		c.report("%d documents have %d pointers", c.documents, pointers)
	}
}

// checkSegments holds that every segment belongs to a collection. Whether it
// can be read is seen when its index is loaded, which does without it where not.
func (c *checking) checkSegments() {
	for key, value := range c.v.Scan(bucketSegments, nil, nil) {
		if _, err := decodeSegmentRecord(key, value); err != nil {
			c.report("%v", err)
			continue
		}
		if id := engine.ID(key[:16]); c.schemas[id] == nil && !c.dropped[id] {
			c.report("a segment belongs to no collection")
		}
	}
}

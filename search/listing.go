package search

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/fnv"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/engine/filter"
)

// Documents returns a page of the documents that a filter admits, "" for all,
// the newest first. Errors: invalid_filter, invalid_limit, invalid_cursor.
func (s *Service) Documents(ctx context.Context, t engine.Tenant, name, filter string, limit int, after string) (page api.List[json.RawMessage], err error) {
	if limit, err = api.CheckLimit(limit); err != nil {
		return page, err
	}
	err = s.reading(ctx, t, name, func(c *collection) error {
		page, err = s.documents(ctx, c, filter, limit, after)
		return err
	})
	return page, err
}

func (s *Service) documents(ctx context.Context, c *collection, filter string, limit int, after string) (page api.List[json.RawMessage], err error) {
	sc := c.schema.Load()
	p := &plan{schema: sc, mode: modeKeyword, asked: modeKeyword, all: true, limit: limit, room: maxAnswer, print: listPrint(sc, filter, callerOf(ctx))}
	if p.filter, err = sc.filterOf("query.filter", filter, callerOf(ctx).Binding); err != nil {
		return page, err
	}
	if p.cursor, err = parseCursor(after, p.print, 0); err != nil {
		return page, err
	}
	a, err := s.answer(ctx, c.tenant, p)
	if err != nil {
		return page, err
	}
	page = api.List[json.RawMessage]{Items: make([]json.RawMessage, len(a.Hits)), Next: a.Next}
	for i, h := range a.Hits {
		page.Items[i] = h.Document
	}
	return page, nil
}

// listPrint tells lists apart whose pages do not continue each other.
func listPrint(sc *schema, filter string, caller engine.Principal) uint32 {
	h := fnv.New32a()
	_, _ = h.Write(sc.ID[:])
	if caller.Bound() {
		_, _ = h.Write(append([]byte(caller.Subject), 0))
	}
	_, _ = h.Write([]byte("list " + filter))
	return h.Sum32()
}

// Where a slice of an export ends: each has a snapshot of its own, and no
// snapshot lasts while a client reads.
const (
	exportBytes     = 1 << 20
	exportDocuments = 1_000
)

// Export passes all documents that a filter admits, "" for all, to write, as
// lines of JSON and some at a time; with their vectors, if it is asked to. It
// goes from id to id by their hashes, with a snapshot for each slice. So a
// document that is there all the time comes exactly once, as it was at some
// moment meanwhile; one that comes or goes meanwhile may be among them or not.
// Errors: invalid_filter, those of write; collection_not_found also where it
// is deleted meanwhile.
func (s *Service) Export(ctx context.Context, t engine.Tenant, collection, filter string, vectors bool, write func(lines []byte) error) error {
	c, err := s.open(ctx, t, collection)
	if err != nil {
		return err
	}
	x := &export{c: c, schema: c.schema.Load(), vectors: vectors, from: c.id[:]}
	if x.filter, err = x.schema.filterOf("query.filter", filter, callerOf(ctx).Binding); err != nil {
		return err
	}
	for x.from != nil {
		if err := s.e.Store.View(ctx, t, x.slice); err != nil {
			return err
		}
		x.from = x.next
		if err := write(x.lines.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// export is an export under way.
type export struct {
	c       *collection
	schema  *schema
	filter  filter.Expression
	vectors bool
	from    []byte // key of the pointer where the slice begins
	next    []byte // and where the next one does, nil at the end
	lines   bytes.Buffer
}

// slice writes lines until there are enough.
func (x *export) slice(v *engine.View) error {
	x.lines.Reset()
	x.next = nil
	if _, err := loadRecord(v, x.c); err != nil {
		return err
	}
	documents := 0
	for key := range v.Keys(bucketIDs, x.from, after(x.c.id)) {
		if documents == exportDocuments || x.lines.Len() >= exportBytes {
			x.next = key
			return nil
		}
		documents++
		if err := x.add(v, key); err != nil {
			return err
		}
	}
	return nil
}

// add writes the document that a pointer leads to, if the filter admits it.
func (x *export) add(v *engine.View, pointer []byte) error {
	d, ver, err := loadDocument(x.schema.space, v, x.c.id, pointer)
	if err != nil {
		return err
	}
	if shown, err := x.schema.shows(x.filter, d.json); err != nil || !shown {
		return err
	}
	line := d.json
	switch {
	case !x.vectors || len(d.vector) == 0:
	case x.schema.embeds():
		line = x.schema.withCarried(d, v.Get(bucketPassages, documentKey(x.c.id, ver)))
	default:
		line = x.schema.withVector(d)
	}
	x.lines.Write(line)
	x.lines.WriteByte('\n')
	return nil
}

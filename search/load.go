package search

import (
	"context"
	"fmt"
	"slices"
	"time"

	"quintet/engine"
	"quintet/search/bitset"
)

// build makes the index of a collection from what is stored: the segments that
// there are, and from the documents whatever none of them has. The keys of the
// documents alone say what is live. So a segment may be older than the store,
// or overlap with another, or be unreadable: it costs time and nothing else.
func (s *Service) build(ctx context.Context, c *collection) (*index, error) {
	live, segments, seq, err := s.stored(ctx, c)
	if err != nil {
		return nil, err
	}
	size := int64(0)
	for _, r := range segments {
		size += int64(r.size)
	}
	if err := s.admitIndex(c, size); err != nil {
		return nil, err
	}
	// The schema is at least as new as the snapshot: the fields of no document
	// are left out.
	if err := s.seen.wait(ctx, seq); err != nil {
		return nil, err
	}
	x := newIndex(c.schema.Load(), seq, s.options.FlushRows, s.frozen)
	for _, r := range segments {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g, err := s.openSegment(c, x.current.schema, r)
		if err != nil {
			s.unusable(c, err)
			g = &part{schema: x.current.schema, record: r} // that the next merge replaces
		} else {
			live.cover(g)
		}
		x.parts = append(x.parts, g)
	}
	return x, s.fill(ctx, c, x, live.missing())
}

// stored lists the documents and the segments of a collection as of one commit.
func (s *Service) stored(ctx context.Context, c *collection) (live *coverage, segments []*segmentRecord, seq uint64, err error) {
	err = s.e.Store.View(ctx, c.tenant, func(v *engine.View) error {
		live, segments, seq = &coverage{}, nil, v.Seq()
		for key := range v.Keys(bucketDocuments, c.id[:], after(c.id)) {
			_, version, ok := splitDocumentKey(key)
			if !ok {
				return corrupt(bucketDocuments, "a key of %d bytes cannot be read", len(key))
			}
			live.versions = append(live.versions, version)
		}
		for key, value := range v.Scan(bucketSegments, c.id[:], after(c.id)) {
			r, err := decodeSegmentRecord(key, value)
			if err != nil {
				s.unusable(c, err) // it stays, for a program that can read it
				continue
			}
			segments = append(segments, r)
		}
		return nil
	})
	return live, segments, seq, err
}

// unusable tells of a segment that is not used.
func (s *Service) unusable(c *collection, why error) {
	s.log.Warn("a segment cannot be used; its documents are indexed from the store", "collection", c.name, "tenant", c.tenant, "error", why)
	s.metrics.unusable.Inc()
}

// openSegment reads the file of a sealed part.
func (s *Service) openSegment(c *collection, sc *schema, r *segmentRecord) (*part, error) {
	f, err := s.e.Blobs.Open(context.Background(), c.tenant, r.blob)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	g, err := openPart(sc, f, f.Size())
	if err == nil && g.rows() != int(r.rows) {
		err = fmt.Errorf("its record tells of %d rows, and it has %d", r.rows, g.rows())
	}
	if err != nil {
		return nil, err
	}
	g.record = r
	return g, nil
}

// coverage is which of the stored documents some part has.
type coverage struct {
	versions []version // rising
	covered  bitset.Set
}

// cover revives the rows of a part that are stored and that no part before it has.
func (c *coverage) cover(g *part) {
	at := 0
	for row, v := range g.versions {
		n, found := slices.BinarySearchFunc(c.versions[at:], v, compareVersions)
		if at += n; found && !c.covered.Has(uint32(at)) {
			c.covered.Add(uint32(at))
			g.revive(uint32(row))
		}
	}
}

func (c *coverage) missing() (list []version) {
	for i, v := range c.versions {
		if !c.covered.Has(uint32(i)) {
			list = append(list, v)
		}
	}
	return list
}

// rebuildSlice is how many documents are read before they are indexed together.
const rebuildSlice = 512

const progressEvery = 5 * time.Second

// fill indexes documents that no segment has.
func (s *Service) fill(ctx context.Context, c *collection, x *index, versions []version) error {
	told, done := time.Now(), 0
	for slice := range slices.Chunk(versions, rebuildSlice) {
		rows, err := s.readSlice(ctx, c, x.current.schema, slice, 0)
		if err != nil {
			return err
		}
		x.show(change{seq: x.applied, schema: x.current.schema}, rows)
		if err := s.admitGrown(c, x); err != nil {
			return err
		}
		if done += len(slice); time.Since(told) > progressEvery {
			told = time.Now()
			s.log.Info("indexing", "collection", c.name, "tenant", c.tenant, "documents", done, "of", len(versions))
		}
	}
	return nil
}

// readSlice reads documents and makes rows of them, in order, with so many
// goroutines, 0 for one a processor. Those that are gone are left out.
func (s *Service) readSlice(ctx context.Context, c *collection, sc *schema, versions []version, workers int) ([]*row, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var puts []put
	err := s.e.Store.View(ctx, c.tenant, func(v *engine.View) error {
		puts = nil
		for _, name := range versions {
			if p, ok := readPut(v, c.id, name); ok {
				puts = append(puts, p)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return makeRows(sc, puts, workers)
}

// readPut reads a document as it is stored.
func readPut(v engine.Reader, collection engine.ID, name version) (p put, ok bool) {
	key := documentKey(collection, name)
	p = put{version: name, value: v.Get(bucketDocuments, key)}
	if hasPassages(p.value) {
		p.passages = v.Get(bucketPassages, key)
	}
	return p, p.value != nil
}

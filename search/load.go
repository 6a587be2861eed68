package search

import (
	"context"
	"fmt"
	"slices"
	"time"

	"quintet/engine"
	"quintet/search/bitset"
)

// load builds the index of a collection from a snapshot: the segments that
// there are, and from the documents whatever none of them has. The keys of the
// documents alone say what is live. So a segment may be older than the store,
// or overlap with another, or be unreadable: it costs time and nothing else.
func (s *Service) load(c *collection, v *engine.View) (documents int, err error) {
	live := &coverage{}
	for key := range v.Keys(bucketDocuments, c.id[:], after(c.id)) {
		_, version, ok := splitDocumentKey(key)
		if !ok {
			return 0, corrupt(bucketDocuments, "a key of %d bytes cannot be read", len(key))
		}
		live.versions = append(live.versions, version)
	}
	if n := len(live.versions); n > 0 {
		s.e.IDs.After(live.versions[n-1]) // also where the clock was set back: the newest come first
	}
	for key, value := range v.Scan(bucketSegments, c.id[:], after(c.id)) {
		unusable := func(err error) {
			s.log.Warn("a segment cannot be used; its documents are indexed from the store", "collection", c.name, "tenant", c.tenant, "error", err)
			s.metrics.unusable.Inc()
		}
		r, err := decodeSegmentRecord(key, value)
		if err != nil {
			unusable(err) // it stays, for a program that can read it
			continue
		}
		g, err := s.openSegment(c, r)
		if err != nil {
			unusable(err)
			g = &part{schema: c.schema.Load(), record: r} // that the next merge replaces
		} else {
			live.cover(g)
		}
		c.index.parts = append(c.index.parts, g)
	}
	return len(live.versions), s.fill(c, v, live.missing())
}

// openSegment reads the file of a sealed part.
func (s *Service) openSegment(c *collection, r *segmentRecord) (*part, error) {
	f, err := s.e.Blobs.Open(context.Background(), c.tenant, r.blob)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	g, err := openPart(c.schema.Load(), f, f.Size())
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
func (s *Service) fill(c *collection, v *engine.View, versions []version) error {
	told := time.Now()
	for done := 0; done < len(versions); {
		slice := versions[done:min(done+rebuildSlice, len(versions))]
		var puts []put
		for _, name := range slice {
			p, ok := readPut(v, c.id, name)
			if !ok {
				return corrupt(bucketDocuments, "document %s has a key and no value", name)
			}
			puts = append(puts, p)
		}
		rows, err := makeRows(c.schema.Load(), puts, 0)
		if err != nil {
			return err
		}
		c.index.show(change{seq: v.Seq(), schema: c.schema.Load()}, rows)
		if done += len(slice); time.Since(told) > progressEvery {
			told = time.Now()
			s.log.Info("indexing", "collection", c.name, "tenant", c.tenant, "documents", done, "of", len(versions))
		}
	}
	return nil
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

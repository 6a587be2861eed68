package search

import (
	"context"
	"io"
	"slices"
	"time"

	"quintet/engine"
	"quintet/search/bitset"
)

// A rewrite is always the same: it builds one sealed part of the live rows of
// some parts (merge.go), makes its file durable, puts its record in the place of
// theirs in one commit, and shows it in one step. Nothing depends on it: a crash
// at any point leaves the documents, which the next start indexes, and at most a
// file that nothing names.

// rewrite makes one sealed part of several, which it gives back if it fails.
func (s *Service) rewrite(ctx context.Context, c *collection, x *index, inputs []*part) error {
	defer giveBack(inputs)
	began := time.Now()
	seen := x.look(inputs)
	b, err := s.gather(ctx, c, seen)
	if err != nil {
		return err
	}
	var fresh *part
	if len(b.versions) > 0 {
		id := s.e.IDs.New()
		g, sections, err := b.seal(ctx, id)
		if err != nil {
			return err
		}
		content := newSegmentContent(sections)
		blob, err := s.e.Blobs.Put(ctx, c.tenant, &paced{ReadSeeker: content, ctx: ctx})
		if err != nil {
			return err
		}
		g.record = &segmentRecord{id: id, blob: blob, rows: uint32(g.rows()), size: uint64(content.size())}
		for at := range g.versions {
			g.revive(uint32(at))
		}
		fresh = g
	}
	if err := s.commitRewrite(ctx, c, fresh, inputs); err != nil {
		return err
	}
	x.swap(seen, fresh, time.Since(began))
	s.metrics.rewritten(len(b.versions), time.Since(began))
	return nil
}

// commitRewrite puts the record of a part in the place of others.
func (s *Service) commitRewrite(ctx context.Context, c *collection, fresh *part, inputs []*part) error {
	var record *segmentRecord
	if fresh != nil {
		record = fresh.record
	}
	var old []*segmentRecord
	for _, g := range inputs {
		if g.record != nil {
			old = append(old, g.record)
		}
	}
	if record == nil && len(old) == 0 {
		return nil
	}
	return s.e.Store.Update(ctx, c.tenant, func(tx *engine.Tx) error {
		if _, err := loadRecord(tx, c); err != nil {
			return err
		}
		return s.replaceSegments(tx, c.id, record, old)
	})
}

// sight is what a rewrite has seen of the parts that it reads when it began.
type sight struct {
	parts []*part
	live  []bitset.Set // rows of each
	idle  bool         // nobody had written for a while, and no other part was sealed
}

// look notes which rows of parts are live.
func (x *index) look(parts []*part) sight {
	x.segment.RLock()
	defer x.segment.RUnlock()
	seen := sight{parts: parts}
	for _, g := range parts {
		seen.live = append(seen.live, g.live.Clone())
	}
	others := slices.ContainsFunc(x.parts, func(g *part) bool { return g.record != nil && !slices.Contains(parts, g) })
	seen.idle = !others && time.Since(x.written) >= idleAfter
	return seen
}

// swap shows a part in the place of those that it was made of. What was deleted
// since is dead in it.
func (x *index) swap(seen sight, fresh *part, took time.Duration) {
	x.segment.Lock()
	defer x.segment.Unlock()
	if fresh != nil {
		for i, g := range seen.parts {
			seen.live[i].AndNot(g.live)
			for at := range seen.live[i].All() {
				fresh.remove(g.versions[at])
			}
		}
	}
	var kept []*part
	for _, g := range x.parts {
		if !slices.Contains(seen.parts, g) {
			kept = append(kept, g)
		}
	}
	if fresh != nil {
		kept = append(kept, fresh)
	}
	x.parts, x.pause = kept, 0
	if seen.idle {
		x.merged, x.mergeTook = time.Now(), took
	}
	close(x.thawed)
	x.thawed = make(chan struct{})
}

// paced reads no faster than the disk can take beside what others write to it.
type paced struct {
	io.ReadSeeker
	ctx context.Context
	n   int
}

// Bytes that are read before a pause, and how long that is: 100 MB/s at most.
const (
	pacedBytes = 2 << 20
	pacedPause = 20 * time.Millisecond
)

func (p *paced) Read(b []byte) (int, error) {
	if p.n >= pacedBytes {
		p.n = 0
		pause := time.NewTimer(pacedPause)
		defer pause.Stop()
		select {
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		case <-pause.C:
		}
	}
	n, err := p.ReadSeeker.Read(b)
	p.n += n
	return n, err
}

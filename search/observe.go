package search

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"quintet/engine"
)

// observer keeps registry and indexes in step with the store.
func (s *Service) observer() *engine.Observer {
	return &engine.Observer{Name: s.Name(), Rebuild: s.rebuild, Apply: s.observe}
}

// observe follows one commit. What takes time is left to the indexes.
func (s *Service) observe(c engine.Commit) {
	if err := s.broken.Load(); err != nil {
		panic(*err) // the engine rebuilds everything, and is not ready until then
	}
	var now *collection // whose changes are collected
	var changed change
	flush := func() {
		if now != nil {
			now.index.follow(changed, s.breaks)
		}
		now = nil
	}
	for _, w := range c.Writes {
		switch w.Bucket {
		case bucketCollections:
			s.observeCollection(w, c.Seq)
		case bucketDocuments:
			id, v, ok := splitDocumentKey(w.Key())
			if !ok {
				continue // the check reports it
			}
			if now == nil || now.id != id || now.tenant != w.Tenant {
				flush()
				if now = s.registry.find(w.Tenant, id); now == nil {
					continue // deleted; its documents are swept
				}
				changed = change{seq: c.Seq, schema: now.schema.Load()}
			}
			if w.Deleted {
				changed.drops = append(changed.drops, v)
			} else {
				changed.puts = append(changed.puts, put{v, w.Value})
			}
		}
	}
	flush()
	s.seen.set(c.Seq)
}

func (s *Service) observeCollection(w engine.Write, seq uint64) {
	name := string(w.Key())
	if w.Deleted {
		if c, err := s.registry.get(w.Tenant, name); err == nil {
			s.registry.remove(c)
		}
		return
	}
	r, err := decodeRecord(w.Value)
	if err != nil {
		panic(err) // the engine rebuilds, and reports it
	}
	s.registry.register(w.Tenant, name, r, seq)
}

// breaks notes that an index failed. The next commit makes the engine rebuild.
func (s *Service) breaks(err error) {
	s.log.Error("an index failed; all are rebuilt from what is stored", "error", err)
	s.broken.CompareAndSwap(nil, &err)
}

// rebuildSlice is how many documents, and how many bytes of them, are read
// before they are indexed together.
const (
	rebuildSlice = 512
	rebuildBytes = 8 << 20
)

// rebuild derives everything anew from a snapshot, and replaces what there is
// when it is done.
func (s *Service) rebuild(v *engine.View) error {
	began := time.Now()
	fresh := newRegistry()
	documents := 0
	for _, t := range s.e.Tenants.List() {
		for name, value := range v.Of(t).Scan(bucketCollections, nil, nil) {
			r, err := decodeRecord(value)
			if err != nil {
				return err
			}
			c := fresh.register(t, string(name), r, v.Seq())
			s.reportModel(c)
			n, err := s.fill(c, v.Of(t))
			if err != nil {
				return fmt.Errorf("collection %s of tenant %s: %w", name, t.Name(), err)
			}
			documents += n
		}
	}
	s.registry.replace(fresh)
	s.broken.Store(nil)
	s.seen.set(v.Seq())
	s.metrics.rebuild.Set(time.Since(began).Seconds())
	if documents > 0 {
		s.log.Info("indexes built", "documents", documents, "collections", len(fresh.byID), "seconds", time.Since(began).Seconds())
	}
	return nil
}

// reportModel logs, once per start, that vectors cannot be used.
func (s *Service) reportModel(c *collection) {
	if err := s.checkModel(c.schema.Load()); err != nil {
		s.log.Warn("the vectors of a collection were made by another embedding model; its keyword search goes on", "collection", c.name, "tenant", c.tenant)
	}
}

const progressEvery = 5 * time.Second

// fill indexes the documents of a collection.
func (s *Service) fill(c *collection, v *engine.View) (documents int, err error) {
	var puts []put
	size, told := 0, time.Now()
	flush := func() error {
		rows, err := makeRows(c.schema.Load(), puts)
		for _, r := range rows {
			c.index.current.add(r)
		}
		documents += len(puts)
		puts, size = puts[:0], 0
		if time.Since(told) > progressEvery {
			told = time.Now()
			s.log.Info("indexing", "collection", c.name, "tenant", c.tenant, "documents", documents)
		}
		return err
	}
	for key, value := range v.Scan(bucketDocuments, c.id[:], after(c.id)) {
		_, version, ok := splitDocumentKey(key)
		if !ok {
			return documents, corrupt(bucketDocuments, "a key of %d bytes cannot be read", len(key))
		}
		puts, size = append(puts, put{version, value}), size+len(value)
		if len(puts) == rebuildSlice || size > rebuildBytes {
			if err := flush(); err != nil {
				return documents, err
			}
		}
	}
	return documents, flush()
}

// makeRows reads documents with all processors, and keeps their order.
func makeRows(s *schema, puts []put) ([]*row, error) {
	rows, faults := make([]*row, len(puts)), make([]error, len(puts))
	workers := min(runtime.GOMAXPROCS(0), len(puts))
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < len(puts); i += workers {
				rows[i], faults[i] = s.newRow(puts[i].version, puts[i].value)
			}
		})
	}
	all.Wait()
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return rows, nil
}

package search

import (
	"errors"
	"runtime"
	"sync"

	"quintet/engine"
)

// observer keeps registry and indexes in step with the store.
func (s *Service) observer() *engine.Observer {
	return &engine.Observer{Name: s.Name(), Rebuild: s.rebuild, Apply: s.observe}
}

// observe follows one commit. What takes time is left to the indexes.
func (s *Service) observe(c engine.Commit) {
	var now *collection // whose changes are collected
	var changed change
	var passages map[version][]byte // of this commit's documents
	flush := func() {
		for i, p := range changed.puts {
			if hasPassages(p.value) {
				changed.puts[i].passages = passages[p.version]
			}
		}
		if now != nil {
			now.follow(changed, s.log)
		}
		now = nil
	}
	for _, w := range c.Writes { // what others of this commit lead to
		switch {
		case w.Deleted:
		case w.Bucket == bucketCollections:
			s.observeCollection(w)
		case w.Bucket == bucketPassages:
			if _, v, ok := splitDocumentKey(w.Key()); ok {
				if passages == nil {
					passages = map[version][]byte{}
				}
				passages[v] = w.Value
			}
		}
	}
	for _, w := range c.Writes {
		switch w.Bucket {
		case bucketAliases:
			s.registry.observeAlias(w)
		case bucketReindexes:
			s.registry.observeReindex(w)
		case bucketCollections:
			if w.Deleted {
				s.observeCollection(w)
			}
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
				changed.puts = append(changed.puts, put{version: v, value: w.Value, reading: s.ahead.take(v)})
			}
		}
	}
	flush()
	s.seen.set(c.Seq)
}

func (s *Service) observeCollection(w engine.Write) {
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
	c := s.register(s.registry, w.Tenant, name, r)
	if n := s.unfinished.filled(c.id); n > 0 {
		c.begin(n)
	}
}

// rebuild derives everything anew from a snapshot, and replaces what there is
// when it is done. All collections are cold then.
func (s *Service) rebuild(v *engine.View) error {
	fresh := newRegistry()
	for _, t := range s.e.Tenants.List() {
		if err := fresh.loadAliases(v.Of(t), t); err != nil {
			return err
		}
		for name, value := range v.Of(t).Scan(bucketCollections, nil, nil) {
			r, err := decodeRecord(value)
			if err != nil {
				return err
			}
			c := s.register(fresh, t, string(name), r)
			s.reportModel(c)
			s.count(c, v.Of(t))
		}
	}
	s.registry.replace(fresh)
	s.seen.set(v.Seq())
	return nil
}

// count counts the documents of a collection, and lets those that come be newer
// than each of them, also where the clock was set back.
func (s *Service) count(c *collection, v *engine.View) {
	var newest version
	for key := range v.Keys(bucketDocuments, c.id[:], after(c.id)) {
		if _, version, ok := splitDocumentKey(key); ok {
			c.stored, newest = c.stored+1, version
		}
	}
	if c.stored > 0 {
		s.e.IDs.After(newest)
	}
}

// reportModel logs, once per start, that vectors cannot be used.
func (s *Service) reportModel(c *collection) {
	if err := s.checkModel(c.schema.Load()); err != nil {
		s.log.Warn("the vectors of a collection were made by another embedding model; its keyword search goes on", "collection", c.name, "tenant", c.tenant)
	}
}

// makeRows reads documents with so many goroutines, 0 for one a processor, and
// keeps their order.
func makeRows(s *schema, puts []put, workers int) ([]*row, error) {
	rows, faults := make([]*row, len(puts)), make([]error, len(puts))
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, len(puts))
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < len(puts); i += workers {
				rows[i], faults[i] = s.newRow(puts[i])
			}
		})
	}
	all.Wait()
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return rows, nil
}

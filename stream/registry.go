package stream

import (
	"slices"
	"strings"
	"sync"

	"quintet/engine"
)

var errNotFound = engine.Errorf(engine.NotFound, "stream_not_found", "there is no such stream; PUT its definition, or send it events")

type nameKey struct {
	tenant engine.UID
	name   string
}

type idKey struct{ tenant, id [16]byte }

// registry knows every stream that is defined. An observer of the store keeps
// it in step, also when a tenant is deleted. Safe for concurrent use.
type registry struct {
	mu     sync.RWMutex
	byName map[nameKey]*stream
	byID   map[idKey]*stream
	quotas map[engine.UID]*quota // series of each tenant
}

func newRegistry() *registry {
	return &registry{byName: map[nameKey]*stream{}, byID: map[idKey]*stream{}, quotas: map[engine.UID]*quota{}}
}

// get returns a stream, or errNotFound.
func (r *registry) get(t engine.Tenant, name string) (*stream, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if st := r.byName[nameKey{t.UID(), name}]; st != nil {
		return st, nil
	}
	return nil, errNotFound
}

// find returns the stream of a batch in the log, nil when it was deleted.
func (r *registry) find(t engine.Tenant, id engine.ID) *stream {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byID[idKey{t.UID(), id}]
}

// current reports whether st has not been deleted.
func (r *registry) current(st *stream) bool { return r.find(st.tenant, st.id) == st }

// all returns every stream, in no order.
func (r *registry) all() []*stream {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]*stream, 0, len(r.byID))
	for _, st := range r.byID {
		list = append(list, st)
	}
	return list
}

// list returns a tenant's streams by name, those behind a name.
func (r *registry) list(t engine.Tenant, behind string) []*stream {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []*stream
	for key, st := range r.byName {
		if key.tenant == t.UID() && key.name > behind {
			list = append(list, st)
		}
	}
	slices.SortFunc(list, func(a, b *stream) int { return strings.Compare(a.name, b.name) })
	return list
}

// quota returns what counts the series of a tenant.
func (r *registry) quota(t engine.UID, limit int) *quota {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.quotas[t] == nil {
		r.quotas[t] = &quota{limit: int64(limit)}
	}
	return r.quotas[t]
}

func (r *registry) add(st *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byName[nameKey{st.tenant.UID(), st.name}] = st
	r.byID[idKey{st.tenant.UID(), st.id}] = st
}

func (r *registry) remove(st *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, nameKey{st.tenant.UID(), st.name})
	delete(r.byID, idKey{st.tenant.UID(), st.id})
}

// observer keeps the registry in step with the definitions in the store.
func (s *Streams) observer() *engine.Observer {
	return &engine.Observer{Name: "stream.definitions", Rebuild: s.rebuildRegistry, Apply: s.observe}
}

// rebuildRegistry registers what a snapshot holds. Streams that it lacks are
// removed: it also follows a failure of observe.
func (s *Streams) rebuildRegistry(v *engine.View) error {
	found := map[*stream]bool{}
	for _, t := range s.engine.Tenants.List() {
		for name, value := range v.Of(t).Scan(bucketDefinitions, nil, nil) {
			r, err := decodeRecord(value)
			if err != nil {
				return err
			}
			found[s.register(t, string(name), r)] = true
		}
	}
	for _, st := range s.registry.all() {
		if !found[st] {
			s.unregister(st)
		}
	}
	return nil
}

// observe follows one commit.
func (s *Streams) observe(c engine.Commit) {
	for _, w := range c.Writes {
		if w.Bucket != bucketDefinitions {
			continue
		}
		name := string(w.Key())
		if !w.Deleted {
			r, err := decodeRecord(w.Value)
			if err != nil {
				panic(err) // the engine rebuilds, and reports it
			}
			s.register(w.Tenant, name, r)
		} else if st, err := s.registry.get(w.Tenant, name); err == nil {
			s.unregister(st)
		}
	}
}

// register makes the stream of a record known, or gives it another definition.
func (s *Streams) register(t engine.Tenant, name string, r *record) *stream {
	st, err := s.registry.get(t, name)
	if err == nil && st.id == r.ID {
		s.memory.Add(st.redefine(r))
		return st
	}
	if err == nil {
		s.unregister(st)
	}
	series := newDictionary(s.config.Series, s.registry.quota(t.UID(), s.config.SeriesTenant))
	ring := newRing(s.windowSeconds(), s.horizon(), len(r.Measures), series)
	st = newStream(t, name, r, s.engine.Events.Next(t, r.ID), ring)
	s.memory.Add(ring.size())
	s.registry.add(st)
	return st
}

func (s *Streams) unregister(st *stream) {
	s.registry.remove(st)
	s.memory.Add(-st.end())
}

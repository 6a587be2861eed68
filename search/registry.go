package search

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"quintet/engine"
)

// collection is one collection of one tenant, cold at first. It is a new one
// after a delete, even under the same name, and after the indexes were rebuilt.
type collection struct {
	tenant engine.Tenant
	name   string
	id     engine.ID
	schema atomic.Pointer[schema] // as of the newest commit
	residence
	recall recallGauge
	slow   slowSearches
	held   hold
}

type nameKey struct {
	tenant engine.UID
	name   string
}

type idKey struct{ tenant, id [16]byte }

// registry knows every collection, and what leads to it. An observer of the
// store keeps it in step. Safe for concurrent use.
type registry struct {
	mu     sync.RWMutex
	byName map[nameKey]*collection
	byID   map[idKey]*collection

	aliases   map[nameKey]*aliasRecord
	reindexes map[nameKey]*reindexRecord // by their alias
}

func newRegistry() *registry {
	return &registry{byName: map[nameKey]*collection{}, byID: map[idKey]*collection{}, aliases: map[nameKey]*aliasRecord{}, reindexes: map[nameKey]*reindexRecord{}}
}

// get returns a collection, or errCollectionNotFound.
func (r *registry) get(t engine.Tenant, name string) (*collection, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if c := r.byName[nameKey{t.UID(), name}]; c != nil {
		return c, nil
	}
	return nil, errCollectionNotFound
}

// find returns the collection of an id, nil when it was deleted.
func (r *registry) find(t engine.Tenant, id engine.ID) *collection {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byID[idKey{t.UID(), id}]
}

// has reports whether a collection is there still.
func (r *registry) has(c *collection) bool { return r.find(c.tenant, c.id) == c }

// all returns every collection, in no order.
func (r *registry) all() []*collection {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]*collection, 0, len(r.byID))
	for _, c := range r.byID {
		list = append(list, c)
	}
	return list
}

// list returns a tenant's collections by name, those behind a name.
func (r *registry) list(t engine.Tenant, behind string) []*collection {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []*collection
	for key, c := range r.byName {
		if key.tenant == t.UID() && key.name > behind {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *collection) int { return strings.Compare(a.name, b.name) })
	return list
}

func (r *registry) add(c *collection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byName[nameKey{c.tenant.UID(), c.name}] = c
	r.byID[idKey{c.tenant.UID(), c.id}] = c
}

func (r *registry) remove(c *collection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, nameKey{c.tenant.UID(), c.name})
	delete(r.byID, idKey{c.tenant.UID(), c.id})
}

// replace takes over what another registry knows.
func (r *registry) replace(other *registry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byName, r.byID = other.byName, other.byID
	r.aliases, r.reindexes = other.aliases, other.reindexes
}

// register makes the collection of a record known, or gives it more fields.
func (s *Service) register(r *registry, t engine.Tenant, name string, rec *record) *collection {
	c, err := r.get(t, name)
	if err == nil && c.id == rec.ID {
		c.schema.Store(newSchema(rec))
		return c
	}
	if err == nil {
		r.remove(c)
	}
	c = &collection{tenant: t, name: name, id: rec.ID}
	c.schema.Store(newSchema(rec))
	r.add(c)
	return c
}

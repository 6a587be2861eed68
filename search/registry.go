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

// named is what each tenant has under names. One does not meet what others have.
type named[T any] map[engine.UID]map[string]T

// get returns the zero value where there is nothing.
func (n named[T]) get(t engine.Tenant, name string) T { return n[t.UID()][name] }

func (n named[T]) set(t engine.Tenant, name string, value T) {
	own := n[t.UID()]
	if own == nil {
		own = map[string]T{}
		n[t.UID()] = own
	}
	own[name] = value
}

func (n named[T]) remove(t engine.Tenant, name string) {
	if delete(n[t.UID()], name); len(n[t.UID()]) == 0 {
		delete(n, t.UID())
	}
}

type idKey struct{ tenant, id [16]byte }

// registry knows every collection, and what leads to it. An observer of the
// store keeps it in step. Safe for concurrent use.
type registry struct {
	mu     sync.RWMutex
	byName named[*collection]
	byID   map[idKey]*collection

	aliases   named[*aliasRecord]
	reindexes named[*reindexRecord] // by their alias
}

func newRegistry() *registry {
	return &registry{byName: named[*collection]{}, byID: map[idKey]*collection{}, aliases: named[*aliasRecord]{}, reindexes: named[*reindexRecord]{}}
}

// get returns a collection, or errCollectionNotFound.
func (r *registry) get(t engine.Tenant, name string) (*collection, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if c := r.byName.get(t, name); c != nil {
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
	for name, c := range r.byName[t.UID()] {
		if name > behind {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *collection) int { return strings.Compare(a.name, b.name) })
	return list
}

func (r *registry) add(c *collection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byName.set(c.tenant, c.name, c)
	r.byID[idKey{c.tenant.UID(), c.id}] = c
}

func (r *registry) remove(c *collection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byName.remove(c.tenant, c.name)
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

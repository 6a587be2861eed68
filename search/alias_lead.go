package search

import (
	"context"
	"errors"
	"slices"

	"quintet/engine"
)

// Where names lead. A request follows an alias once, when it begins. A search
// goes on with the collection that it found; only where that one is gone does it
// begin anew. A write holds in its update that the alias still leads there: so
// what is acknowledged is in the collection that the alias led to at that commit.

// resolve returns the collection that a name, or an alias of that name, leads to.
func (r *registry) resolve(t engine.Tenant, name string) (*collection, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if a := r.aliases.get(t, name); a != nil {
		name = a.Collection
	}
	if c := r.byName.get(t, name); c != nil {
		return c, nil
	}
	return nil, errCollectionNotFound
}

// alias returns an alias, nil where there is none.
func (r *registry) alias(t engine.Tenant, name string) *aliasRecord {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.aliases.get(t, name)
}

// aliasesOf lists a tenant's aliases by name, those behind a name.
func (r *registry) aliasesOf(t engine.Tenant, behind string) []string {
	return r.aliasesThat(t, func(name string, _ *aliasRecord) bool { return name > behind })
}

// aliasesTo lists the aliases that lead to a collection, by name.
func (r *registry) aliasesTo(t engine.Tenant, collection string) []string {
	return r.aliasesThat(t, func(_ string, a *aliasRecord) bool { return a.Collection == collection })
}

func (r *registry) aliasesThat(t engine.Tenant, are func(name string, a *aliasRecord) bool) (list []string) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for name, a := range r.aliases[t.UID()] {
		if are(name, a) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// observeAlias follows what a commit does to an alias.
func (r *registry) observeAlias(w engine.Write) {
	if w.Deleted {
		r.setAlias(w.Tenant, string(w.Key()), nil)
		return
	}
	a, err := decodeAlias(w.Value)
	if err != nil {
		panic(err) // the engine rebuilds, and reports it
	}
	r.setAlias(w.Tenant, string(w.Key()), a)
}

// setAlias makes an alias known, or with nil forgotten.
func (r *registry) setAlias(t engine.Tenant, name string, a *aliasRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a == nil {
		r.aliases.remove(t, name)
	} else {
		r.aliases.set(t, name, a)
	}
}

// loadAliases makes a tenant's aliases and re-indexes known.
func (r *registry) loadAliases(v *engine.View, t engine.Tenant) error {
	for name, value := range v.Scan(bucketAliases, nil, nil) {
		a, err := decodeAlias(value)
		if err != nil {
			return err
		}
		r.setAlias(t, string(name), a)
	}
	for name, value := range v.Scan(bucketReindexes, nil, nil) {
		one, err := decodeReindex(value)
		if err != nil {
			return err
		}
		r.setReindex(t, string(name), one)
	}
	return nil
}

// throughAlias is the alias by which a collection was named, "" for none.
func (c *collection) throughAlias(name string) string {
	if name == c.name {
		return ""
	}
	return name
}

// leads holds that an alias, "" for none, leads to a collection still. Errors:
// errCollectionMoved.
func leads(r engine.Reader, alias string, c *collection) error {
	if alias == "" {
		return nil
	}
	value := r.Get(bucketAliases, []byte(alias))
	if value == nil {
		return errCollectionMoved
	}
	a, err := decodeAlias(value)
	if err == nil && a.Collection != c.name {
		return errCollectionMoved
	}
	return err
}

// reading runs f over the collection that a name leads to. Where f finds it
// gone and an alias leads elsewhere since, f runs over that one.
func (s *Service) reading(ctx context.Context, t engine.Tenant, name string, f func(c *collection) error) error {
	var before *collection
	for {
		c, err := s.open(ctx, t, name)
		if err != nil {
			return err
		}
		if c == before {
			return errCollectionMoved
		}
		before = c
		if err = f(c); !gone(err) || c.throughAlias(name) == "" {
			return err
		}
		if err := s.catchUp(ctx, t); err != nil {
			return err
		}
	}
}

// gone reports whether a collection was deleted while it was read.
func gone(err error) bool {
	return errors.Is(err, errCollectionMoved) || errors.Is(err, errCollectionNotFound)
}

// catchUp returns once the names are those of a snapshot of now.
func (s *Service) catchUp(ctx context.Context, t engine.Tenant) error {
	seq := uint64(0)
	if err := s.e.Store.View(ctx, t, func(v *engine.View) error { seq = v.Seq(); return nil }); err != nil {
		return err
	}
	return s.seen.wait(ctx, seq)
}

package search

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// An alias is a second name of a collection, by which it is read and written
// like by its own. It can be moved to another collection in one commit. Names
// of aliases and of collections are one space, and an alias never leads to an
// alias.

// aliasRecord is an alias as it is stored, JSON in bucketAliases under its name.
type aliasRecord struct {
	ID         engine.ID `json:"id,omitzero"` // of one life of the name; an older release gave none
	Collection string    `json:"collection"`
	Version    uint64    `json:"version"` // in this life, counted from 1
	Created    time.Time `json:"created"`
	Updated    time.Time `json:"updated"`
}

func (a *aliasRecord) etag() string { return etagOfLife(a.Version, a.ID) }

// etagOfLife names a state of what has a name. What is made again under the name
// of something that was deleted counts from 1 as that did, and is something else.
func etagOfLife(version uint64, id engine.ID) string { return fmt.Sprintf(`"%d-%s"`, version, id) }

// to returns the alias as it leads to another collection.
func (a *aliasRecord) to(collection string, now time.Time) *aliasRecord {
	return &aliasRecord{ID: a.ID, Collection: collection, Version: a.Version + 1, Created: a.Created, Updated: now}
}

func decodeAlias(value []byte) (*aliasRecord, error) {
	return decode[aliasRecord](bucketAliases, "an alias", value)
}

// AliasInfo is what an alias tells about itself.
type AliasInfo struct {
	Name       string    `json:"name"`
	Collection string    `json:"collection" doc:"The one that it leads to."`
	Reindex    *Reindex  `json:"reindex" doc:"The re-index that runs behind it, or the last one if that failed; null without one, and for keys with a filter."`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at" doc:"When it began to lead there."`

	ETag string `json:"-"`
}

func (s *Service) aliasInfo(ctx context.Context, t engine.Tenant, name string, a *aliasRecord) AliasInfo {
	i := AliasInfo{Name: name, Collection: a.Collection, CreatedAt: a.Created, UpdatedAt: a.Updated, ETag: a.etag()}
	if r := s.registry.reindex(t, name); r != nil && len(callerOf(ctx).Filters) == 0 {
		i.Reindex = s.reindexInfo(t, r)
	}
	return i
}

// SetAlias makes an alias, and reports whether it is new. One that leads to the
// collection already stays as it is. Moving it needs ifMatch, a list with the
// ETag of the alias as it is, or *. Errors: collection_not_found, alias_not_found,
// alias_exists, name_taken, is_alias, too_many_aliases, reindex_running, etag_mismatch.
func (s *Service) SetAlias(ctx context.Context, t engine.Tenant, name, collection, ifMatch string) (info AliasInfo, isNew bool, err error) {
	if err := cmp.Or(api.CheckName("alias", name), api.CheckName("collection", collection)); err != nil {
		return AliasInfo{}, false, err
	}
	release, err := s.defining.Take(ctx, t.UID())
	if err != nil {
		return AliasInfo{}, false, err
	}
	defer release()
	old, err := s.aliasToChange(ctx, t, name)
	if err != nil && (err != errAliasNotFound || !callerOf(ctx).Admits(name)) {
		return AliasInfo{}, false, err
	}
	target, err := s.openToWrite(ctx, t, collection)
	switch {
	case err != nil:
		return AliasInfo{}, false, err
	case target.name != collection:
		return AliasInfo{}, false, isAlias(collection, target.name)
	case target.schema.Load().MadeFor != "":
		return AliasInfo{}, false, errBeingMade
	}
	a := &aliasRecord{ID: s.e.IDs.New(), Collection: collection, Version: 1, Created: s.e.Clock.Now().UTC()}
	if a.Updated = a.Created; old != nil {
		switch {
		case ifMatch != "" && !names(ifMatch, old.etag()):
			return AliasInfo{}, false, errAliasETag
		case old.Collection == collection:
			return s.aliasInfo(ctx, t, name, old), false, nil
		case ifMatch == "":
			return AliasInfo{}, false, errAliasExists
		}
		a = old.to(collection, a.Updated)
	} else if err := s.mayMakeAlias(t, name, ifMatch); err != nil {
		return AliasInfo{}, false, err
	}
	return s.putAlias(ctx, t, name, a, old == nil)
}

// mayMakeAlias refuses a name that is taken, and one alias too many.
func (s *Service) mayMakeAlias(t engine.Tenant, name, ifMatch string) error {
	if ifMatch != "" {
		return errAliasETag
	}
	if _, err := s.registry.get(t, name); err == nil {
		return errNameTaken
	}
	if len(s.registry.aliasesOf(t, "")) >= s.options.Collections {
		return engine.Errorf(engine.Conflict, "too_many_aliases", "a tenant may have %d aliases; delete one first", s.options.Collections)
	}
	return nil
}

func (s *Service) putAlias(ctx context.Context, t engine.Tenant, name string, a *aliasRecord, isNew bool) (AliasInfo, bool, error) {
	if s.reindexRuns(t, name) {
		return AliasInfo{}, false, errReindexing
	}
	err := s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		tx.Put(bucketAliases, []byte(name), encode(a))
		tx.Delete(bucketReindexes, []byte(name)) // what is told of one that failed
		return nil
	})
	if err != nil {
		return AliasInfo{}, false, err
	}
	what := "alias.moved"
	if isNew {
		what = "alias.created"
	}
	s.publish(t, what, name, 1)
	return s.aliasInfo(ctx, t, name, a), isNew, nil
}

// Alias tells about one alias. Errors: alias_not_found.
func (s *Service) Alias(ctx context.Context, t engine.Tenant, name string) (AliasInfo, error) {
	a := s.registry.alias(t, name)
	if a == nil || !admitsAlias(ctx, name, a) {
		return AliasInfo{}, errAliasNotFound
	}
	return s.aliasInfo(ctx, t, name, a), nil
}

// Aliases returns a page of a tenant's aliases, by name.
func (s *Service) Aliases(ctx context.Context, t engine.Tenant, limit int, cursor string) (page api.List[AliasInfo], err error) {
	if limit, err = api.CheckLimit(limit); err != nil {
		return page, err
	}
	behind, err := api.ParseCursor(cursor)
	if err != nil {
		return page, err
	}
	var infos []AliasInfo
	for _, name := range s.registry.aliasesOf(t, string(behind)) {
		a := s.registry.alias(t, name)
		if a == nil || !admitsAlias(ctx, name, a) {
			continue
		}
		if infos = append(infos, s.aliasInfo(ctx, t, name, a)); len(infos) > limit {
			break
		}
	}
	return api.NewList(infos, limit, func(i AliasInfo) []byte { return []byte(i.Name) }), nil
}

// DeleteAlias deletes an alias; the collection stays. Errors: alias_not_found,
// etag_mismatch, reindex_running.
func (s *Service) DeleteAlias(ctx context.Context, t engine.Tenant, name, ifMatch string) error {
	release, err := s.defining.Take(ctx, t.UID())
	if err != nil {
		return err
	}
	defer release()
	a, err := s.aliasToChange(ctx, t, name)
	switch {
	case err != nil:
		return err
	case ifMatch != "" && !names(ifMatch, a.etag()):
		return errAliasETag
	case s.reindexRuns(t, name):
		return errReindexing
	}
	err = s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		tx.Delete(bucketAliases, []byte(name))
		tx.Delete(bucketReindexes, []byte(name))
		return nil
	}, engine.Reclaim)
	if err == nil {
		s.publish(t, "alias.deleted", name, 1)
	}
	return err
}

// admitsAlias reports whether an alias is there for who asks: its name or that
// of its collection has to be among those that the key is bound to.
func admitsAlias(ctx context.Context, name string, a *aliasRecord) bool {
	caller := callerOf(ctx)
	return caller.Admits(name) || caller.Admits(a.Collection)
}

// aliasToChange returns an alias that is to be changed, which needs both names.
func (s *Service) aliasToChange(ctx context.Context, t engine.Tenant, name string) (*aliasRecord, error) {
	caller, a := callerOf(ctx), s.registry.alias(t, name)
	there := a != nil && admitsAlias(ctx, name, a)
	switch {
	case (there || caller.Admits(name)) && len(caller.Filters) > 0:
		return nil, errBoundWrite
	case !there:
		return nil, errAliasNotFound
	case !caller.Admits(name) || !caller.Admits(a.Collection):
		return nil, errBoundAlias
	}
	return a, nil
}

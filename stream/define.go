package stream

import (
	"context"

	"quintet/engine"
	"quintet/engine/api"
)

// Define makes a stream of this definition, and reports whether it is new. An
// equal definition changes nothing. Another one needs ifMatch, the ETag of the
// definition that it replaces; the time of a stream cannot be changed.
func (s *Streams) Define(ctx context.Context, t engine.Tenant, name string, d Definition, ifMatch string) (info Info, isNew bool, err error) {
	if err := api.CheckName("stream", name); err != nil {
		return Info{}, false, err
	}
	if d, err = d.normal(); err != nil {
		return Info{}, false, err
	}
	s.defining.Lock()
	defer s.defining.Unlock()
	st, err := s.registry.get(t, name)
	if err != nil {
		if ifMatch != "" {
			return Info{}, false, errETag
		}
		info, err = s.create(ctx, t, name, d, false)
		return info, true, err
	}
	info, err = s.replace(ctx, st, d, ifMatch)
	return info, false, err
}

// errETag means that another version is the current one, or none.
var errETag = engine.Errorf(engine.Precondition, "etag_mismatch", "the definition is not the one of this If-Match; read it again")

// create stores a new definition. The caller holds defining.
func (s *Streams) create(ctx context.Context, t engine.Tenant, name string, d Definition, inferred bool) (Info, error) {
	if len(s.registry.list(t, "")) >= s.config.Streams {
		return Info{}, engine.Errorf(engine.Conflict, "too_many_streams", "a tenant may have %d streams; delete one first", s.config.Streams)
	}
	now := s.engine.Clock.Now().UTC()
	r := &record{ID: s.engine.IDs.New(), Version: 1, Definition: d, Inferred: inferred, Created: now, Updated: now}
	return s.store(ctx, t, name, r)
}

// store writes a record; the observer has followed when it returns.
func (s *Streams) store(ctx context.Context, t engine.Tenant, name string, r *record) (Info, error) {
	err := s.engine.Store.Update(ctx, t, func(tx *engine.Tx) error {
		tx.Put(bucketDefinitions, []byte(name), r.encode())
		return nil
	})
	if err != nil {
		return Info{}, err
	}
	st, err := s.registry.get(t, name)
	if err != nil {
		return Info{}, err
	}
	return st.info(), nil
}

func (s *Streams) replace(ctx context.Context, st *stream, d Definition, ifMatch string) (Info, error) {
	st.mu.RLock()
	old := *st.record
	st.mu.RUnlock()
	switch {
	case !matches(ifMatch, old.etag()):
		return Info{}, errETag
	case d.equal(old.Definition):
		return st.info(), nil
	case ifMatch == "":
		return Info{}, engine.Errorf(engine.Conflict, "stream_exists", "stream %q has another definition; send its ETag as If-Match to replace it", st.name)
	case d.Time != old.Time:
		return Info{}, engine.Errorf(engine.Conflict, "time_fixed", "the time of a stream cannot be changed, it is %q; make another stream", old.Time)
	}
	old.Definition, old.Inferred = d, false
	old.Version++
	old.Updated = s.engine.Clock.Now().UTC()
	return s.store(ctx, st.tenant, st.name, &old)
}

// matches reports whether an If-Match, "" for none, names the version.
func matches(ifMatch, etag string) bool {
	return ifMatch == "" || ifMatch == "*" || ifMatch == etag
}

// Get tells about one stream.
func (s *Streams) Get(t engine.Tenant, name string) (Info, error) {
	st, err := s.registry.get(t, name)
	if err != nil {
		return Info{}, err
	}
	return st.info(), nil
}

// List returns a page of a tenant's streams, by name.
func (s *Streams) List(t engine.Tenant, limit int, cursor string) (api.List[Info], error) {
	limit, err := api.CheckLimit(limit)
	if err != nil {
		return api.List[Info]{}, err
	}
	behind, err := api.ParseCursor(cursor)
	if err != nil {
		return api.List[Info]{}, err
	}
	var infos []Info
	for _, st := range s.registry.list(t, string(behind)) {
		if infos = append(infos, st.info()); len(infos) > limit {
			break
		}
	}
	return api.NewList(infos, limit, func(i Info) []byte { return []byte(i.Name) }), nil
}

// Delete removes a stream and what is known of it at once. Its events can be
// read no more; they leave the disk when the log is trimmed.
func (s *Streams) Delete(ctx context.Context, t engine.Tenant, name, ifMatch string) error {
	s.defining.Lock()
	defer s.defining.Unlock()
	st, err := s.registry.get(t, name)
	if err != nil {
		return err
	}
	if !matches(ifMatch, st.info().ETag) {
		return errETag
	}
	err = s.engine.Store.Update(ctx, t, func(tx *engine.Tx) error {
		tx.Delete(bucketDefinitions, []byte(name))
		return nil
	}, engine.Reclaim)
	if err != nil {
		return err
	}
	// A flush that has begun may still write what it took before.
	s.flushing.Lock()
	defer s.flushing.Unlock()
	for _, b := range []engine.Bucket{bucketSpans, bucketProducers} {
		if err := s.deleteWhere(ctx, t, b, st.id[:], after(st.id), nil); err != nil {
			return err
		}
	}
	return nil
}

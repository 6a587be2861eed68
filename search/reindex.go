package search

import (
	"cmp"
	"context"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// A re-index makes a new collection of the documents of the one that an alias
// leads to, and then moves the alias. It begins with one commit that makes the
// new collection, its target, and marks the old one, its source: from then on
// every commit that writes or deletes a document there notes that in the journal
// of the target. In the background the documents that were there before are
// copied, slice by slice (reindex_copy.go), and then what the journal has
// (reindex_follow.go). The commit that leaves the journal empty moves the alias.
// Everything that it has to remember is in the store, in the commits that it
// makes, so that it goes on after a restart where it was.
//
// While it runs nobody else writes to the target, and the alias, the target and
// the definition of the source stay. What ends it – the move, a document that
// does not fit, a cancel – is one commit as well, under the lock of definitions.

// States of a re-index, as it tells them.
const (
	stateRunning = "running"
	stateFailed  = "failed"
)

// reindexRecord is a re-index as it is stored, JSON in bucketReindexes under
// its alias. It is deleted when the alias moves.
type reindexRecord struct {
	Source   string    `json:"source"`
	SourceID engine.ID `json:"source_id"`
	Target   string    `json:"target"`
	TargetID engine.ID `json:"target_id"`
	Drop     bool      `json:"drop,omitempty"`    // the source, when the alias has moved
	Until    version   `json:"until,omitzero"`    // later versions are in the journal; drawn after its first entry could be
	Copied   version   `json:"copied,omitzero"`   // up to this one the source is copied
	Follows  bool      `json:"follows,omitempty"` // all are copied; what is left is in the journal
	Started  time.Time `json:"started"`           //
	Error    string    `json:"error,omitempty"`   // why it failed
	Done     int       `json:"done,omitempty"`    // documents that the target had when it failed
	Of       int       `json:"of,omitempty"`      // and the source
}

func (r *reindexRecord) failed() bool { return r.Error != "" }

func decodeReindex(value []byte) (*reindexRecord, error) {
	return decode[reindexRecord](bucketReindexes, "a re-index", value)
}

// Reindex is what a re-index tells about itself.
type Reindex struct {
	Collection string    `json:"collection" doc:"The one that is being made, or that a failed re-index had been making."`
	State      string    `json:"state" enum:"running,failed"`
	Drop       bool      `json:"drop" doc:"The collection that the alias leads to now is deleted when the alias moves."`
	Documents  int       `json:"documents" doc:"Those that the new collection has."`
	Of         int       `json:"of" doc:"Those that the present collection has."`
	Error      string    `json:"error,omitempty" doc:"Why it failed: the document that does not fit, and what is wrong with it."`
	StartedAt  time.Time `json:"started_at"`
}

func (s *Service) reindexInfo(t engine.Tenant, r *reindexRecord) *Reindex {
	i := &Reindex{Collection: r.Target, State: stateRunning, Drop: r.Drop, Documents: r.Done, Of: r.Of, Error: r.Error, StartedAt: r.Started}
	if r.failed() {
		i.State = stateFailed
		return i
	}
	if c := s.registry.find(t, r.TargetID); c != nil {
		i.Documents = c.documents()
	}
	if c := s.registry.find(t, r.SourceID); c != nil {
		i.Of = c.documents()
	}
	return i
}

// reindexing reports whether a re-index reads the collection or makes it.
func (r *record) reindexing() bool { return r.Follower != engine.ID{} || r.MadeFor != "" }

// follow notes in the commit that writes or deletes a document that it did, where
// a re-index has to hear of it. No version means that it is deleted.
func (r *record) follow(tx *engine.Tx, pointer, version []byte) {
	if r.Follower != (engine.ID{}) {
		tx.Put(bucketJournal, documentKey(r.Follower, engine.ID(pointer[16:])), append([]byte{formatJournal}, version...))
	}
}

const formatJournal = 1

// StartReindex begins a re-index of the collection that an alias leads to, into
// a new collection of a definition, nil for that of the present one; drop deletes
// that one in the end. Errors: alias_not_found, name_taken, reindex_running,
// too_many_collections, invalid_definition.
func (s *Service) StartReindex(ctx context.Context, t engine.Tenant, alias, target string, d *Definition, drop bool) (*Reindex, error) {
	if err := cmp.Or(api.CheckName("alias", alias), api.CheckName("collection", target)); err != nil {
		return nil, err
	}
	if caller, known := engine.PrincipalFrom(ctx); drop && known && !caller.Has("search:admin") {
		return nil, errDropScope
	}
	release, err := s.defining.Take(ctx, t.UID())
	if err != nil {
		return nil, err
	}
	defer release()
	a, err := s.aliasToChange(ctx, t, alias)
	if err != nil {
		return nil, err
	}
	source, err := s.registry.get(t, a.Collection)
	if err != nil {
		return nil, err
	}
	if err := s.mayReindex(ctx, source, target); err != nil {
		return nil, err
	}
	if d == nil {
		same := source.schema.Load().definition()
		d = &same
	}
	normal, err := d.normal()
	if err != nil {
		return nil, err
	}
	now := s.e.Clock.Now().UTC()
	made := newRecord(s.e.IDs.New(), normal, s.options.Embedder.Hash(), now)
	made.MadeFor = alias
	r := &reindexRecord{Source: source.name, SourceID: source.id, Target: target, TargetID: made.ID, Drop: drop, Started: now}
	return s.beginReindex(ctx, source, made, r)
}

// mayReindex refuses a source that is not free, and a target that cannot be.
func (s *Service) mayReindex(ctx context.Context, source *collection, target string) error {
	switch _, err := s.registry.get(source.tenant, target); {
	case !callerOf(ctx).Admits(target):
		return errCollectionNotFound
	case source.schema.Load().reindexing():
		return errReindexing
	case err == nil || s.registry.alias(source.tenant, target) != nil:
		return errNameTaken
	}
	return s.mayAdd(source.tenant)
}

// beginReindex commits the beginning.
func (s *Service) beginReindex(ctx context.Context, source *collection, made *record, r *reindexRecord) (*Reindex, error) {
	t, seq := source.tenant, uint64(0)
	err := s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		seq = tx.Seq()
		rec, err := loadRecord(tx, source)
		if err != nil {
			return err
		}
		rec.Follower = made.ID
		tx.Put(bucketCollections, []byte(source.name), encode(rec))
		tx.Put(bucketCollections, []byte(r.Target), encode(made))
		tx.Put(bucketReindexes, []byte(made.MadeFor), encode(r))
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.publish(t, "collection.created", r.Target, 1)
	s.publish(t, "reindex.started", made.MadeFor, 1)
	s.log.Info("a re-index begins", "alias", made.MadeFor, "from", r.Source, "to", r.Target, "tenant", t)
	s.reindexSoon()
	return s.reindexInfo(t, r), s.settle(ctx, t, made.ID, seq)
}

// CancelReindex ends the re-index behind an alias and deletes what it made; of
// one that failed, what is told of it. Errors: alias_not_found, reindex_not_found.
func (s *Service) CancelReindex(ctx context.Context, t engine.Tenant, alias string) error {
	release, err := s.defining.Take(ctx, t.UID())
	if err != nil {
		return err
	}
	defer release()
	if _, err := s.aliasToChange(ctx, t, alias); err != nil {
		return err
	}
	r := s.registry.reindex(t, alias)
	if r == nil {
		return errReindexNotFound
	}
	return s.endReindex(ctx, &reindexing{t, alias, r}, "reindex.cancelled", func(tx *engine.Tx) {
		tx.Delete(bucketReindexes, []byte(alias))
	})
}

// failReindex ends a re-index because of a document that does not fit.
func (s *Service) failReindex(ctx context.Context, w *reindexing, why error) error {
	release, err := s.defining.Take(ctx, w.tenant.UID())
	if err != nil {
		return err
	}
	defer release()
	now := s.reindexInfo(w.tenant, w.reindexRecord)
	failed := *w.reindexRecord
	failed.Error, failed.Done, failed.Of = why.Error(), now.Documents, now.Of
	err = s.endReindex(ctx, w, "reindex.failed", func(tx *engine.Tx) { tx.Put(bucketReindexes, []byte(w.alias), encode(&failed)) })
	if err == nil {
		s.metrics.reindexFailed.Inc()
		s.log.Warn("a re-index failed; the alias leads where it led", "alias", w.alias, "to", w.Target, "tenant", w.tenant)
	}
	return err
}

// endReindex lets go of the source and deletes the target, if that is so still.
// It is called under the lock of definitions.
func (s *Service) endReindex(ctx context.Context, w *reindexing, what string, note func(*engine.Tx)) error {
	err := s.e.Store.Update(ctx, w.tenant, func(tx *engine.Tx) error {
		if err := w.current(tx); err != nil {
			return err
		}
		if note(tx); w.failed() {
			return nil // it has ended before
		}
		dropTx(tx, w.Target, w.TargetID)
		return w.release(tx)
	}, engine.Reclaim)
	if err != nil {
		return err
	}
	s.publish(w.tenant, what, w.alias, 1)
	s.sweepSoon()
	return nil
}

// errReindexOver ends a step of a re-index that was cancelled meanwhile.
var errReindexOver = &engine.Error{Kind: engine.NotFound, Code: "reindex_not_found", Detail: "the re-index has ended"}

// reindexing is a re-index and where it belongs.
type reindexing struct {
	tenant engine.Tenant
	alias  string
	*reindexRecord
}

// current holds that the store has this re-index still.
func (w *reindexing) current(r engine.Reader) error {
	value := r.Get(bucketReindexes, []byte(w.alias))
	if value == nil {
		return errReindexOver
	}
	now, err := decodeReindex(value)
	if err == nil && (now.TargetID != w.TargetID || now.failed() != w.failed()) {
		return errReindexOver
	}
	return err
}

// release lets go of the source: nothing is noted in the journal from then on.
func (w *reindexing) release(tx *engine.Tx) error {
	rec, err := loadRecord(tx, &collection{name: w.Source, id: w.SourceID})
	if err != nil {
		return err
	}
	rec.Follower = engine.ID{}
	tx.Put(bucketCollections, []byte(w.Source), encode(rec))
	return nil
}

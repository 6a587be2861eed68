package search

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"quintet/engine"
)

// errLeft says that a step was not the last one of a re-index.
var errLeft = errors.New("search: there is more to follow")

// note is an entry of the journal.
type note struct {
	key, value []byte
	pointer    []byte // of the document in the target
	put        *Put   // nil where it was deleted
}

// followSlice does in the target what the journal tells of the source, and moves
// the alias in the commit that leaves nothing. Who writes without a pause could
// write for ever between the look into the journal and that commit; so once
// little is left, writers are held up for as long as both take.
func (s *Service) followSlice(ctx context.Context, w *reindexing, source, target *collection) error {
	open := func() {}
	if s.turns.near(w.TargetID) {
		open = sync.OnceFunc(source.held.close())
		defer open()
		if err := s.drain(ctx, w.tenant); err != nil {
			return err
		}
	}
	notes, all, err := s.readNotes(ctx, w, source, target)
	if err != nil {
		return err
	}
	s.turns.setNear(w.TargetID, all)
	var puts []*Put
	for _, n := range notes {
		if n.put != nil {
			puts = append(puts, n.put)
		}
	}
	moved, written, seq, err := s.commitNotes(ctx, w, target, notes, weightOf(puts))
	open()
	if err != nil {
		return err
	}
	if err := s.copied(ctx, target, written, seq); err != nil || moved {
		return err
	}
	return errLeft
}

// drain returns when the updates that a tenant has queued are on disk.
func (s *Service) drain(ctx context.Context, t engine.Tenant) error {
	return s.e.Store.Update(ctx, t, func(*engine.Tx) error { return nil }, engine.Bulk)
}

// readNotes reads a slice of the journal, and reports whether it is all of it.
func (s *Service) readNotes(ctx context.Context, w *reindexing, source, target *collection) (notes []*note, all bool, err error) {
	var slice []original
	var of []*note // what these are in the journal
	err = s.e.Store.View(ctx, w.tenant, func(v *engine.View) error {
		notes, slice, of, all = nil, nil, nil, false
		bytes := 0
		for key, value := range v.Scan(bucketJournal, w.TargetID[:], after(w.TargetID)) {
			if len(notes) == sliceDocuments || bytes >= sliceBytes {
				return nil
			}
			ver, deleted, err := decodeNote(key, value)
			if err != nil {
				return err
			}
			n := &note{key: key, value: value, pointer: key}
			if notes = append(notes, n); deleted {
				continue
			}
			at := documentKey(source.id, ver)
			encoded := v.Get(bucketDocuments, at)
			o, err := readOriginal(v, source, at, encoded)
			if err != nil {
				return err
			}
			slice, of, bytes = append(slice, o), append(of, n), bytes+len(encoded)+len(o.passages)
		}
		all = true
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	puts, err := s.copies(ctx, source.schema.Load(), target, slice)
	for i, p := range puts {
		of[i].put = p
	}
	return notes, all, err
}

// decodeNote reads an entry of the journal.
func decodeNote(key, value []byte) (v version, deleted bool, err error) {
	if len(key) != 32 || len(value) != 1 && len(value) != 17 || value[0] != formatJournal {
		return v, false, corrupt(bucketJournal, "an entry of %d and %d bytes cannot be read", len(key), len(value))
	}
	if len(value) == 1 {
		return v, true, nil
	}
	return version(value[1:]), false, nil
}

// commitNotes takes up those notes that still stand, and deletes them. A newer
// one of the same document is left for the next slice. It reports whether that
// was all, so that the alias has moved.
func (s *Service) commitNotes(ctx context.Context, w *reindexing, target *collection, notes []*note, weight engine.UpdateOption) (moved bool, written int, seq uint64, err error) {
	release, err := s.defining.Take(ctx, w.tenant.UID())
	if err != nil {
		return false, 0, 0, err
	}
	defer release()
	drop := w.Drop && len(s.registry.aliasesTo(w.tenant, w.Source)) == 1
	now := s.e.Clock.Now().UTC()
	err = s.e.Store.Update(ctx, w.tenant, func(tx *engine.Tx) (err error) {
		moved, seq = false, tx.Seq()
		if err := w.current(tx); err != nil {
			return err
		}
		if written, err = s.takeUp(tx, target, notes); err != nil {
			return err
		}
		for range tx.Keys(bucketJournal, w.TargetID[:], after(w.TargetID)) {
			return nil
		}
		moved = true
		return w.move(tx, now, drop)
	}, engine.Bulk, weight)
	if err == nil && moved {
		s.told(w, drop)
	}
	return moved, written, seq, err
}

// takeUp does what notes tell, and returns how many documents it wrote.
func (s *Service) takeUp(tx *engine.Tx, target *collection, notes []*note) (written int, err error) {
	var puts []*Put
	for _, n := range notes {
		if !bytes.Equal(tx.Get(bucketJournal, n.key), n.value) {
			if n.put != nil && len(n.put.added) > 0 {
				return 0, errLeft // those behind it were read by fields that it brings
			}
			continue
		}
		tx.Delete(bucketJournal, n.key)
		old := tx.Get(bucketIDs, n.pointer)
		switch {
		case n.put != nil && !bytes.Equal(old, n.put.version[:]):
			puts = append(puts, n.put)
		case n.put == nil && old != nil:
			deleteVersion(tx, target.id, version(old))
			tx.Delete(bucketIDs, n.pointer)
		}
	}
	return len(puts), s.PutTx(tx, puts...)
}

// move lets the alias lead to the target, and ends the re-index.
func (w *reindexing) move(tx *engine.Tx, now time.Time, drop bool) error {
	value := tx.Get(bucketAliases, []byte(w.alias))
	if value == nil {
		return errReindexOver
	}
	a, err := decodeAlias(value)
	if err != nil {
		return err
	}
	made, err := loadRecord(tx, &collection{name: w.Target, id: w.TargetID})
	if err != nil {
		return err
	}
	made.MadeFor = ""
	tx.Put(bucketAliases, []byte(w.alias), encode(a.to(w.Target, now)))
	tx.Put(bucketCollections, []byte(w.Target), encode(made))
	tx.Delete(bucketReindexes, []byte(w.alias))
	if drop {
		dropTx(tx, w.Source, w.SourceID)
		return nil
	}
	return w.release(tx)
}

// told tells that the alias has moved.
func (s *Service) told(w *reindexing, dropped bool) {
	s.publish(w.tenant, "reindex.finished", w.alias, 1)
	s.publish(w.tenant, "alias.moved", w.alias, 1)
	s.log.Info("a re-index is done, and the alias moved", "alias", w.alias, "from", w.Source, "to", w.Target, "tenant", w.tenant, "seconds", s.e.Clock.Now().Sub(w.Started).Seconds())
	switch {
	case dropped:
		s.publish(w.tenant, "collection.deleted", w.Source, 1)
		s.sweepSoon()
	case w.Drop:
		s.log.Warn("a collection that was to be deleted stays, as another alias leads to it", "collection", w.Source, "tenant", w.tenant)
	}
}

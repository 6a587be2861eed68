package search

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"quintet/engine"
)

// unfit is a document that does not fit into the collection that is being made.
type unfit struct {
	id  string
	err error
}

func (u *unfit) Error() string { return fmt.Sprintf("document %q: %v", u.id, u.err) }

// original is a document of the source.
type original struct {
	stored
	version  version
	passages []byte
}

// step takes a re-index one commit further. Errors: *unfit, errReindexOver, and
// whatever keeps the store or the model from serving, after which it can be
// taken again.
func (s *Service) step(ctx context.Context, w *reindexing) error {
	source, target := s.registry.find(w.tenant, w.SourceID), s.registry.find(w.tenant, w.TargetID)
	if source == nil || target == nil {
		return errReindexOver
	}
	if err := s.admitPuts(ctx, target); err != nil {
		return err
	}
	if w.Follows {
		return s.followSlice(ctx, w, source, target)
	}
	return s.copySlice(ctx, w, source, target)
}

// copySlice copies the next documents of the source, in the order of their
// versions, which they keep: so does the order of lists and of equal hits, and
// ETags stay. One that is written or deleted before it is copied is right when
// the journal is followed. Nothing is read ahead of the commit, where a version
// names one document alone.
func (s *Service) copySlice(ctx context.Context, w *reindexing, source, target *collection) error {
	next := *w.reindexRecord
	if next.Until == (version{}) {
		next.Until = s.e.IDs.New()
	}
	slice, err := s.readOriginals(ctx, source, &next)
	if err != nil {
		return err
	}
	puts, err := s.copies(ctx, source.schema.Load(), target, slice)
	if err != nil {
		return err
	}
	seq := uint64(0)
	err = s.e.Store.Update(ctx, w.tenant, func(tx *engine.Tx) error {
		seq = tx.Seq()
		if err := w.current(tx); err != nil {
			return err
		}
		tx.Put(bucketReindexes, []byte(w.alias), encode(&next))
		return s.PutTx(tx, puts...)
	}, engine.Bulk, weightOf(puts))
	if err != nil {
		return err
	}
	return s.copied(ctx, target, len(puts), seq)
}

// copied waits until the target finds what was written to it.
func (s *Service) copied(ctx context.Context, target *collection, documents int, seq uint64) error {
	s.metrics.reindexed.Add(float64(documents))
	return s.settle(ctx, target.tenant, target.id, seq)
}

// readOriginals reads the next slice of the source, and notes in r how far that is.
func (s *Service) readOriginals(ctx context.Context, source *collection, r *reindexRecord) (slice []original, err error) {
	from := documentKey(source.id, r.Copied)
	if r.Copied != (version{}) {
		from = append(from, 0) // the first key behind
	}
	err = s.e.Store.View(ctx, source.tenant, func(v *engine.View) error {
		slice = nil
		bytes := 0
		for key, value := range v.Scan(bucketDocuments, from, documentKey(source.id, r.Until)) {
			if len(slice) == sliceDocuments || bytes >= sliceBytes {
				return nil
			}
			o, err := readOriginal(v, source, key, value)
			if err != nil {
				return err
			}
			slice, bytes = append(slice, o), bytes+len(value)+len(o.passages)
		}
		r.Follows = true
		return nil
	})
	if n := len(slice); n > 0 {
		r.Copied = slice[n-1].version
	}
	return slice, err
}

func readOriginal(v *engine.View, source *collection, key, value []byte) (o original, err error) {
	if o.stored, err = decodeDocument(source.schema.Load().space, value); err != nil {
		return o, err
	}
	o.version = version(key[16:])
	if o.more {
		o.passages = v.Get(bucketPassages, key)
	}
	return o, nil
}

// copies reads documents by the definition of the target, and embeds what
// nothing has embedded yet.
func (s *Service) copies(ctx context.Context, from *schema, target *collection, slice []original) (puts []*Put, err error) {
	if len(slice) == 0 {
		return nil, nil
	}
	sc := target.schema.Load()
	for _, o := range slice {
		p, err := s.readBy(target, sc, sc.rawOf(from, o.stored), o.id)
		if err != nil {
			return nil, unfitOf(o.id, err)
		}
		p.version, p.copied = o.version, true
		if from.embeds() && len(o.vector) > 0 {
			p.carried = &carried{Model: from.Model, Text: hex.EncodeToString(o.hash[:]), Vector: o.vector, Passages: o.passages}
		}
		puts, sc = append(puts, p), p.schema
	}
	return puts, s.embedPuts(ctx, puts)
}

// rawOf is a document of another collection as it is sent to this one: with the
// vector that it brought, where there is a field for it.
func (s *schema) rawOf(from *schema, d stored) []byte {
	if from.given >= 0 {
		if f, has := s.field(from.fields[from.given].Name); has && f.Type.isVector() {
			return from.withVector(d)
		}
	}
	return d.json
}

// unfitOf tells what is wrong with a document from what is wrong otherwise.
func unfitOf(id string, err error) error {
	if own, ok := errors.AsType[*engine.Error](err); ok {
		switch own.Kind {
		case engine.Invalid, engine.Malformed, engine.TooLarge, engine.Conflict:
			return &unfit{id, err}
		}
	}
	return err
}

// weightOf is what an update of documents holds while it waits.
func weightOf(puts []*Put) engine.UpdateOption {
	weight := 2048
	for _, p := range puts {
		weight += 2*len(p.document.json) + len(p.passages) + 2048
	}
	return engine.Weight(weight)
}

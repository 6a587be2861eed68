package search

import (
	"context"
	"sync"
	"time"

	"quintet/engine"
)

// What a snapshot or a restore writes before it is whole stands under an id
// that no record names yet, and a note in bucketDropped says so from before the
// first of it: like what a deleted collection left, it is swept, at once where
// the work fails and by the next start after a crash. The commit that makes it
// whole deletes the note. The sweeper passes over what is under way.

// maxUnfinished is how many snapshots and restores a tenant has under way.
const maxUnfinished = 2

var errUnfinished = &engine.Error{Kind: engine.Busy, Code: "too_many_snapshots_under_way", Detail: "two snapshots or restores of this tenant are under way already; try again when one is done", RetryAfter: 5 * time.Second}

// unfinished is what is under way. Safe for concurrent use.
type unfinished struct {
	mu sync.Mutex
	of map[engine.ID]*making
}

type making struct {
	tenant    engine.Tenant
	documents int // of a collection that is restored, when all are stored
}

func (u *unfinished) has(id engine.ID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.of[id] != nil
}

func (u *unfinished) begin(t engine.Tenant, id engine.ID) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := 0
	for _, m := range u.of {
		if m.tenant == t {
			n++
		}
	}
	if n >= maxUnfinished {
		return errUnfinished
	}
	if u.of == nil {
		u.of = map[engine.ID]*making{}
	}
	u.of[id] = &making{tenant: t}
	return nil
}

func (u *unfinished) end(id engine.ID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.of, id)
}

// fill notes how many documents a collection will have when it is restored.
func (u *unfinished) fill(id engine.ID, documents int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.of[id].documents = documents
}

// filled returns how many documents a collection begins with, once.
func (u *unfinished) filled(id engine.ID) (documents int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if m := u.of[id]; m != nil {
		documents, m.documents = m.documents, 0
	}
	return documents
}

// under notes, in a commit that may refuses, that what do writes under an id is
// not whole, and runs it. do ends with the commit that deletes the note; where it
// fails, all is swept.
func (s *Service) under(ctx context.Context, t engine.Tenant, id engine.ID, may func(*engine.Tx) error, do func() error) error {
	if err := s.unfinished.begin(t, id); err != nil {
		return err
	}
	err := s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		tx.Put(bucketDropped, id[:], []byte{formatDropped})
		return may(tx)
	})
	if err == nil {
		err = do()
	}
	s.unfinished.end(id)
	if err != nil {
		s.sweepSoon()
	}
	return err
}

package engine

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// Buckets of the answers that are kept for repeated requests.
const (
	bucketAnswers       Bucket = "engine.answers"        // hash of who, where, key → answer
	bucketAnswersExpiry Bucket = "engine.answers_expiry" // until when, the same hash → nothing
)

// answerLife is how long the answer to an Idempotency-Key is kept.
const answerLife = 24 * time.Hour

// What a repeated request may be told instead of its answer.
var (
	ErrKeyReused = &Error{Kind: Invalid, Code: "idempotency_key_reused", Detail: "this Idempotency-Key was used with another body; use a new key for a new request"}
	ErrInFlight  = &Error{Kind: Conflict, Code: "idempotency_in_flight", Detail: "a request with this Idempotency-Key is still running; repeat it shortly"}
)

// Once is what makes a request repeatable: who sends it, where to, under which
// key, and with which body. An empty Key means that it is not.
type Once struct {
	Principal Principal
	Route     string // the pattern of the route and what it was filled with
	Key       string
	Body      []byte
}

// Answers keeps the answers of requests that carried an Idempotency-Key, each
// written in the commit of its effect. Safe for concurrent use.
type Answers struct {
	store Store
	clock Clock

	mu      sync.Mutex
	running map[[16]byte]bool
}

// NewAnswers returns the answers kept in store.
func NewAnswers(store Store, clock Clock) *Answers {
	return &Answers{store: store, clock: clock, running: map[[16]byte]bool{}}
}

// Run runs apply in one Update of t and returns what it answers. Where an
// equal request was answered in the last 24 hours, that answer is returned,
// replayed is true and apply does not run. Errors: ErrKeyReused, ErrInFlight,
// those of Update and of apply, which leave no answer behind.
func (a *Answers) Run(ctx context.Context, t Tenant, once Once, apply func(tx *Tx) (answer []byte, err error), options ...UpdateOption) (answer []byte, replayed bool, err error) {
	if once.Key == "" {
		err = a.store.Update(ctx, t, func(tx *Tx) (err error) {
			answer, err = apply(tx)
			return err
		}, options...)
		return answer, false, err
	}
	owner, id, body := once.Principal.Tenant, once.id(), sha256.Sum256(once.Body)
	if !a.begin(id) {
		return nil, false, ErrInFlight
	}
	defer a.end(id)
	now := a.clock.Now()
	until := now.Add(answerLife).UnixMilli()
	err = a.store.Update(ctx, t, func(tx *Tx) (err error) {
		own := tx.of(owner)
		if answer, replayed, err = kept(own, id, body, now); err != nil || replayed {
			return err
		}
		if answer, err = apply(tx); err != nil {
			return err
		}
		record := append(binary.BigEndian.AppendUint64(nil, uint64(until)), body[:]...)
		own.Put(bucketAnswers, id[:], append(record, answer...))
		own.Put(bucketAnswersExpiry, append(binary.BigEndian.AppendUint64(nil, uint64(until)), id[:]...), nil)
		return nil
	}, options...)
	return answer, replayed, err
}

// Kept returns the answer to an equal request of the last 24 hours, if there is
// one: then nothing needs to be prepared. Errors: ErrKeyReused, those of View.
func (a *Answers) Kept(ctx context.Context, once Once) (answer []byte, ok bool, err error) {
	if once.Key == "" {
		return nil, false, nil
	}
	err = a.store.View(ctx, once.Principal.Tenant, func(v *View) (err error) {
		answer, ok, err = kept(v, once.id(), sha256.Sum256(once.Body), a.clock.Now())
		return err
	})
	return answer, ok, err
}

func (o Once) id() [16]byte {
	return o.Principal.Tenant.Hash("idempotency", o.Principal.Subject+"\x00"+o.Route+"\x00"+o.Key)
}

func kept(own Reader, id [16]byte, body [32]byte, now time.Time) (answer []byte, ok bool, err error) {
	record := own.Get(bucketAnswers, id[:])
	switch {
	case record == nil || int64(binary.BigEndian.Uint64(record)) <= now.UnixMilli():
		return nil, false, nil
	case [32]byte(record[8:40]) != body:
		return nil, false, ErrKeyReused
	}
	return record[40:], true, nil
}

func (a *Answers) begin(id [16]byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.running[id] {
		return false
	}
	a.running[id] = true
	return true
}

func (a *Answers) end(id [16]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.running, id)
}

// Expire removes the answers of t that have been kept long enough.
func (a *Answers) Expire(ctx context.Context, t Tenant) error {
	now := binary.BigEndian.AppendUint64(nil, uint64(a.clock.Now().UnixMilli()))
	for more := true; more; {
		err := a.store.Update(ctx, t, func(tx *Tx) error {
			n := 0
			for key := range tx.Keys(bucketAnswersExpiry, nil, now) {
				if n++; n > bulkKeys/2 {
					break
				}
				tx.Delete(bucketAnswersExpiry, key)
				// A key used again after its end has a later entry of its own.
				if kept := tx.Get(bucketAnswers, key[8:]); kept != nil && [8]byte(kept) == [8]byte(key) {
					tx.Delete(bucketAnswers, key[8:])
				}
			}
			more = n > bulkKeys/2
			return nil
		}, Bulk, Reclaim)
		if err != nil {
			return err
		}
	}
	return nil
}

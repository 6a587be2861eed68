package engine

import (
	"bytes"
	"iter"

	"github.com/tidwall/btree"
)

// change is what a group will do to one key: put the value, or delete.
type change struct {
	tenant  Tenant
	value   []byte // plain; sealed when the group is applied
	deleted bool
}

// overlay holds the changes of the group that is being built, per bucket and
// under full keys. Only the committer touches it.
type overlay map[Bucket]*btree.Map[string, change]

func (o overlay) get(b Bucket, key []byte) (change, bool) {
	m := o[b]
	if m == nil {
		return change{}, false
	}
	return m.Get(string(key))
}

func (o overlay) set(b Bucket, key string, c change) (previous change, had bool) {
	m := o[b]
	if m == nil {
		m = new(btree.Map[string, change])
		o[b] = m
	}
	return m.Set(key, c)
}

// undo restores what one put or delete replaced in the overlay.
type undo struct {
	bucket   Bucket
	key      string
	previous change
	had      bool
}

// Tx is what an update's fn reads and writes through. It sees the snapshot,
// the group's earlier updates and its own writes. Errors are sticky: after
// the first one reads find nothing, writes do nothing, and Update returns it.
type Tx struct {
	*txState
	tenant Tenant
}

// txState is shared by a transaction and its Platform twin.
type txState struct {
	store   *store
	group   *group
	journal []undo
	limit   int // keys that may be changed
	fault   error
	done    bool // fn has returned
}

var _ Reader = (*Tx)(nil)

// Platform returns the same transaction over global state.
func (tx *Tx) Platform() *Tx { return &Tx{tx.txState, tx.store.platform} }

// of returns the same transaction over the data of t, which is the update's
// own tenant or the platform.
func (tx *Tx) of(t Tenant) *Tx {
	if t != tx.tenant && t != tx.store.platform {
		tx.fail(ErrTenantGone)
	}
	return &Tx{tx.txState, t}
}

// Tenant returns the tenant whose data tx changes.
func (tx *Tx) Tenant() Tenant { return tx.tenant }

// Seq is the number that this commit will have. Numbers rise for ever, also
// across a restore, so one makes a fencing token.
func (tx *Tx) Seq() uint64 { return tx.group.seq }

// Get returns a copy of the value, nil if there is none.
func (tx *Tx) Get(b Bucket, key []byte) []byte {
	if tx.stopped() {
		return nil
	}
	full := fullKey(tx.tenant, key)
	if c, ok := tx.group.changes.get(b, full); ok {
		if c.deleted {
			return nil
		}
		return append([]byte{}, c.value...)
	}
	sealed, err := tx.group.snap.get(b, full)
	if err != nil {
		tx.fail(err)
		return nil
	}
	if sealed == nil {
		return nil
	}
	return tx.open(b, full, sealed)
}

// Has reports whether there is a value, and opens none.
func (tx *Tx) Has(b Bucket, key []byte) bool {
	if tx.stopped() {
		return false
	}
	full := fullKey(tx.tenant, key)
	if c, ok := tx.group.changes.get(b, full); ok {
		return !c.deleted
	}
	sealed, err := tx.group.snap.get(b, full)
	if err != nil {
		tx.fail(err)
	}
	return sealed != nil
}

// Put stores value under key. Both are copied.
func (tx *Tx) Put(b Bucket, key, value []byte) {
	if len(value) > maxValue {
		tx.fail(ErrValueTooLarge)
		return
	}
	tx.change(b, key, change{tenant: tx.tenant, value: append([]byte{}, value...)})
}

// Delete removes key, if it is there.
func (tx *Tx) Delete(b Bucket, key []byte) {
	tx.change(b, key, change{tenant: tx.tenant, deleted: true})
}

func (tx *Tx) change(b Bucket, key []byte, c change) {
	switch {
	case tx.stopped():
		return
	case len(key) == 0 || len(key) > maxKey:
		tx.fail(ErrKeyInvalid)
		return
	case len(tx.journal) >= tx.limit:
		tx.fail(ErrTooManyKeys)
		return
	}
	full := string(fullKey(tx.tenant, key))
	previous, had := tx.group.changes.set(b, full, c)
	tx.journal = append(tx.journal, undo{b, full, previous, had})
}

// firstBucket names what the transaction changes, for logs.
func (tx *txState) firstBucket() Bucket {
	if len(tx.journal) == 0 {
		return ""
	}
	return tx.journal[0].bucket
}

// rollback takes the transaction's changes out of the group.
func (tx *txState) rollback() {
	for i := len(tx.journal) - 1; i >= 0; i-- {
		u := tx.journal[i]
		if u.had {
			tx.group.changes.set(u.bucket, u.key, u.previous)
		} else {
			tx.group.changes[u.bucket].Delete(u.key)
		}
	}
	tx.journal = nil
}

func (tx *txState) stopped() bool { return tx.fault != nil || tx.done }

func (tx *txState) fail(err error) {
	if tx.fault == nil {
		tx.fault = err
	}
}

func (tx *Tx) open(b Bucket, full, sealed []byte) []byte {
	value, err := tx.store.open(tx.tenant, b, full, sealed)
	if err != nil {
		tx.fail(err)
		return nil
	}
	return value
}

// Scan yields copies of keys and values with from ≤ key < to, rising. The
// loop may change what it walks over.
func (tx *Tx) Scan(b Bucket, from, to []byte) iter.Seq2[[]byte, []byte] {
	return tx.walk(b, from, to, false, true)
}

// Descend yields the same, falling.
func (tx *Tx) Descend(b Bucket, from, to []byte) iter.Seq2[[]byte, []byte] {
	return tx.walk(b, from, to, true, true)
}

// Keys yields copies of the keys alone and opens no value.
func (tx *Tx) Keys(b Bucket, from, to []byte) iter.Seq[[]byte] {
	return keysOf(tx.walk(b, from, to, false, false))
}

// walk merges the snapshot's cursor with the overlay, which it seeks anew at
// every step because the loop's body may change it.
func (tx *Tx) walk(b Bucket, from, to []byte, descending, values bool) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		lo, hi := bounds(tx.tenant, from, to)
		c := cursor{s: tx.group.snap, b: b, from: lo, to: hi, descending: descending, values: values}
		stored, sealed, err := c.next()
		at, first := "", true
		for err == nil && !tx.stopped() {
			key, ch, ok := tx.group.changes.after(b, at, first, string(lo), string(hi), descending)
			fromStore := stored != nil && (!ok || before(string(stored), key, descending))
			if !fromStore && !ok {
				return
			}
			value := ch.value
			if fromStore {
				key, ch.deleted = string(stored), false
				if values {
					value = tx.open(b, stored, sealed)
				}
			}
			if stored != nil && string(stored) == key {
				stored, sealed, err = c.next()
			}
			at, first = key, false
			if ch.deleted || tx.stopped() {
				continue
			}
			if !yield([]byte(key[len(UID{}):]), append([]byte{}, value...)) {
				return
			}
		}
		if err != nil {
			tx.fail(err)
		}
	}
}

func before(a, b string, descending bool) bool {
	if descending {
		return a > b
	}
	return a < b
}

// after returns the change that follows at, or the first one, within lo ≤ key < hi.
func (o overlay) after(b Bucket, at string, first bool, lo, hi string, descending bool) (key string, c change, ok bool) {
	m := o[b]
	if m == nil || m.Len() == 0 {
		return "", change{}, false
	}
	take := func(k string, ch change) bool {
		if k == at && !first || descending && k >= hi {
			return true // not yet
		}
		key, c, ok = k, ch, k >= lo && k < hi
		return false
	}
	switch {
	case descending && first:
		m.Descend(hi, take)
	case descending:
		m.Descend(at, take)
	case first:
		m.Ascend(lo, take)
	default:
		m.Ascend(at, take)
	}
	return key, c, ok
}

// fullKey puts the tenant before the key, so that a tenant's keys stand
// together and no key can name another tenant's data.
func fullKey(t Tenant, key []byte) []byte {
	full := make([]byte, 0, len(UID{})+len(key))
	return append(append(full, t.t.uid[:]...), key...)
}

// bounds turns a range of a tenant's keys into one of full keys; a nil to
// means all that follow.
func bounds(t Tenant, from, to []byte) (lo, hi []byte) {
	lo = fullKey(t, from)
	if to != nil {
		return lo, fullKey(t, to)
	}
	return lo, successor(t.t.uid[:])
}

// successor returns the smallest key behind all that begin with prefix. A uid of
// 16 bytes 0xff has none, and is never drawn.
func successor(prefix []byte) []byte {
	next := bytes.Clone(prefix)
	for i := len(next) - 1; i >= 0; i-- {
		next[i]++
		if next[i] != 0 {
			return next[:i+1]
		}
	}
	return nil
}

func keysOf(pairs iter.Seq2[[]byte, []byte]) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for key := range pairs {
			if !yield(key) {
				return
			}
		}
	}
}

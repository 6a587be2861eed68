package engine

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// PlatformName names the tenant that holds global state: tenants, credential
// look-up, console sessions. It has a key of its own like every tenant.
const PlatformName = "_platform"

// Buckets of the engine itself, all of the platform's.
const (
	bucketTenants Bucket = "engine.tenants" // name → tenantRecord as JSON
	bucketMeta    Bucket = "engine.meta"    // counters of the data folder
)

// Tenant is the handle by which everything below gateway names a tenant.
// Only gateway turns an authenticated principal into one. It is comparable;
// the zero value belongs to nobody and every operation refuses it.
type Tenant struct{ t *tenant }

type tenant struct {
	name string
	uid  UID
	keys *tenantKeys
	gone atomic.Bool // being deleted: no update or view runs any more
}

// Name returns the tenant's name.
func (t Tenant) Name() string {
	if t.t == nil {
		return ""
	}
	return t.t.name
}

// UID returns the 16 bytes that are never reused, also not by a later tenant
// of the same name.
func (t Tenant) UID() UID { return t.t.uid }

// Hash turns text that a client chose into 16 bytes that may stand in a key:
// HMAC-SHA256 under the tenant's key. Label separates kinds of text.
func (t Tenant) Hash(label, text string) [16]byte { return t.t.keys.hashText(label, text) }

// LogValue keeps everything but the name out of logs.
func (t Tenant) LogValue() slog.Value { return slog.StringValue(t.Name()) }

func (t Tenant) check() error {
	if t.t == nil || t.t.gone.Load() {
		return ErrTenantGone
	}
	return nil
}

var tenantName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

type tenantRecord struct {
	UID      []byte    `json:"uid"`
	Created  time.Time `json:"created"`
	Deleting bool      `json:"deleting,omitempty"`
}

// Tenants is the register of all tenants. Safe for concurrent use.
type Tenants struct {
	store *store
	ring  *keyring
	clock Clock
	seal  *sealer
	sweep func(ctx context.Context, t Tenant) error // deletes a tenant's data

	changing sync.Mutex // one create or delete at a time; backup holds it too
	mu       sync.RWMutex
	byName   map[string]Tenant
	uids     map[UID]Tenant
	platform Tenant
}

// Platform returns the handle of the tenant that holds global state.
func (ts *Tenants) Platform() Tenant { return ts.platform }

// Lookup returns the tenant of a name, which may be PlatformName.
func (ts *Tenants) Lookup(name string) (Tenant, error) {
	if name == PlatformName {
		return ts.platform, nil
	}
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	if t, ok := ts.byName[name]; ok {
		return t, nil
	}
	return Tenant{}, ErrTenantGone
}

// byUID returns the tenant of a uid, the platform's included.
func (ts *Tenants) byUID(uid UID) (Tenant, bool) {
	if uid == ts.platform.UID() {
		return ts.platform, true
	}
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	t, ok := ts.uids[uid]
	return t, ok
}

// register and forget keep both maps alike.
func (ts *Tenants) register(t Tenant) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.byName[t.Name()], ts.uids[t.UID()] = t, t
}

func (ts *Tenants) forget(t Tenant) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.byName, t.Name())
	delete(ts.uids, t.UID())
}

// List returns all tenants but the platform, by name.
func (ts *Tenants) List() []Tenant {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	list := make([]Tenant, 0, len(ts.byName))
	for _, t := range ts.byName {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b Tenant) int { return strings.Compare(a.Name(), b.Name()) })
	return list
}

// Create makes a tenant: first its key, then its record together with what
// apply writes. A crash in between leaves a key without a record, which the
// next start removes. A name in use is a Conflict with code tenant_exists.
func (ts *Tenants) Create(ctx context.Context, name string, apply func(*Tx) error) (Tenant, error) {
	if !tenantName.MatchString(name) {
		return Tenant{}, Errorf(Invalid, "invalid_name", "a tenant's name has 1 to 63 of a-z, 0-9 and -, and begins with a letter")
	}
	ts.changing.Lock()
	defer ts.changing.Unlock()
	if _, err := ts.Lookup(name); err == nil {
		return Tenant{}, Errorf(Conflict, "tenant_exists", "a tenant %q exists already", name)
	}
	var uid UID
	if _, err := rand.Read(uid[:]); err != nil {
		return Tenant{}, err
	}
	root, err := ts.ring.add(uid)
	if err != nil {
		return Tenant{}, err
	}
	t := ts.handle(name, uid, root)
	record := tenantRecord{UID: uid[:], Created: ts.clock.Now().UTC()}
	err = ts.store.Update(ctx, t, func(tx *Tx) error {
		p := tx.Platform()
		if p.Get(bucketTenants, []byte(name)) != nil {
			return Errorf(Conflict, "tenant_exists", "a tenant %q is still being deleted; try again shortly", name)
		}
		putJSON(p, bucketTenants, []byte(name), record)
		ts.noteGeneration(p)
		return apply(tx)
	})
	if err != nil {
		// The outcome of a poisoned commit is unknown; then the key must stay.
		if errors.Is(err, ErrPoisoned) {
			return Tenant{}, err
		}
		return Tenant{}, errors.Join(err, ts.ring.remove(uid))
	}
	ts.register(t)
	return t, nil
}

// Delete shreds a tenant: it marks the record together with what apply
// writes, replaces the keyring without the key, and then removes the data.
// When it returns nothing of the tenant can be read, also not from an old
// copy of store, log and blobs; an old copy of the keyring still could.
// A crash on the way is finished by the next start.
func (ts *Tenants) Delete(ctx context.Context, t Tenant, apply func(*Tx) error) error {
	if t == ts.platform {
		return Errorf(Invalid, "platform_tenant", "the platform itself cannot be deleted")
	}
	ts.changing.Lock()
	defer ts.changing.Unlock()
	if err := t.check(); err != nil {
		return err
	}
	err := ts.store.Update(ctx, ts.platform, func(tx *Tx) error {
		var record tenantRecord
		if err := getJSON(tx, bucketTenants, []byte(t.Name()), &record); err != nil {
			return err
		}
		record.Deleting = true
		putJSON(tx, bucketTenants, []byte(t.Name()), record)
		return apply(tx)
	}, Reclaim)
	if err != nil {
		return err
	}
	ts.forget(t)
	return ts.finishDelete(context.WithoutCancel(ctx), t)
}

// finishDelete does what follows the mark; every step may be repeated.
func (ts *Tenants) finishDelete(ctx context.Context, t Tenant) error {
	t.t.gone.Store(true)
	// An update of t that is in the running group ends before this one does.
	if err := ts.store.Update(ctx, ts.platform, func(*Tx) error { return nil }, Reclaim); err != nil {
		return err
	}
	if err := ts.ring.remove(t.UID()); err != nil {
		return err
	}
	// Updates through t are refused now; the sweep needs a handle that is not.
	if err := ts.sweep(ctx, Tenant{&tenant{name: t.Name(), uid: t.UID(), keys: t.t.keys}}); err != nil {
		return err
	}
	return ts.store.Update(ctx, ts.platform, func(tx *Tx) error {
		tx.Delete(bucketTenants, []byte(t.Name()))
		ts.noteGeneration(tx)
		return nil
	}, Reclaim)
}

// noteGeneration stores the keyring's generation, so that a start beside an
// older keyring is noticed.
func (ts *Tenants) noteGeneration(platform *Tx) {
	platform.Put(bucketMeta, []byte("keyring"), fmt.Appendf(nil, "%d", ts.ring.generation))
}

func (ts *Tenants) handle(name string, uid UID, root [32]byte) Tenant {
	return Tenant{&tenant{name: name, uid: uid, keys: newTenantKeys(root, ts.seal.salt)}}
}

// load fills the register from the store and finishes what a crash left of
// creations and deletions.
func (ts *Tenants) load(ctx context.Context) error {
	records := map[string]tenantRecord{}
	var generation uint64
	err := ts.store.View(ctx, ts.platform, func(v *View) error {
		for key, value := range v.Scan(bucketTenants, nil, nil) {
			var r tenantRecord
			if err := json.Unmarshal(value, &r); err != nil || len(r.UID) != len(UID{}) {
				return &CorruptError{File: storeFile, Offset: -1, Key: string(bucketTenants), Reason: "a tenant's record cannot be read"}
			}
			records[string(key)] = r
		}
		if g := v.Get(bucketMeta, []byte("keyring")); g != nil {
			_, err := fmt.Sscan(string(g), &generation)
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	if ts.ring.generation < generation {
		return fmt.Errorf("the keyring (generation %d) is older than the store (generation %d): put back the keyring that belongs to this data folder", ts.ring.generation, generation)
	}
	known := []UID{ts.platform.UID()}
	for name, r := range records {
		uid := UID(r.UID)
		known = append(known, uid)
		root, ok := ts.ring.get(uid)
		switch {
		case ok && !r.Deleting:
			ts.register(ts.handle(name, uid, root))
		case !r.Deleting:
			return fmt.Errorf("the keyring has no key for tenant %q: put back the keyring that belongs to this data folder", name)
		default:
			if err := ts.finishDelete(ctx, ts.handle(name, uid, root)); err != nil {
				return err
			}
		}
	}
	var orphans []UID
	for _, uid := range ts.ring.uids() {
		if !slices.Contains(known, uid) {
			orphans = append(orphans, uid)
		}
	}
	if len(orphans) == 0 {
		return nil
	}
	return ts.ring.remove(orphans...)
}

func putJSON(tx *Tx, b Bucket, key []byte, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own record types marshal
	}
	tx.Put(b, key, data)
}

func getJSON(tx *Tx, b Bucket, key []byte, v any) error {
	data := tx.Get(b, key)
	if data == nil {
		return ErrTenantGone
	}
	return json.Unmarshal(data, v)
}

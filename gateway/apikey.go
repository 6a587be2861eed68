package gateway

import (
	"context"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// keyRecord is what is kept of an API key, under its id. The hash of the key
// leads to the id (bucketHashes).
type keyRecord struct {
	Name    string     `json:"name"`
	Hash    []byte     `json:"hash"` // SHA-256 of the key
	Scopes  []string   `json:"scopes"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	By      string     `json:"by"` // actor
	engine.Binding
}

var errKeyGone = engine.Errorf(engine.NotFound, "apikey_not_found", "there is no such API key")

// mintedKey is a key on its way into the store: the only time that its text
// is known.
type mintedKey struct {
	id     engine.ID
	text   string
	record keyRecord
	audit  AuditRecord
}

// mint prepares a key that nothing binds. A zero lifetime means for ever.
func (g *Gateway) mint(text, name string, scopes []string, lifetime time.Duration, by string) mintedKey {
	now := g.e.Clock.Now().UTC()
	k := mintedKey{id: g.e.IDs.New(), text: text, record: keyRecord{Name: name, Hash: hashOf(text), Scopes: scopes, Created: now, By: by}}
	if lifetime > 0 {
		end := now.Add(lifetime)
		k.record.Expires = &end
	}
	k.audit = g.record(by, "apikey.created", k.id.String(), map[string]string{"name": name})
	return k
}

// put writes the key, the way to it, and the record of its making.
func (k mintedKey) put(tx *engine.Tx) {
	put(tx, bucketKeys, k.id[:], k.record)
	tx.Put(bucketHashes, k.record.Hash, k.id[:])
	k.audit.put(tx)
}

// newKeyRequest is the body of a request for a key.
type newKeyRequest struct {
	Name        string        `json:"name" minLength:"1" maxLength:"128" pattern:"^[^\\x00-\\x1f\\x7f-\\x9f]*$" patternDescription:"one line without control characters" doc:"What it is for." example:"ci"`
	Scopes      []string      `json:"scopes" minItems:"1" maxItems:"32" nullable:"false" doc:"What it may do: scopes that you hold yourself." example:"[\"search:read\"]"`
	ExpiresIn   *api.Duration `json:"expires_in,omitempty" nullable:"false" doc:"How long it lives; for ever without." example:"720h"`
	Collections []string      `json:"collections,omitempty" minItems:"1" maxItems:"64" nullable:"false" doc:"Beside which the key finds none; all that you find yourself without. They need not be there yet." example:"[\"products\"]"`
	Filter      *string       `json:"filter,omitempty" nullable:"false" doc:"Holds of every document that the key finds, beside your own. Such a key reads only, and finds nothing in a collection that lacks a field of the filter." example:"owner = 'u1'"`
}

func (r newKeyRequest) check(p engine.Principal) error {
	if r.ExpiresIn != nil && *r.ExpiresIn <= 0 {
		return engine.Errorf(engine.Invalid, "invalid_expiry", "body.expires_in: a key lives for longer than nothing; leave it out for one that lives for ever")
	}
	return checkGrant(p, r.Scopes)
}

// lifetime is 0 for ever.
func (r newKeyRequest) lifetime() time.Duration {
	if r.ExpiresIn == nil {
		return 0
	}
	return time.Duration(*r.ExpiresIn)
}

// createKey makes an API key in the tenant of p.
func (g *Gateway) createKey(ctx context.Context, p engine.Principal, idempotencyKey string, r newKeyRequest) (mintedKey, error) {
	if err := r.check(p); err != nil {
		return mintedKey{}, err
	}
	binding, err := r.binding(p)
	if err != nil {
		return mintedKey{}, err
	}
	k := g.mint(newKey(p.Tenant.Name()), r.Name, r.Scopes, r.lifetime(), actorOf(p))
	k.bind(binding)
	once := onceOf(p, "POST /v1/apikeys", idempotencyKey, r)
	err = createOnce(ctx, g.e.Answers, p.Tenant, once, k.id.String(), func(tx *engine.Tx) error {
		k.put(tx)
		return nil
	})
	if err == nil {
		g.tell(p.Tenant, k.audit)
	}
	return k, err
}

// keyByID reads a key of the tenant of p. Text that is no id names no key.
func (g *Gateway) keyByID(ctx context.Context, p engine.Principal, text string) (k stored[keyRecord], err error) {
	id, err := engine.ParseID(text)
	if err != nil {
		return k, errKeyGone
	}
	err = g.e.Store.View(ctx, p.Tenant, func(v *engine.View) error {
		record, err := readKey(v, id[:], p.Binding)
		k = stored[keyRecord]{id[:], record}
		return err
	})
	return k, err
}

// deleteKey revokes a key of the tenant of p.
func (g *Gateway) deleteKey(ctx context.Context, p engine.Principal, text string) error {
	id, err := engine.ParseID(text)
	if err != nil {
		return errKeyGone
	}
	audit := g.record(actorOf(p), "apikey.deleted", text, nil)
	err = g.e.Store.Update(ctx, p.Tenant, func(tx *engine.Tx) error {
		if err := removeKey(tx, id[:], p.Binding); err != nil {
			return err
		}
		audit.put(tx)
		return nil
	}, engine.Reclaim)
	if err == nil {
		g.tell(p.Tenant, audit)
	}
	return err
}

// readKey reads a key. For whoever is bound there are only keys that are bound
// within the same.
func readKey(r engine.Reader, id []byte, to engine.Binding) (keyRecord, error) {
	record, ok, err := get[keyRecord](r, bucketKeys, id)
	if err == nil && !(ok && record.Within(to)) {
		err = errKeyGone
	}
	return record, err
}

func removeKey(tx *engine.Tx, id []byte, by engine.Binding) error {
	record, err := readKey(tx, id, by)
	if err != nil {
		return err
	}
	tx.Delete(bucketKeys, id)
	tx.Delete(bucketHashes, record.Hash)
	return nil
}

// list reads a page of a tenant's records that keep wants, in the order of
// their keys, and one more that tells whether another page follows.
func list[T any](ctx context.Context, g *Gateway, t engine.Tenant, b engine.Bucket, limit int, cursor string, keep func(T) bool) (found []stored[T], n int, err error) {
	n, err = api.CheckLimit(limit)
	if err != nil {
		return nil, 0, err
	}
	after, err := api.ParseCursor(cursor)
	if err != nil {
		return nil, 0, err
	}
	err = g.e.Store.View(ctx, t, func(v *engine.View) (err error) {
		found, err = page(v, b, after, n+1, keep)
		return err
	})
	return found, n, err
}

package gateway

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"quintet/engine"
)

const (
	linkLife = 10 * time.Minute
	maxLinks = 8 // of one tenant; a new one ends the oldest
)

// linkRecord is what is kept of a link to the console, under the SHA-256 of
// its token.
type linkRecord struct {
	ID      engine.ID `json:"id"`
	By      string    `json:"by"` // actor
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

func (r linkRecord) life() (created, expires time.Time) { return r.Created, r.Expires }

// errLink is the one answer to every link that does not count.
var errLink = engine.Errorf(engine.Unauthenticated, "link_invalid", "the link was used, has expired or never was: a link counts once, within ten minutes; run quintet login for another, or sign in with an API key")

// NewLink makes the token of a link to the console of a tenant, for whoever
// runs the server. It needs Start.
func (g *Gateway) NewLink(ctx context.Context, tenant string) (token string, err error) {
	t, err := g.e.Tenants.Lookup(tenant)
	if err != nil {
		return "", err
	}
	token, _, err = g.makeLink(ctx, t, operator)
	return token, err
}

var errLinkBound = engine.Errorf(engine.Forbidden, "credential_bound", "a link opens all of the tenant, and your credential is bound to a part of it; use another one")

// createLink makes a link to the console of the tenant of p.
func (g *Gateway) createLink(ctx context.Context, p engine.Principal) (token string, record linkRecord, err error) {
	if p.Bound() {
		return "", record, errLinkBound
	}
	if err := checkGrant(p, scopesOf(p.Tenant.Name())); err != nil {
		return "", record, err
	}
	return g.makeLink(ctx, p.Tenant, actorOf(p))
}

func (g *Gateway) makeLink(ctx context.Context, t engine.Tenant, by string) (token string, record linkRecord, err error) {
	now := g.e.Clock.Now().UTC()
	token = newText(linkPrefix, t.Name())
	record = linkRecord{ID: g.e.IDs.New(), By: by, Created: now, Expires: now.Add(linkLife)}
	audit := g.record(by, "link.created", record.ID.String(), nil)
	err = g.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		if err := prune[linkRecord](tx, bucketLinks, now, maxLinks-1); err != nil {
			return err
		}
		put(tx, bucketLinks, hashOf(token), record)
		audit.put(tx)
		return nil
	})
	if err == nil {
		g.tell(t, audit)
	}
	return token, record, err
}

// openLink finds the link with a hash, if it counts at a time.
func openLink(r engine.Reader, hash []byte, now time.Time) (linkRecord, error) {
	record, ok, err := get[linkRecord](r, bucketLinks, hash)
	if err == nil && (!ok || !now.Before(record.Expires)) {
		err = errLink
	}
	return record, err
}

// tenantOf returns the tenant that a credential names, and takes the attempt
// from its rate: whoever guesses is slowed down like everybody else.
func (g *Gateway) tenantOf(prefix, credential string) (engine.Tenant, error) {
	refused := ErrCredential
	if prefix == linkPrefix {
		refused = errLink
	}
	const longest = 200 // bytes; a tenant's name has up to 63
	name, ok := "", len(credential) <= longest
	if ok {
		name, ok = parseText(prefix, credential)
	}
	if !ok {
		return engine.Tenant{}, refused
	}
	_, t, ok := g.directory.lookup(name)
	if !ok {
		return engine.Tenant{}, refused
	}
	if _, _, reset, ok := g.Allow(t); !ok {
		return engine.Tenant{}, &engine.Error{Kind: engine.Busy, Code: "rate_limited", Detail: "the tenant asks too often; slow down", RetryAfter: reset}
	}
	return t, nil
}

// goneIs gives another error where the tenant was deleted meanwhile.
func goneIs(err, other error) error {
	if errors.Is(err, engine.ErrTenantGone) {
		return other
	}
	return err
}

// mortal is a record that ends.
type mortal interface {
	life() (created, expires time.Time)
}

// prune deletes records that have expired, and the oldest of the others until
// keep of them are left. A tenant has few of them.
func prune[T mortal](tx *engine.Tx, b engine.Bucket, now time.Time, keep int) error {
	type entry struct {
		key     []byte
		created time.Time
	}
	var alive []entry
	var gone [][]byte
	for key, data := range tx.Scan(b, nil, nil) {
		record, err := decode[T](b, data)
		if err != nil {
			return err
		}
		if created, expires := record.life(); now.Before(expires) {
			alive = append(alive, entry{bytes.Clone(key), created})
		} else {
			gone = append(gone, bytes.Clone(key))
		}
	}
	slices.SortFunc(alive, func(a, b entry) int { return cmp.Or(a.created.Compare(b.created), bytes.Compare(a.key, b.key)) })
	for _, e := range alive[:max(0, len(alive)-keep)] {
		gone = append(gone, e.key)
	}
	for _, key := range gone {
		tx.Delete(b, key)
	}
	return nil
}

// waysIn lists the links and sessions of a tenant that count now.
func (g *Gateway) waysIn(v *engine.View, tenant string) (found []Credential, err error) {
	now := g.e.Clock.Now()
	add := func(id engine.ID, name string, scopes []string, created, expires time.Time) {
		if now.Before(expires) {
			found = append(found, Credential{
				Tenant: tenant, Kind: engine.KindUser, ID: id.String(), Name: name, Scopes: scopes, Created: created, Expires: expires,
			})
		}
	}
	for _, data := range v.Scan(bucketLinks, nil, nil) {
		r, err := decode[linkRecord](bucketLinks, data)
		if err != nil {
			return nil, err
		}
		add(r.ID, "link to the console", scopesOf(tenant), r.Created, r.Expires)
	}
	for _, data := range v.Scan(bucketSessions, nil, nil) {
		r, err := decode[sessionRecord](bucketSessions, data)
		if err != nil {
			return nil, err
		}
		key, ok, err := sessionRights(v, tenant, r)
		if err != nil {
			return nil, err
		}
		if ok {
			add(r.ID, "session of the console", key.Scopes, r.Created, r.Expires)
		}
	}
	return found, nil
}

// closeWaysIn deletes the links and sessions of a tenant and counts them.
func closeWaysIn(tx *engine.Tx) (n int) {
	for _, b := range []engine.Bucket{bucketLinks, bucketSessions} {
		for key := range tx.Keys(b, nil, nil) {
			n++
			tx.Delete(b, key)
		}
	}
	return n
}

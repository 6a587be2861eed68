package gateway

import (
	"context"
	"errors"
	"time"

	"quintet/engine"
	"quintet/engine/disk"
)

// Credential is one credential that opens something, without its secret.
type Credential struct {
	Tenant  string
	Kind    engine.PrincipalKind
	ID      string
	Name    string
	Scopes  []string
	Created time.Time
	Expires time.Time // zero = never
}

// Credentials lists every API key, client, link and session that is valid now,
// by tenant. It is what lives again after a restore.
func (g *Gateway) Credentials(ctx context.Context) (all []Credential, err error) {
	for _, t := range g.everyTenant() {
		err := g.e.Store.View(ctx, t, func(v *engine.View) error {
			found, err := g.credentialsOf(v, t.Name())
			all = append(all, found...)
			return err
		})
		if err != nil && !errors.Is(err, engine.ErrTenantGone) {
			return nil, err
		}
	}
	return all, nil
}

func (g *Gateway) everyTenant() []engine.Tenant {
	return append([]engine.Tenant{g.e.Tenants.Platform()}, g.e.Tenants.List()...)
}

func (g *Gateway) credentialsOf(v *engine.View, tenant string) (found []Credential, err error) {
	for id, data := range v.Scan(bucketKeys, nil, nil) {
		r, err := decode[keyRecord](bucketKeys, data)
		if err != nil {
			return nil, err
		}
		c := Credential{Tenant: tenant, Kind: engine.KindAPIKey, ID: engine.ID(id).String(), Name: r.Name, Scopes: r.Scopes, Created: r.Created}
		if r.Expires != nil {
			c.Expires = *r.Expires
		}
		if c.Expires.IsZero() || g.e.Clock.Now().Before(c.Expires) {
			found = append(found, c)
		}
	}
	for id, data := range v.Scan(bucketClients, nil, nil) {
		r, err := decode[clientRecord](bucketClients, data)
		if err != nil {
			return nil, err
		}
		found = append(found, Credential{Tenant: tenant, Kind: engine.KindClient, ID: engine.ID(id).String(), Name: r.Name, Scopes: r.Scopes, Created: r.Created})
	}
	ways, err := g.waysIn(v, tenant)
	return append(found, ways...), err
}

// IssueKey makes an API key for whoever runs a command on the data folder. No
// scopes means all of the tenant's, no lifetime means for ever.
func (g *Gateway) IssueKey(ctx context.Context, tenant, name string, scopes []string, lifetime time.Duration) (text string, err error) {
	t, err := g.e.Tenants.Lookup(tenant)
	if err != nil {
		return "", err
	}
	if len(scopes) == 0 {
		scopes = scopesOf(tenant)
	}
	if err := checkGrant(engine.Principal{Tenant: t, Scopes: scopesOf(tenant)}, scopes); err != nil {
		return "", err
	}
	k := g.mint(newKey(tenant), name, scopes, lifetime, operator)
	err = g.e.Store.Update(ctx, t, func(tx *engine.Tx) error { k.put(tx); return nil })
	if err == nil {
		g.tell(t, k.audit)
	}
	return k.text, err
}

// RevokeAllKeys deletes every API key, client, link and session of every
// tenant, the platform last, and both key files in dir. The next EnsureAdminKey makes a new
// admin.key. It returns how many credentials it deleted; after an error it may
// be called again.
func (g *Gateway) RevokeAllKeys(ctx context.Context, dir string) (revoked int, err error) {
	// The files first: EnsureAdminKey stores the key that it finds in one.
	for _, file := range []string{adminFile, demoFile} {
		if err := removeFile(disk.OS(dir), file); err != nil {
			return 0, err
		}
	}
	for _, t := range append(g.e.Tenants.List(), g.e.Tenants.Platform()) {
		for more := true; more; {
			n, err := g.revokeSome(ctx, t)
			if err != nil {
				return revoked, err
			}
			revoked, more = revoked+n, n > 0
		}
	}
	return revoked, nil
}

// revokeSome deletes some of a tenant's credentials; 0 means that none is left.
func (g *Gateway) revokeSome(ctx context.Context, t engine.Tenant) (n int, err error) {
	const some = 100 // three random keys each
	audit := g.record(operator, "credentials.revoked", t.Name(), nil)
	err = g.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		n = 0
		for id := range tx.Keys(bucketKeys, nil, nil) {
			if n == some {
				break
			}
			n++
			if err := removeKey(tx, id, engine.Binding{}); err != nil {
				return err
			}
		}
		for id := range tx.Keys(bucketClients, nil, nil) {
			if n >= some {
				break
			}
			n++
			tx.Delete(bucketClients, id)
		}
		if n < some { // the last round; there are few of these
			n += closeWaysIn(tx)
		}
		if n > 0 {
			audit.put(tx)
		}
		if t == g.e.Tenants.Platform() {
			tx.Delete(bucketMeta, []byte(metaAdmin))
		}
		return nil
	}, engine.Bulk, engine.Reclaim)
	if err == nil && n > 0 {
		g.tell(t, audit)
	}
	return n, err
}

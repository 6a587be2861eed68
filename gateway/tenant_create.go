package gateway

import (
	"context"
	"errors"

	"quintet/engine"
)

// newTenantRequest is the body of a request for a tenant.
type newTenantRequest struct {
	ID   string `json:"id" minLength:"1" maxLength:"63" doc:"Its name in keys and URLs: a-z, 0-9 and -, a letter first. It never changes." example:"acme"`
	Name string `json:"name" minLength:"1" maxLength:"128" pattern:"^[^\\x00-\\x1f\\x7f-\\x9f]*$" patternDescription:"one line without control characters" doc:"What people call it." example:"Acme"`
}

// newTenant is a tenant on its way into the store.
type newTenant struct {
	id      string
	record  tenantRecord
	first   mintedKey // all scopes of the tenant
	kid     string
	signing signingRecord
	audit   AuditRecord
}

// prepareTenant draws everything that a tenant begins with. Key is the text of
// its first API key.
func (g *Gateway) prepareTenant(id, name, key, actor string) (t newTenant, err error) {
	t = newTenant{id: id, record: tenantRecord{Name: name, Rate: defaultRate, Created: g.e.Clock.Now().UTC(), Version: 1}}
	t.first = g.mint(key, "first key", tenantScopes, 0, actor)
	t.audit = g.record(actor, "tenant.created", id, map[string]string{"name": name})
	t.kid, t.signing, err = g.newSigningRecord()
	return t, err
}

// put writes the tenant in the commit that makes it.
func (t newTenant) put(tx *engine.Tx) {
	platform := tx.Platform()
	put(platform, bucketTenants, []byte(t.id), t.record)
	put(tx, bucketSigning, []byte(t.kid), t.signing)
	t.first.put(tx)
	t.audit.put(platform)
}

// createTenant makes a tenant.
func (g *Gateway) createTenant(ctx context.Context, p engine.Principal, idempotencyKey string, r newTenantRequest) (newTenant, error) {
	if err := checkPlatform(p); err != nil {
		return newTenant{}, err
	}
	t, err := g.prepareTenant(r.ID, r.Name, newKey(r.ID), actorOf(p))
	if err != nil {
		return newTenant{}, err
	}
	once := onceOf(p, "POST /v1/tenants", idempotencyKey, r)
	creating := engine.NewAnswers(creation{g.e.Store, g.e.Tenants, r.ID}, g.e.Clock)
	err = createOnce(ctx, creating, p.Tenant, once, r.ID, func(tx *engine.Tx) error { t.put(tx); return nil })
	if errors.Is(err, errTenantExists) && idempotencyKey != "" {
		// Perhaps this very request has made it.
		taken := err
		err = createOnce(ctx, g.e.Answers, p.Tenant, once, r.ID, func(*engine.Tx) error { return taken })
	}
	if err == nil {
		g.tellCreated(t)
	}
	return t, err
}

// tellCreated reports a tenant that is on disk, to the platform and to itself.
func (g *Gateway) tellCreated(t newTenant) {
	g.tell(g.e.Tenants.Platform(), t.audit)
	if own, err := g.e.Tenants.Lookup(t.id); err == nil {
		g.tell(own, t.first.audit)
	}
}

// errTenantExists is what Tenants.Create gives for a name in use.
var errTenantExists = engine.Errorf(engine.Conflict, "tenant_exists", "")

// creation is a store whose one update makes a tenant, so that engine.Answers
// keeps its answer in the commit that makes it.
type creation struct {
	engine.Store
	tenants *engine.Tenants
	id      string
}

func (c creation) Update(ctx context.Context, _ engine.Tenant, fn func(*engine.Tx) error, _ ...engine.UpdateOption) error {
	_, err := c.tenants.Create(ctx, c.id, func(tx *engine.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		if tx.Platform().Get(bucketTenants, []byte(c.id)) == nil {
			return errTenantExists // a kept answer was found: it existed, and was deleted since
		}
		return nil
	})
	return err
}

package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"quintet/engine"
)

// tenantRecord is what the platform keeps of a tenant, under its id.
type tenantRecord struct {
	Name    string    `json:"name"`
	Rate    rateLimit `json:"rate"`
	Created time.Time `json:"created"`
	Version int       `json:"version"` // rises with each change; the ETag
}

func (r tenantRecord) etag() string { return fmt.Sprintf(`"%d"`, r.Version) }

// matches reports whether an If-Match names the current version. An absent one
// always does; a weak one never (RFC 9110 §13.1.1).
func (r tenantRecord) matches(ifMatch string) bool {
	tags := strings.Split(ifMatch, ",")
	return ifMatch == "" || slices.ContainsFunc(tags, func(tag string) bool {
		tag = strings.TrimSpace(tag)
		return tag == "*" || tag == r.etag()
	})
}

var errChanged = engine.Errorf(engine.Precondition, "version_changed", "it was changed since: If-Match names another version; read it again")

// checkPlatform holds back whoever is not of the platform. The scope alone
// says it already; that no tenant can grant it to itself is checked twice.
func checkPlatform(p engine.Principal) error {
	if p.Tenant.Name() != engine.PlatformName {
		return engine.Errorf(engine.Forbidden, "platform_only", "only a credential of the platform may do this")
	}
	return nil
}

// tenantByID reads the record of a tenant.
func (g *Gateway) tenantByID(ctx context.Context, p engine.Principal, id string) (record tenantRecord, err error) {
	if err := checkPlatform(p); err != nil {
		return record, err
	}
	err = g.e.Store.View(ctx, p.Tenant, func(v *engine.View) error {
		record, err = readTenant(v, id)
		return err
	})
	return record, err
}

func readTenant(r engine.Reader, id string) (tenantRecord, error) {
	if id == "" || len(id) > 64 {
		return tenantRecord{}, engine.ErrTenantGone
	}
	record, ok, err := get[tenantRecord](r, bucketTenants, []byte(id))
	if err == nil && !ok {
		err = engine.ErrTenantGone
	}
	return record, err
}

// tenantPatch changes what it names.
type tenantPatch struct {
	Name *string    `json:"name,omitempty" minLength:"1" maxLength:"128" pattern:"^[^\\x00-\\x1f\\x7f-\\x9f]*$" patternDescription:"one line without control characters" doc:"What people call it."`
	Rate *rateLimit `json:"rate_limit,omitempty" doc:"How often all of its credentials together may ask."`
}

// updateTenant changes name and rate of a tenant.
func (g *Gateway) updateTenant(ctx context.Context, p engine.Principal, id, ifMatch string, patch tenantPatch) (record tenantRecord, err error) {
	if err := checkPlatform(p); err != nil {
		return record, err
	}
	details := map[string]string{}
	if patch.Name != nil {
		details["name"] = *patch.Name
	}
	if patch.Rate != nil {
		details["rate_limit"] = fmt.Sprintf("%d a second, %d at once", patch.Rate.PerSecond, patch.Rate.Burst)
	}
	audit := g.record(actorOf(p), "tenant.updated", id, details)
	err = g.e.Store.Update(ctx, p.Tenant, func(tx *engine.Tx) (err error) {
		if record, err = readTenant(tx, id); err != nil {
			return err
		}
		if !record.matches(ifMatch) {
			return errChanged
		}
		record.apply(patch)
		put(tx, bucketTenants, []byte(id), record)
		audit.put(tx)
		return nil
	})
	if err == nil {
		g.tell(p.Tenant, audit)
	}
	return record, err
}

func (r *tenantRecord) apply(patch tenantPatch) {
	if patch.Name != nil {
		r.Name = *patch.Name
	}
	if patch.Rate != nil {
		r.Rate = *patch.Rate
	}
	r.Version++
}

// deleteTenant shreds a tenant with all that it has.
func (g *Gateway) deleteTenant(ctx context.Context, p engine.Principal, id string) error {
	if _, err := g.tenantByID(ctx, p, id); err != nil {
		return err
	}
	return g.removeTenant(ctx, id, actorOf(p))
}

func (g *Gateway) removeTenant(ctx context.Context, id, actor string) error {
	t, err := g.e.Tenants.Lookup(id)
	if err != nil {
		return err
	}
	audit := g.record(actor, "tenant.deleted", id, nil)
	err = g.e.Tenants.Delete(ctx, t, func(tx *engine.Tx) error {
		tx.Delete(bucketTenants, []byte(id))
		audit.put(tx)
		return nil
	})
	if err == nil {
		g.tell(g.e.Tenants.Platform(), audit)
	}
	return err
}

package gateway

import (
	"fmt"
	"slices"

	"quintet/engine"
)

// platformScope opens tenants, backups and metrics, and no tenant's data. Only
// credentials of the tenant _platform have it.
const platformScope = "platform:admin"

// tenantScopes are all scopes of a tenant; its first key has them.
var tenantScopes = func() (all []string) {
	for _, capability := range []string{"search", "stream", "scheduler", "imaging", "gateway"} {
		for _, right := range []string{"read", "write", "admin"} {
			all = append(all, capability+":"+right)
		}
	}
	return all
}()

// scopesOf returns the scopes that credentials of a tenant can have.
func scopesOf(tenant string) []string {
	if tenant == engine.PlatformName {
		return []string{platformScope}
	}
	return tenantScopes
}

// checkScopes refuses what is no scope, twice the same, or none at all.
func checkScopes(tenant string, scopes []string) error {
	refuse := func(location, message string) error {
		return &engine.Error{
			Kind: engine.Invalid, Code: "invalid_scope", Detail: location + ": " + message,
			Fields: []engine.FieldError{{Location: location, Message: message}},
		}
	}
	if len(scopes) == 0 {
		return refuse("body.scopes", "name at least one scope")
	}
	for i, s := range scopes {
		location := fmt.Sprintf("body.scopes[%d]", i)
		if s != platformScope && !slices.Contains(scopesOf(tenant), s) {
			return refuse(location, "is not a scope, such as search:read")
		}
		if slices.Contains(scopes[:i], s) {
			return refuse(location, "stands twice")
		}
	}
	return nil
}

// checkGrant refuses scopes that whoever grants them does not hold.
func checkGrant(p engine.Principal, scopes []string) error {
	if err := checkScopes(p.Tenant.Name(), scopes); err != nil {
		return err
	}
	for _, s := range scopes {
		if !p.Has(s) {
			return engine.Errorf(engine.Forbidden, "scope_not_held", "you can grant only scopes that you hold, and %s is not among them", s)
		}
	}
	return nil
}

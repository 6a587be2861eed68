package telemetry

import (
	"maps"
	"sync"
	"sync/atomic"
)

// OtherTenants is the label of every tenant that got no series of its own.
const OtherTenants = "other"

// TenantLabels bounds the series that a tenant label can make: the first
// tenants that ask keep their names until the process ends, the others share
// OtherTenants. One value serves all metrics, so that they agree. It is safe
// for concurrent use.
type TenantLabels struct {
	limit int
	mu    sync.Mutex                          // held to add a name
	names atomic.Pointer[map[string]struct{}] // replaced, never changed
}

// NewTenantLabels gives names to limit tenants; 0 names none.
func NewTenantLabels(limit int) *TenantLabels {
	t := &TenantLabels{limit: limit}
	t.names.Store(&map[string]struct{}{})
	return t
}

// Label is the value of the tenant label for that tenant.
func (t *TenantLabels) Label(tenant string) string {
	names := *t.names.Load()
	if _, named := names[tenant]; named {
		return tenant
	}
	if len(names) >= t.limit {
		return OtherTenants
	}
	return t.add(tenant)
}

func (t *TenantLabels) add(tenant string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	names := *t.names.Load()
	if _, named := names[tenant]; named {
		return tenant
	}
	if len(names) >= t.limit {
		return OtherTenants
	}
	next := maps.Clone(names)
	next[tenant] = struct{}{}
	t.names.Store(&next)
	return tenant
}

package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"quintet/engine/api"
)

func (g *Gateway) tenantRoutes(a huma.API) {
	admin := api.Scope(platformScope)
	huma.Register(a, creates(operation("create-tenant", http.MethodPost, "/v1/tenants", "Create a tenant, with its first API key", admin)), g.postTenant)
	huma.Register(a, operation("list-tenants", http.MethodGet, "/v1/tenants", "List the tenants by id", admin), g.listTenants)
	huma.Register(a, operation("get-tenant", http.MethodGet, "/v1/tenants/{id}", "Get a tenant", admin), g.getTenant)
	huma.Register(a, operation("update-tenant", http.MethodPatch, "/v1/tenants/{id}", "Change a tenant's name or rate limit", admin), g.patchTenant)
	huma.Register(a, operation("delete-tenant", http.MethodDelete, "/v1/tenants/{id}", "Shred a tenant and all of its data", admin), g.removeTenantByID)
}

// Tenant is a tenant as the API shows it.
type Tenant struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Issuer    string    `json:"issuer" doc:"Signs its access tokens."`
	RateLimit rateLimit `json:"rate_limit"`
	CreatedAt time.Time `json:"created_at"`
}

func (g *Gateway) tenantView(t stored[tenantRecord]) Tenant {
	id := string(t.key)
	return Tenant{ID: id, Name: t.record.Name, Issuer: g.issuerURL(id), RateLimit: t.record.Rate, CreatedAt: t.record.Created}
}

// createdTenant holds the tenant's first API key, which is shown this once.
type createdTenant struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Issuer string `json:"issuer"`
	Key    string `json:"key" doc:"An API key with all scopes of the tenant. It is shown this once."`
}

type tenantOutput struct {
	ETag string `header:"ETag"`
	Body Tenant
}

func (g *Gateway) postTenant(ctx context.Context, in *onceInput[newTenantRequest]) (*secretOutput[createdTenant], error) {
	t, err := g.createTenant(ctx, principal(ctx), in.IdempotencyKey, in.Body)
	if err != nil {
		return nil, err
	}
	return secret(createdTenant{ID: t.id, Name: t.record.Name, Issuer: g.issuerURL(t.id), Key: t.first.text}), nil
}

func (g *Gateway) listTenants(ctx context.Context, in *pageInput) (*listOutput[Tenant], error) {
	p := principal(ctx)
	if err := checkPlatform(p); err != nil {
		return nil, err
	}
	found, n, err := list(ctx, g, p.Tenant, bucketTenants, in.Limit, in.Cursor, every[tenantRecord])
	if err != nil {
		return nil, err
	}
	return listed(found, n, g.tenantView), nil
}

func (g *Gateway) getTenant(ctx context.Context, in *idInput) (*tenantOutput, error) {
	record, err := g.tenantByID(ctx, principal(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return g.tenantOutput(in.ID, record), nil
}

func (g *Gateway) tenantOutput(id string, r tenantRecord) *tenantOutput {
	return &tenantOutput{ETag: r.etag(), Body: g.tenantView(stored[tenantRecord]{[]byte(id), r})}
}

func (g *Gateway) patchTenant(ctx context.Context, in *struct {
	ID      string `path:"id"`
	IfMatch string `header:"If-Match" doc:"The ETag of what you saw; 412 when it was changed since."`
	Body    tenantPatch
}) (*tenantOutput, error) {
	record, err := g.updateTenant(ctx, principal(ctx), in.ID, in.IfMatch, in.Body)
	if err != nil {
		return nil, err
	}
	return g.tenantOutput(in.ID, record), nil
}

// deletedTenant tells what a deletion achieves and what it cannot.
type deletedTenant struct {
	ID      string `json:"id"`
	Warning string `json:"warning"`
}

const shredWarning = "The tenant's key is destroyed: no copy of its data can be read any more. This does not hold against older copies of the keyring: a backup made before still opens the data that it holds."

type deletedOutput struct{ Body deletedTenant }

func (g *Gateway) removeTenantByID(ctx context.Context, in *idInput) (*deletedOutput, error) {
	if err := g.deleteTenant(ctx, principal(ctx), in.ID); err != nil {
		return nil, err
	}
	return &deletedOutput{deletedTenant{in.ID, shredWarning}}, nil
}

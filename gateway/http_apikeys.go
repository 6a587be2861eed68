package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"quintet/engine"
)

func (g *Gateway) keyRoutes(a huma.API) {
	create := creates(operation("create-apikey", http.MethodPost, "/v1/apikeys", "Create an API key", adminCredentials))
	create.Description = "A key may be bound to collections, and by a filter that is ANDed to all of its searches. What a bound credential makes is bound within the same: to some of its collections, and by its filter beside the new one."
	huma.Register(a, create, g.postKey)
	huma.Register(a, operation("list-apikeys", http.MethodGet, "/v1/apikeys", "List the API keys by age", readCredentials), g.listKeys)
	huma.Register(a, operation("get-apikey", http.MethodGet, "/v1/apikeys/{id}", "Get an API key", readCredentials), g.getKey)
	huma.Register(a, operation("delete-apikey", http.MethodDelete, "/v1/apikeys/{id}", "Revoke an API key", adminCredentials), g.removeKeyByID)
}

// APIKey is an API key as the API shows it: without its text.
type APIKey struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes" nullable:"false"`
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by" doc:"Tenant and subject of whoever made it."`
	ExpiresAt *time.Time `json:"expires_at" doc:"null = never"`
	Bound
}

func keyView(k stored[keyRecord]) APIKey {
	r := k.record
	return APIKey{ID: engine.ID(k.key).String(), Name: r.Name, Scopes: r.Scopes, CreatedAt: r.Created, CreatedBy: r.By, ExpiresAt: r.Expires, Bound: boundView(r.Binding)}
}

// createdAPIKey holds the key, which is shown this once.
type createdAPIKey struct {
	APIKey
	Key string `json:"key" doc:"The key. It is shown this once."`
}

type keyOutput struct{ Body APIKey }

func (g *Gateway) postKey(ctx context.Context, in *onceInput[newKeyRequest]) (*secretOutput[createdAPIKey], error) {
	k, err := g.createKey(ctx, principal(ctx), in.IdempotencyKey, in.Body)
	if err != nil {
		return nil, err
	}
	return secret(createdAPIKey{keyView(stored[keyRecord]{k.id[:], k.record}), k.text}), nil
}

func (g *Gateway) listKeys(ctx context.Context, in *pageInput) (*listOutput[APIKey], error) {
	p := principal(ctx)
	found, n, err := list(ctx, g, p.Tenant, bucketKeys, in.Limit, in.Cursor, func(r keyRecord) bool { return r.Within(p.Binding) })
	if err != nil {
		return nil, err
	}
	return listed(found, n, keyView), nil
}

func (g *Gateway) getKey(ctx context.Context, in *idInput) (*keyOutput, error) {
	k, err := g.keyByID(ctx, principal(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &keyOutput{keyView(k)}, nil
}

func (g *Gateway) removeKeyByID(ctx context.Context, in *idInput) (*struct{}, error) {
	return nil, g.deleteKey(ctx, principal(ctx), in.ID)
}

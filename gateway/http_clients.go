package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"quintet/engine"
)

func (g *Gateway) clientRoutes(a huma.API) {
	huma.Register(a, creates(operation("create-client", http.MethodPost, "/v1/clients", "Create a client", adminCredentials)), g.postClient)
	huma.Register(a, operation("list-clients", http.MethodGet, "/v1/clients", "List the clients by age", readCredentials), g.listClients)
	huma.Register(a, operation("get-client", http.MethodGet, "/v1/clients/{id}", "Get a client", readCredentials), g.getClient)
	huma.Register(a, operation("delete-client", http.MethodDelete, "/v1/clients/{id}", "Revoke a client and its tokens", adminCredentials), g.removeClientByID)
}

// Client is a client as the API shows it: without its secret.
type Client struct {
	ID        string    `json:"client_id"`
	Name      string    `json:"name"`
	Grants    []string  `json:"grants" nullable:"false"`
	Scopes    []string  `json:"scopes" nullable:"false"`
	CreatedAt time.Time `json:"created_at"`
	CreatedBy string    `json:"created_by" doc:"Tenant and subject of whoever made it."`
	Bound
}

func clientView(c stored[clientRecord]) Client {
	r := c.record
	return Client{ID: engine.ID(c.key).String(), Name: r.Name, Grants: r.Grants, Scopes: r.Scopes, CreatedAt: r.Created, CreatedBy: r.By, Bound: boundView(r.Binding)}
}

// createdClient holds the client's secret, which is shown this once.
type createdClient struct {
	Client
	Secret string `json:"client_secret" doc:"The secret. It is shown this once."`
}

type clientOutput struct{ Body Client }

func (g *Gateway) postClient(ctx context.Context, in *onceInput[newClientRequest]) (*secretOutput[createdClient], error) {
	c, text, err := g.createClient(ctx, principal(ctx), in.IdempotencyKey, in.Body)
	if err != nil {
		return nil, err
	}
	return secret(createdClient{clientView(c), text}), nil
}

func (g *Gateway) listClients(ctx context.Context, in *pageInput) (*listOutput[Client], error) {
	p := principal(ctx)
	found, n, err := list(ctx, g, p.Tenant, bucketClients, in.Limit, in.Cursor, func(r clientRecord) bool { return r.Within(p.Binding) })
	if err != nil {
		return nil, err
	}
	return listed(found, n, clientView), nil
}

func (g *Gateway) getClient(ctx context.Context, in *idInput) (*clientOutput, error) {
	p := principal(ctx)
	c, err := g.clientByID(ctx, p.Tenant, in.ID)
	if err == nil && !c.record.Within(p.Binding) {
		err = errClientGone
	}
	if err != nil {
		return nil, err
	}
	return &clientOutput{clientView(c)}, nil
}

func (g *Gateway) removeClientByID(ctx context.Context, in *idInput) (*struct{}, error) {
	return nil, g.deleteClient(ctx, principal(ctx), in.ID)
}

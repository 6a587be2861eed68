package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

// bodyBytes bounds every body: they are small definitions and forms.
const bodyBytes = 64 << 10

// Routes registers the routes of the gateway, each with its operation.
func (g *Gateway) Routes(a huma.API, e *echo.Echo) {
	huma.Register(a, operation("whoami", http.MethodGet, "/v1/whoami", "Who you are", api.AnyPrincipal()), g.whoami)
	g.tenantRoutes(a)
	g.keyRoutes(a)
	g.clientRoutes(a)
	g.issuerRoutes(a, e)
	g.linkRoutes(a)
}

// operation describes a route of the gateway.
func operation(id, method, path, summary string, security api.Security) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary,
		Tags: []string{"gateway"}, Security: security, MaxBodyBytes: bodyBytes,
	}
}

// creates makes an operation one that answers 201.
func creates(o huma.Operation) huma.Operation {
	o.DefaultStatus = http.StatusCreated
	return o
}

// Credentials are managed by whoever administers their tenant; for the tenant
// _platform that is the platform's administrator. No scope implies another.
var (
	readCredentials  = append(api.Scope("gateway:read"), api.Scope(platformScope)...)
	adminCredentials = append(api.Scope("gateway:admin"), api.Scope(platformScope)...)
)

// principal is who asks. Where the server forgot to ask it is nobody, who has
// no tenant and no scope.
func principal(ctx context.Context) engine.Principal {
	p, _ := engine.PrincipalFrom(ctx)
	return p
}

// Inputs that several operations share. Huma fills no embedded type that is not
// exported, so none of them is embedded.
type (
	pageInput struct {
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" doc:"How many items to list; 50 without."`
		Cursor string `query:"cursor" doc:"The next of the page before."`
	}
	idInput struct {
		ID string `path:"id"`
	}
	onceInput[T any] struct {
		IdempotencyKey string `header:"Idempotency-Key" minLength:"1" maxLength:"255" doc:"Makes the request repeatable for 24 hours. The answer holds a secret and is given once: a second request with the same key and body gets 409 already_created with the id."`
		Body           T
	}
)

// secretOutput is an answer that must not be kept by anybody on the way.
type secretOutput[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

func secret[T any](body T) *secretOutput[T] { return &secretOutput[T]{"no-store", body} }

type listOutput[T any] struct{ Body api.List[T] }

// listed makes the page of a list; view turns a stored record into an item.
func listed[R, T any](found []stored[R], limit int, view func(stored[R]) T) *listOutput[T] {
	out := api.NewList(found, limit, func(f stored[R]) []byte { return f.key })
	items := make([]T, len(out.Items))
	for i, f := range out.Items {
		items[i] = view(f)
	}
	return &listOutput[T]{api.List[T]{Items: items, Next: out.Next}}
}

// whoami is who a credential belongs to.
type whoami struct {
	Tenant    string     `json:"tenant"`
	Subject   string     `json:"subject" example:"apikey:0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f"`
	Kind      string     `json:"kind" enum:"user,client,apikey,workload"`
	Scopes    []string   `json:"scopes" nullable:"false"`
	ExpiresAt *time.Time `json:"expires_at" doc:"When the credential ends; null = never."`
	Bound
}

type whoamiOutput struct{ Body whoami }

func (g *Gateway) whoami(ctx context.Context, _ *struct{}) (*whoamiOutput, error) {
	p := principal(ctx)
	w := whoami{Tenant: p.Tenant.Name(), Subject: p.Subject, Kind: string(p.Kind), Scopes: p.Scopes, Bound: boundView(p.Binding)}
	if !p.Expires.IsZero() {
		end := p.Expires.UTC()
		w.ExpiresAt = &end
	}
	return &whoamiOutput{w}, nil
}

package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

// issuerRoutes registers what the issuer of each tenant serves to everybody.
// An issuer with a path has its metadata in front of the path (RFC 8414 §3.1);
// behind it, too, because OpenID Connect and many clients look there.
func (g *Gateway) issuerRoutes(a huma.API, e *echo.Echo) {
	for id, path := range map[string]string{
		"oauth-metadata":        "/.well-known/oauth-authorization-server/t/{tenant}",
		"oauth-metadata-behind": "/t/{tenant}/.well-known/oauth-authorization-server",
		"openid-configuration":  "/t/{tenant}/.well-known/openid-configuration",
	} {
		huma.Register(a, operation(id, http.MethodGet, path, "Metadata of a tenant's issuer", api.Public()), g.getMetadata)
	}
	huma.Register(a, operation("key-set", http.MethodGet, "/t/{tenant}/jwks.json", "The keys that verify a tenant's access tokens", api.Public()), g.getKeySet)
	e.POST("/t/:tenant/oauth/token", g.postToken)
	a.OpenAPI().AddOperation(tokenOperation(a.OpenAPI().Components.Schemas))
}

type tenantInput struct {
	Tenant string `path:"tenant"`
}

type publicOutput[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

// public is an answer that may be kept as long as an access token lives.
func public[T any](body T) *publicOutput[T] { return &publicOutput[T]{"public, max-age=300", body} }

func (g *Gateway) getMetadata(_ context.Context, in *tenantInput) (*publicOutput[issuerMetadata], error) {
	m, err := g.metadata(in.Tenant)
	if err != nil {
		return nil, err
	}
	return public(m), nil
}

func (g *Gateway) getKeySet(_ context.Context, in *tenantInput) (*publicOutput[json.RawMessage], error) {
	set, err := g.keySet(in.Tenant)
	if err != nil {
		return nil, err
	}
	return public(json.RawMessage(set)), nil
}

// postToken is the token endpoint (RFC 6749 §3.2). Its errors have the form of
// that RFC, those of the server around it that of all others.
func (g *Gateway) postToken(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	answer, err := g.answerToken(c.Request(), c.Param("tenant"))
	if refusal, ok := errors.AsType[*oauthError](err); ok {
		g.metrics.tokens.WithLabelValues(refusal.Code).Inc()
		if refusal.basic {
			c.Response().Header().Set("WWW-Authenticate", `Basic realm="quintet", charset="UTF-8"`)
		}
		return c.JSON(refusal.status(), refusal)
	}
	if err != nil {
		return err
	}
	g.metrics.tokens.WithLabelValues("issued").Inc()
	return c.JSON(http.StatusOK, answer)
}

func (g *Gateway) answerToken(r *http.Request, tenant string) (answer tokenAnswer, err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, bodyBytes+1))
	if err != nil {
		return answer, err
	}
	if len(body) > bodyBytes {
		return answer, engine.Errorf(engine.TooLarge, "too_large", "a token request may have %d bytes", bodyBytes)
	}
	request, refusal := parseTokenRequest(r.Header, r.URL.RawQuery, body)
	if refusal != nil {
		return answer, refusal
	}
	return g.issueToken(r.Context(), tenant, request)
}

// tokenOperation documents postToken, which is no handler of huma because it
// takes a form.
func tokenOperation(schemas huma.Registry) *huma.Operation {
	o := operation("token", http.MethodPost, "/t/{tenant}/oauth/token", "Get an access token", api.Public())
	text := func(description string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Description: description}
	}
	answer := func(description string, v any) *huma.Response {
		return &huma.Response{Description: description, Content: map[string]*huma.MediaType{
			echo.MIMEApplicationJSON: {Schema: schemas.Schema(reflect.TypeOf(v), true, "")},
		}}
	}
	o.Description = "OAuth 2.0 client credentials (RFC 6749 §4.4). The client authenticates by HTTP Basic, or by client_id and client_secret in the form."
	o.Parameters = []*huma.Param{{Name: "tenant", In: "path", Required: true, Schema: text("")}}
	o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		echo.MIMEApplicationForm: {Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"grant_type"}, Properties: map[string]*huma.Schema{
			"grant_type":    text(clientCredentials),
			"scope":         text("Scopes with spaces between; all of the client's without."),
			"client_id":     text("Without HTTP Basic."),
			"client_secret": text("Without HTTP Basic."),
		}}},
	}}
	o.Responses = map[string]*huma.Response{
		"200": answer("The access token", tokenAnswer{}),
		"400": answer("RFC 6749 §5.2", oauthError{}),
		"401": answer("The client is not authenticated", oauthError{}),
	}
	return &o
}

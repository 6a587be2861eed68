package gateway

import (
	"context"
	"errors"
	"strings"
	"time"

	"quintet/engine"
	"quintet/gateway/token"
)

// tokenLife is how long an access token is valid.
const tokenLife = 5 * time.Minute

// issuerMetadata describes an issuer (RFC 8414 §2, OpenID Connect Discovery 1.0 §3).
// There is no authorization endpoint, so there are no response types.
type issuerMetadata struct {
	Issuer        string   `json:"issuer"`
	TokenEndpoint string   `json:"token_endpoint"`
	KeySet        string   `json:"jwks_uri"`
	Grants        []string `json:"grant_types_supported" nullable:"false"`
	ResponseTypes []string `json:"response_types_supported" nullable:"false"`
	ClientAuth    []string `json:"token_endpoint_auth_methods_supported" nullable:"false"`
	Scopes        []string `json:"scopes_supported" nullable:"false"`
	Subjects      []string `json:"subject_types_supported" nullable:"false"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported" nullable:"false"`
}

// metadata describes the issuer of a tenant.
func (g *Gateway) metadata(tenant string) (issuerMetadata, error) {
	if _, _, ok := g.directory.lookup(tenant); !ok {
		return issuerMetadata{}, engine.ErrTenantGone
	}
	url := g.issuerURL(tenant)
	return issuerMetadata{
		Issuer: url, TokenEndpoint: url + "/oauth/token", KeySet: url + "/jwks.json",
		Grants: []string{clientCredentials}, ResponseTypes: []string{},
		ClientAuth: []string{"client_secret_basic", "client_secret_post"},
		Scopes:     scopesOf(tenant), Subjects: []string{"public"}, Algorithms: []string{"ES256"},
	}, nil
}

// keySet returns the JWK Set by which the tokens of a tenant are verified.
func (g *Gateway) keySet(tenant string) ([]byte, error) {
	st, _, ok := g.directory.lookup(tenant)
	if !ok {
		return nil, engine.ErrTenantGone
	}
	key, err := st.key()
	if err != nil {
		return nil, err
	}
	return token.Set(key)
}

// tokenAnswer is RFC 6749 §5.1.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	Type        string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

// dummy is compared with where there is no client, so that the time of an
// answer does not tell whether there is one.
var dummy = clientRecord{Secret: make([]byte, 32)}

// issueToken authenticates a client and signs an access token for it. What is
// wrong with the request is an *oauthError.
func (g *Gateway) issueToken(ctx context.Context, tenant string, r tokenRequest) (answer tokenAnswer, err error) {
	st, t, ok := g.directory.lookup(tenant)
	if !ok {
		return answer, engine.ErrTenantGone
	}
	client, err := g.clientByID(ctx, t, r.clientID)
	if errors.Is(err, errClientGone) {
		client.record, err = dummy, nil
	}
	switch {
	case err != nil:
		return answer, err
	case !client.record.holds(r.clientSecret):
		return answer, &oauthError{Code: "invalid_client", Description: "the client is unknown, or its secret is another one", basic: r.basic}
	case r.grant != clientCredentials:
		return answer, &oauthError{Code: "unsupported_grant_type", Description: "the one grant is " + clientCredentials}
	}
	if _, _, reset, ok := g.Allow(t); !ok {
		return answer, &engine.Error{Kind: engine.Busy, Code: "rate_limited", Detail: "the tenant asks too often; slow down", RetryAfter: reset}
	}
	scopes, refusal := grantedScopes(client.record.Scopes, r.scope)
	if refusal != nil {
		return answer, refusal
	}
	raw, err := g.sign(st, r.clientID, scopes)
	if err != nil {
		return answer, err
	}
	g.e.Bus.Publish(engine.Event{Tenant: t, Time: g.e.Clock.Now(), Capability: "gateway", Type: "token.issued", Subject: r.clientID, Count: 1})
	return tokenAnswer{AccessToken: raw, Type: "Bearer", ExpiresIn: int(tokenLife / time.Second), Scope: scopes}, nil
}

// sign makes the access token of a client.
func (g *Gateway) sign(st *tenantState, clientID, scopes string) (string, error) {
	key, err := st.key()
	if err != nil {
		return "", err
	}
	now := g.e.Clock.Now()
	return token.Sign(key, token.Claims{
		Issuer: g.issuerURL(st.name), Subject: clientID, Audience: g.url,
		IssuedAt: now.Unix(), NotBefore: now.Unix(), Expires: now.Add(tokenLife).Unix(),
		ID: g.e.IDs.New().String(), ClientID: clientID, Scope: scopes,
	})
}

// grantedScopes are those that were asked for, each of which the client must
// have; all of them where none was asked for (RFC 6749 §3.3).
func grantedScopes(has []string, asked string) (string, *oauthError) {
	if asked == "" {
		return strings.Join(has, " "), nil
	}
	client := engine.Principal{Scopes: has}
	var granted []string
	for _, s := range strings.Split(asked, " ") {
		if !client.Has(s) {
			return "", &oauthError{Code: "invalid_scope", Description: "the client does not have every scope that is asked for"}
		}
		if !(engine.Principal{Scopes: granted}).Has(s) {
			granted = append(granted, s)
		}
	}
	return strings.Join(granted, " "), nil
}

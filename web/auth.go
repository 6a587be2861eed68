package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/telemetry"
)

// Authenticator tells who a credential belongs to.
type Authenticator interface {
	// Authenticate returns the principal of a credential: an API key or an
	// access token, as it stood behind "Bearer", or the secret of a session, as
	// it stood in the cookie. r is the request that it came
	// with, for what is bound to it; its body must not be read. A credential
	// that is unknown, expired or revoked is an engine.Error of the kind
	// Unauthenticated; it never tells which part of it was wrong. It is called
	// concurrently.
	Authenticate(ctx context.Context, credential string, r *http.Request) (engine.Principal, error)
}

// authenticate puts the principal into the context. Where the operation is
// public it looks at nothing; where a credential is optional it checks one that
// was sent.
func (s *Server) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		route, r := routeOf(c), c.Request()
		ctx := telemetry.WithCapability(r.Context(), route.capability)
		if !route.public() {
			credential, p := credentialOf(r, route.anonymous)
			if p != nil {
				return p
			}
			if credential != "" {
				principal, err := s.house.Authenticator.Authenticate(ctx, credential, r)
				if err != nil {
					return err
				}
				ctx = telemetry.WithTenant(engine.WithPrincipal(ctx, principal), principal.Tenant.Name())
			}
		}
		c.SetRequest(r.WithContext(ctx))
		return next(c)
	}
}

// credentialOf returns what stands behind "Bearer", else in the session's
// cookie, "" when nothing was sent and that is allowed. That a browser sends
// the cookie for no other site is the cookie's business, and guard's.
func credentialOf(r *http.Request, optional bool) (string, *problem) {
	sent := r.Header.Values("Authorization")
	if len(sent) == 0 {
		if secret := sessionOf(r); secret != "" {
			return secret, nil
		}
		if optional {
			return "", nil
		}
		return "", missingCredential()
	}
	scheme, credential, _ := strings.Cut(sent[0], " ")
	if credential = strings.TrimSpace(credential); len(sent) > 1 || !strings.EqualFold(scheme, "Bearer") || credential == "" {
		return "", refuse(http.StatusUnauthorized, "credential_invalid", "send one credential: Authorization: Bearer <API key or access token>")
	}
	return credential, nil
}

func missingCredential() *problem {
	p := refusal(http.StatusUnauthorized)
	p.header.Set("WWW-Authenticate", `Bearer realm="quintet"`)
	return p
}

// authorise lets a principal pass that holds all scopes of one alternative.
func (s *Server) authorise(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		route := routeOf(c)
		principal, known := engine.PrincipalFrom(c.Request().Context())
		if !known && route.anonymous {
			return next(c)
		}
		if known && slices.ContainsFunc(route.scopes, principal.Holds) {
			return next(c)
		}
		p := refuse(http.StatusForbidden, "scope_missing", "this needs the scope %s; use a credential that has it", scopesText(route.scopes))
		p.header.Set("WWW-Authenticate", `Bearer realm="quintet", error="insufficient_scope"`)
		return p
	}
}

// scopesText reads "a:read and b:write, or c:admin".
func scopesText(alternatives [][]string) string {
	var texts []string
	for _, scopes := range alternatives {
		texts = append(texts, strings.Join(scopes, " and "))
	}
	return strings.Join(texts, ", or ")
}

package engine

import (
	"context"
	"slices"
	"time"
)

// PrincipalKind says what a principal is.
type PrincipalKind string

// The kinds of principal.
const (
	KindUser     PrincipalKind = "user"
	KindClient   PrincipalKind = "client"
	KindAPIKey   PrincipalKind = "apikey"
	KindWorkload PrincipalKind = "workload"
)

// Principal is who makes a request, as gateway established it. It travels in
// the context; the tenant of a request comes from nowhere else.
type Principal struct {
	Tenant  Tenant
	Subject string // unique within the tenant: "apikey:<id>", "client:<id>", …
	Kind    PrincipalKind
	Scopes  []string  // "<capability>:<read|write|admin>", or "platform:admin"
	Expires time.Time // of the credential; zero = never
	Binding
}

// Binding narrows what a credential finds of its tenant's collections; the zero
// value does not. It never changes, and whatever a bound credential makes is
// bound [Binding.Within] it.
type Binding struct {
	Collections []string `json:"collections,omitempty"` // beside which there are none; empty = all
	Filters     []string `json:"filters,omitempty"`     // of package filter, which hold of every document that there is
}

// Bound reports whether b narrows anything.
func (b Binding) Bound() bool { return len(b.Collections) > 0 || len(b.Filters) > 0 }

// Admits reports whether a collection is there for the holder of b.
func (b Binding) Admits(collection string) bool {
	return len(b.Collections) == 0 || slices.Contains(b.Collections, collection)
}

// Within reports whether b lets nothing be found that outer hides.
func (b Binding) Within(outer Binding) bool {
	if len(outer.Collections) > 0 && len(b.Collections) == 0 || slices.ContainsFunc(b.Collections, func(c string) bool { return !outer.Admits(c) }) {
		return false
	}
	n := len(outer.Filters)
	return len(b.Filters) >= n && slices.Equal(b.Filters[:n], outer.Filters)
}

// Has reports whether p holds a scope. No scope implies another.
func (p Principal) Has(scope string) bool { return slices.Contains(p.Scopes, scope) }

// Holds reports whether p holds every scope: what it may grant to others.
func (p Principal) Holds(scopes []string) bool {
	return !slices.ContainsFunc(scopes, func(s string) bool { return !p.Has(s) })
}

type principalKey struct{}

// WithPrincipal returns a context that carries p.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom returns the principal of a request. Handlers of public routes
// find none; all others may rely on one.
func PrincipalFrom(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}

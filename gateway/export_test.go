package gateway

import (
	"context"
	"net/http"
	"time"

	"quintet/engine"
)

// Inner parts that have tests of their own.
var (
	NewKey   = newKey
	ParseKey = parseKey
)

// Limiter is one tenant's rate.
type Limiter struct{ limiter }

// Set and Take are those of the limiter; now is time since any beginning.
func (l *Limiter) Set(perSecond, burst int) { l.set(rateLimit{PerSecond: perSecond, Burst: burst}) }
func (l *Limiter) Take(now time.Duration) (remaining int, reset time.Duration, ok bool) {
	return l.allow(int64(now))
}

// Cache is a cache of principals that all belong to one tenant.
type Cache struct {
	*cache
	tenant tenantState
}

// NewCache returns a cache of so many bytes.
func NewCache(bytes int) *Cache { return &Cache{cache: newCache(bytes)} }

// Keep remembers p until a time.
func (c *Cache) Keep(hash [32]byte, p engine.Principal, until time.Time) {
	c.put(hash, verified{principal: p, tenant: &c.tenant, epoch: c.tenant.epoch.Load(), until: until})
}

// Get looks p up.
func (c *Cache) Get(hash [32]byte, now time.Time) (engine.Principal, bool) { return c.get(hash, now) }

// Size is what the cache holds.
func (c *Cache) Size() (entries, bytes int) { return c.size() }

// Rebuild derives the directory anew, as after a fault in an observer.
func (g *Gateway) Rebuild() error {
	return g.e.Store.View(context.Background(), g.e.Tenants.Platform(), g.directory.rebuild)
}

// TokenRequest is what ParseTokenRequest reads.
type TokenRequest struct{ ID, Secret, Grant string }

// ParseTokenRequest is parseTokenRequest, with an error that can be compared with nil.
func ParseTokenRequest(h http.Header, query string, body []byte) (TokenRequest, error) {
	r, refusal := parseTokenRequest(h, query, body)
	if refusal != nil {
		return TokenRequest{}, refusal
	}
	return TokenRequest{r.clientID, r.clientSecret, r.grant}, nil
}

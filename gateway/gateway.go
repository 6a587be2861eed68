package gateway

import (
	"cmp"
	"context"
	"strings"
	"time"

	"quintet/engine"
)

// Options of New. The zero value of each is its default.
type Options struct {
	PublicURL  string // what clients reach the server by: audience, and front of every issuer; "" = http://127.0.0.1:8080
	CacheBytes int    // of remembered credentials; 0 = 16 MiB
}

// Gateway holds the identities of one engine. It is safe for concurrent use
// after Start; the methods that commands use, from EnsureAdminKey to
// Credentials, need no Start.
type Gateway struct {
	e         *engine.Engine
	url       string
	directory *directory
	cache     *cache
	metrics   *metrics
	began     time.Time // rates are counted on the monotonic clock since then
}

var _ engine.Service = (*Gateway)(nil)

// New returns the gateway of an engine and adds its part to Engine.Check.
func New(e *engine.Engine, o Options) *Gateway {
	g := &Gateway{
		e:         e,
		url:       strings.TrimSuffix(cmp.Or(o.PublicURL, "http://127.0.0.1:8080"), "/"),
		directory: newDirectory(e.Tenants),
		cache:     newCache(cmp.Or(o.CacheBytes, 16<<20)),
		began:     time.Now(),
	}
	g.metrics = newMetrics(e.Metrics, g.cache)
	e.AddCheck(engine.Checker{Name: "gateway", Check: g.check})
	return g
}

// Name names the gateway in the log of starts and stops.
func (g *Gateway) Name() string { return "gateway" }

// Start loads what every request needs and follows the store from there.
func (g *Gateway) Start(ctx context.Context) error {
	if err := g.ensureSigningKey(ctx); err != nil {
		return err
	}
	return g.e.Store.Observe(ctx, &engine.Observer{Name: "gateway", Rebuild: g.directory.rebuild, Apply: g.directory.apply})
}

// Stop does nothing: nothing runs between requests.
func (g *Gateway) Stop(context.Context) error { return nil }

// issuerURL is the issuer of a tenant: a URL, and the iss of its tokens.
func (g *Gateway) issuerURL(tenant string) string { return g.url + "/t/" + tenant }

package gateway_test

import (
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/prometheus/client_golang/prometheus"

	"quintet/gateway"
)

// BenchmarkAuthenticate checks one credential: remembered, and asking the
// store each time. Tokens stand beside jwx in the same run (x-jwx = how many
// times faster than it), which checks signature, issuer, audience and time,
// and knows nothing of tenants or revocation.
func BenchmarkAuthenticate(b *testing.B) {
	bed := newBed(b)
	key := bed.tenant(b, "acme")
	id, secret := bed.client(b, key, `"search:read","stream:write"`)
	token := bed.token(b, "acme", id, secret)
	library := bed.library(b, token)

	forgetful := bed.with(b, gateway.Options{PublicURL: publicURL, CacheBytes: 1})
	f := func(name string, g *gateway.Gateway, credential string, baseline time.Duration) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.Authenticate(background, credential, nil); err != nil {
					b.Fatal(err)
				}
			}
			if baseline > 0 {
				b.ReportMetric(float64(baseline)/float64(b.Elapsed()/time.Duration(b.N)), "x-jwx")
			}
		})
	}
	f("key/remembered", bed.Gateway, key, 0)
	f("key/from the store", forgetful, key, 0)
	f("token/remembered", bed.Gateway, token, library)
	f("token/verified", forgetful, token, library)
}

// with returns another gateway over the same engine.
func (b *bed) with(tb testing.TB, o gateway.Options) *gateway.Gateway {
	tb.Helper()
	e := *b.engine
	e.Metrics = prometheus.NewRegistry()
	g := gateway.New(&e, o)
	if err := g.Start(background); err != nil {
		tb.Fatal(err)
	}
	return g
}

// library measures what one check takes with jwx.
func (b *bed) library(tb testing.TB, raw string) time.Duration {
	tb.Helper()
	set, err := jwk.ParseString(b.must(tb, 200, "GET", "/t/acme/jwks.json", "", "").body)
	if err != nil {
		tb.Fatal(err)
	}
	const n = 1000
	began := time.Now()
	for range n {
		if _, err := jwt.ParseString(raw, jwt.WithKeySet(set), jwt.WithIssuer(publicURL+"/t/acme"), jwt.WithAudience(publicURL), jwt.WithClock(b.clock)); err != nil {
			tb.Fatal(err)
		}
	}
	return time.Since(began) / n
}

// BenchmarkIssue measures the token endpoint, from the form to the answer.
func BenchmarkIssue(b *testing.B) {
	bed := newBed(b)
	id, secret := bed.client(b, bed.tenant(b, "acme"), `"search:read"`)
	bed.must(b, 200, "PATCH", "/v1/tenants/acme", bed.platform, `{"rate_limit":{"per_second":1000000,"burst":10000000}}`)
	for b.Loop() {
		bed.token(b, "acme", id, secret)
	}
}

// BenchmarkAllow counts requests against one tenant's rate, from all cores.
func BenchmarkAllow(b *testing.B) {
	bed := newBed(b)
	bed.tenant(b, "acme")
	t := bed.handle(b, "acme")
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			bed.Allow(t)
		}
	})
}

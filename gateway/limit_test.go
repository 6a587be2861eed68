package gateway_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quintet/engine"
	"quintet/gateway"
)

func TestLimiter(t *testing.T) {
	var l gateway.Limiter
	l.Set(10, 3) // one each 100 ms, three at once
	f := func(at time.Duration, wantOK bool, wantRemaining int, wantReset time.Duration) {
		t.Helper()
		if remaining, reset, ok := l.Take(at); ok != wantOK || remaining != wantRemaining || reset != wantReset {
			t.Errorf("at %v: %d, %v, %v; want %d, %v, %v", at, remaining, reset, ok, wantRemaining, wantReset, wantOK)
		}
	}
	const ms = time.Millisecond
	f(0, true, 2, 100*ms)
	f(0, true, 1, 200*ms)
	f(0, true, 0, 300*ms)
	f(0, false, 0, 100*ms)
	f(99*ms, false, 0, 1*ms)
	f(100*ms, true, 0, 300*ms)
	f(100*ms, false, 0, 100*ms)
	f(10*time.Second, true, 2, 100*ms) // after a pause the burst is whole, and no more
	l.Set(1000, 1)                     // a new rate holds at once
	f(20*time.Second, true, 0, 1*ms)
	f(20*time.Second, false, 0, 1*ms)
	f(20*time.Second+1*ms, true, 0, 1*ms)
}

// TestLimiterBounds: in every span of time at most burst + rate × span pass,
// and whoever keeps to the rate always passes.
func TestLimiterBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		perSecond, burst := rapid.IntRange(1, 1_000_000).Draw(t, "rate"), rapid.IntRange(1, 50).Draw(t, "burst")
		interval := time.Second / time.Duration(perSecond)
		var l gateway.Limiter
		l.Set(perSecond, burst)
		var now time.Duration
		var passed []time.Duration
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now += time.Duration(rapid.Int64Range(0, int64(2*interval)).Draw(t, "pause"))
			_, reset, ok := l.Take(now)
			if ok {
				passed = append(passed, now)
			} else if _, _, ok := l.Take(now + reset); !ok {
				t.Fatalf("refused at %v, and again after the %v that it was told", now, reset)
			} else {
				now += reset
				passed = append(passed, now)
			}
		}
		for i := range passed {
			for j := i; j < len(passed); j++ {
				if n, most := j-i+1, burst+int((passed[j]-passed[i])/interval); n > most {
					t.Fatalf("%d passed within %v; at %d a second and a burst of %d at most %d may", n, passed[j]-passed[i], perSecond, burst, most)
				}
			}
		}
	})
}

// TestLimiterRace: however many ask at once, the burst is the burst.
func TestLimiterRace(t *testing.T) {
	t.Parallel()
	var l gateway.Limiter
	l.Set(1, 1000)
	var passed atomic.Int64
	var askers sync.WaitGroup
	for range 8 {
		askers.Go(func() {
			for range 500 {
				if _, _, ok := l.Take(0); ok {
					passed.Add(1)
				}
			}
		})
	}
	askers.Wait()
	if passed.Load() != 1000 {
		t.Errorf("%d of 4,000 passed; want 1,000", passed.Load())
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.tenant(t, "acme")
	b.tenant(t, "globex")
	acme, globex := b.handle(t, "acme"), b.handle(t, "globex")
	if perSecond, remaining, _, ok := b.Allow(acme); perSecond != 5000 || remaining != 9999 || !ok {
		t.Errorf("a new tenant: %d a second, %d remain, %v", perSecond, remaining, ok)
	}
	b.must(t, 200, "PATCH", "/v1/tenants/acme", b.platform, `{"rate_limit":{"per_second":1,"burst":2}}`)
	took := 0
	for range 10 {
		if _, _, _, ok := b.Allow(acme); ok {
			took++
		}
	}
	if took > 2 {
		t.Errorf("%d at once; want 2", took)
	}
	if perSecond, _, reset, ok := b.Allow(acme); perSecond != 1 || ok || reset <= 0 || reset > time.Second {
		t.Errorf("beyond the rate: %d a second, again in %v, %v", perSecond, reset, ok)
	}
	if _, _, _, ok := b.Allow(globex); !ok {
		t.Error("one tenant's rate holds back another")
	}
	if _, _, _, ok := b.Allow(b.engine.Tenants.Platform()); !ok {
		t.Error("the platform is held back")
	}
	if perSecond, _, _, ok := b.Allow(engine.Tenant{}); perSecond != 0 || !ok {
		t.Error("nobody has a rate")
	}
	// It is a setting: a restart keeps it. What was used of it is forgotten.
	b = b.reopen(t)
	if perSecond, remaining, _, ok := b.Allow(b.handle(t, "acme")); perSecond != 1 || remaining != 1 || !ok {
		t.Errorf("after a restart: %d a second, %d remain, %v", perSecond, remaining, ok)
	}
}

// TestTokenEndpointLimit: fetching tokens counts against the tenant's rate.
func TestTokenEndpointLimit(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	id, secret := b.client(t, b.tenant(t, "acme"), `"search:read"`)
	b.must(t, 200, "PATCH", "/v1/tenants/acme", b.platform, `{"rate_limit":{"per_second":1,"burst":1}}`)
	body := "grant_type=client_credentials&client_id=" + id + "&client_secret="
	b.must(t, 200, "POST", "/t/acme/oauth/token", "", body+secret)
	b.must(t, 429, "POST", "/t/acme/oauth/token", "", body+secret)
	b.must(t, 401, "POST", "/t/acme/oauth/token", "", body+"guess") // guesses do not use it up
}

package imaging_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"quintet/engine"
	"quintet/imaging"
)

// extra is what each entry counts beside its bytes.
const extra = 512

func made(size int) func(context.Context) (*imaging.Rendition, error) {
	return func(context.Context) (*imaging.Rendition, error) {
		return &imaging.Rendition{Body: make([]byte, size)}, nil
	}
}

// TestSingleFlight holds that one makes it for all, and that one who leaves
// takes nothing from the others.
func TestSingleFlight(t *testing.T) {
	acme, _ := tenants(t)
	synctest.Test(t, func(t *testing.T) {
		c := imaging.NewCache(1 << 20)
		var began, cancelled atomic.Int32
		slow := func(ctx context.Context) (*imaging.Rendition, error) {
			began.Add(1)
			select {
			case <-time.After(time.Second):
				return &imaging.Rendition{Body: []byte("x")}, nil
			case <-ctx.Done():
				cancelled.Add(1)
				return nil, ctx.Err()
			}
		}
		ask := func(ctx context.Context) chan error {
			answer := make(chan error, 1)
			go func() {
				r, err := c.Do(ctx, acme, 1, slow)
				if err == nil && string(r.Body) != "x" {
					err = errors.New("another rendition")
				}
				answer <- err
			}()
			synctest.Wait()
			return answer
		}
		first, leave := context.WithCancel(t.Context())
		a, b, d := ask(first), ask(t.Context()), ask(t.Context())
		leave()
		if err := <-a; !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves gets %v", err)
		}
		if err := errors.Join(<-b, <-d); err != nil || began.Load() != 1 || cancelled.Load() != 0 {
			t.Errorf("who stays gets %v; %d began, %d cancelled", err, began.Load(), cancelled.Load())
		}
		if err := <-ask(t.Context()); err != nil || began.Load() != 1 {
			t.Errorf("from memory: %v, %d began", err, began.Load())
		}

		// When all have left the work ends, and whoever comes begins anew.
		c.Purge(acme, 1)
		one, leaveOne := context.WithCancel(t.Context())
		two, leaveTwo := context.WithCancel(t.Context())
		a, b = ask(one), ask(two)
		leaveOne()
		<-a
		leaveTwo()
		<-b
		if err := <-ask(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if began.Load() != 3 || cancelled.Load() != 1 {
			t.Errorf("%d began, %d cancelled", began.Load(), cancelled.Load())
		}
	})
}

// TestPurgeInFlight holds that what is purged while it is made is delivered to
// those who wait, and not kept.
func TestPurgeInFlight(t *testing.T) {
	acme, globex := tenants(t)
	for name, purge := range map[string]func(imaging.Cache){
		"Purge": func(c imaging.Cache) { c.Purge(acme, 1) },
		"Clear": func(c imaging.Cache) { c.Clear() },
	} {
		t.Run(name, func(t *testing.T) {
			c := imaging.NewCache(1 << 20)
			_, err := c.Do(background, acme, 1, func(context.Context) (*imaging.Rendition, error) {
				purge(c)
				return &imaging.Rendition{}, nil
			})
			if err != nil || c.Has(acme, 1) {
				t.Errorf("%v, kept: %v", err, c.Has(acme, 1))
			}
		})
	}
	c := imaging.NewCache(1 << 20)
	for _, tenant := range []engine.Tenant{acme, globex} {
		if _, err := c.Do(background, tenant, 1, made(1)); err != nil {
			t.Fatal(err)
		}
	}
	c.Purge(acme, 1)
	if c.Has(acme, 1) || !c.Has(globex, 1) {
		t.Error("the purge of one tenant's image is the purge of another's")
	}
}

func TestCacheKeepsNoErrors(t *testing.T) {
	acme, _ := tenants(t)
	c := imaging.NewCache(1 << 20)
	fails := func(context.Context) (*imaging.Rendition, error) { return nil, errors.New("no") }
	panics := func(context.Context) (*imaging.Rendition, error) { panic("no") }
	for _, work := range []func(context.Context) (*imaging.Rendition, error){fails, panics} {
		if _, err := c.Do(background, acme, 1, work); err == nil {
			t.Error("no error")
		}
	}
	if _, err := c.Do(background, acme, 1, made(1)); err != nil || !c.Has(acme, 1) {
		t.Error(err)
	}
}

// TestCacheBounds holds that the cache stays within its bytes and each tenant
// within its half, and that it lets go of what was used least lately.
func TestCacheBounds(t *testing.T) {
	acme, globex := tenants(t)
	both := []engine.Tenant{acme, globex}
	rapid.Check(t, func(t *rapid.T) {
		const limit = 10 * (extra + 100)
		c := imaging.NewCache(limit)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			tenant, n := both[rapid.IntRange(0, 1).Draw(t, "tenant")], rapid.IntRange(0, 12).Draw(t, "n")
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				c.Purge(tenant, n)
			case 1:
				if _, err := c.Do(background, tenant, n, made(limit)); err != nil { // too large to keep
					t.Fatal(err)
				}
			default:
				if _, err := c.Do(background, tenant, n, made(rapid.IntRange(0, 1000).Draw(t, "size"))); err != nil {
					t.Fatal(err)
				}
			}
			if counted, held := c.Sound(); counted != held || held > limit {
				t.Fatalf("%d bytes are counted and %d held of %d", counted, held, limit)
			}
		}
	})
	c := imaging.NewCache(10 * (extra + 100))
	use := func(tenant engine.Tenant, n int) {
		if _, err := c.Do(background, tenant, n, made(100)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 5 {
		use(globex, n)
	}
	for n := range 5 {
		use(acme, n)
	}
	use(acme, 0)
	use(acme, 5) // the sixth of a share of five
	for n, want := range []bool{true, false, true, true, true, true} {
		if c.Has(acme, n) != want {
			t.Errorf("rendition %d of acme is there: %v", n, !want)
		}
	}
	for n := range 5 {
		if !c.Has(globex, n) {
			t.Errorf("rendition %d of globex gave way to acme's", n)
		}
	}
}

package imaging_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/imaging"
)

// tenants are two of an engine that is not needed any more.
func tenants(t *testing.T) (acme, globex engine.Tenant) {
	b := newBed(t, imaging.Config{})
	return b.acme, b.globex
}

func TestBudget(t *testing.T) {
	acme, globex := tenants(t)
	synctest.Test(t, func(t *testing.T) {
		b := imaging.NewBudget(100, 3, 4, 0)
		first, err := b.Take(t.Context(), acme, 60)
		if err != nil {
			t.Fatal(err)
		}
		var order []int
		var mu sync.Mutex
		wait := func(n int, tenant engine.Tenant, bytes int64) {
			go func() {
				release, err := b.Take(t.Context(), tenant, bytes)
				if err != nil {
					t.Errorf("%d: %v", n, err)
					return
				}
				mu.Lock()
				order = append(order, n)
				mu.Unlock()
				time.Sleep(time.Second)
				release()
			}()
			synctest.Wait()
		}
		wait(1, acme, 50)   // does not fit
		wait(2, globex, 10) // would, and does not overtake
		wait(3, acme, 10)
		if used, waiting := b.State(); used != 60 || waiting != 3 || len(order) != 0 {
			t.Errorf("%d bytes, %d wait, %v", used, waiting, order)
		}
		// Acme has its half of the places, globex has not.
		if _, err := b.Take(t.Context(), acme, 1); codeOf(err) != "imaging_busy" {
			t.Errorf("a third of acme: %v", err)
		}
		wait(4, globex, 10)
		if _, err := b.Take(t.Context(), globex, 1); codeOf(err) != "imaging_busy" {
			t.Errorf("a fifth: %v", err)
		}
		first()
		first() // again does nothing
		synctest.Wait()
		mu.Lock()
		if used, waiting := b.State(); used != 70 || waiting != 1 || len(order) != 3 {
			t.Errorf("three slots: %d bytes, %d wait, %v", used, waiting, order)
		}
		mu.Unlock()
		time.Sleep(3 * time.Second)
		if used, waiting := b.State(); used != 0 || waiting != 0 || len(order) != 4 || order[3] != 4 {
			t.Errorf("at the end: %d bytes, %d wait, %v", used, waiting, order)
		}
	})
}

func TestBudgetWaits(t *testing.T) {
	acme, globex := tenants(t)
	synctest.Test(t, func(t *testing.T) {
		b := imaging.NewBudget(100, 0, 10, 60)
		all, err := b.Take(t.Context(), acme, 50)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Take(t.Context(), acme, 11); codeOf(err) != "too_much_in_flight" {
			t.Errorf("beyond the share: %v", err)
		}
		began := time.Now()
		if _, err := b.Take(t.Context(), globex, 60); codeOf(err) != "imaging_busy" || time.Since(began) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		// A large one that leaves lets the small one behind it in.
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { _, err := b.Take(ctx, globex, 60); left <- err }()
		synctest.Wait()
		entered := make(chan func(), 1)
		go func() {
			release, err := b.Take(t.Context(), globex, 50)
			if err != nil {
				t.Error(err)
			}
			entered <- release
		}()
		synctest.Wait()
		if used, waiting := b.State(); used != 50 || waiting != 2 {
			t.Errorf("%d bytes, %d wait", used, waiting)
		}
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves gets %v", err)
		}
		release := <-entered
		if used, waiting := b.State(); used != 100 || waiting != 0 {
			t.Errorf("%d bytes, %d wait", used, waiting)
		}
		all()
		release()
		if used, _ := b.State(); used != 0 {
			t.Errorf("%d bytes are left", used)
		}
	})
}

// TestBudgetStress holds that nothing is lost or given twice while clients
// come, wait, vanish and finish.
func TestBudgetStress(t *testing.T) {
	acme, globex := tenants(t)
	synctest.Test(t, func(t *testing.T) {
		b := imaging.NewBudget(100, 4, 20, 0)
		var mu sync.Mutex
		var held, most int64
		var wg sync.WaitGroup
		for n := range 300 {
			rng := rand.New(rand.NewPCG(enginetest.Seed(), uint64(n)))
			wg.Go(func() {
				time.Sleep(time.Duration(rng.IntN(20_000)) * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+rng.IntN(5_000))*time.Millisecond)
				defer cancel()
				bytes := 1 + rng.Int64N(100)
				release, err := b.Take(ctx, []engine.Tenant{acme, globex}[n%2], bytes)
				if err != nil {
					return
				}
				mu.Lock()
				held += bytes
				most = max(most, held)
				mu.Unlock()
				time.Sleep(time.Duration(rng.IntN(400)) * time.Millisecond)
				mu.Lock()
				held -= bytes
				mu.Unlock()
				release()
			})
		}
		wg.Wait()
		if used, waiting := b.State(); used != 0 || waiting != 0 || most > 100 || most < 80 {
			t.Errorf("%d bytes and %d waiting are left, at most %d were held", used, waiting, most)
		}
	})
}

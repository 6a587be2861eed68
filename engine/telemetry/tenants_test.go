package telemetry_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"quintet/engine/telemetry"
)

func TestTenantLabels(t *testing.T) {
	f := func(name string, limit int, tenants, want []string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			labels := telemetry.NewTenantLabels(limit)
			var got []string
			for _, tenant := range tenants {
				got = append(got, labels.Label(tenant))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q became %q, want %q", tenants, got, want)
			}
		})
	}
	const other = telemetry.OtherTenants
	f("OK within the limit", 2, []string{"a", "b", "a"}, []string{"a", "b", "a"})
	f("OK first come", 2, []string{"a", "b", "c", "b", "c"}, []string{"a", "b", other, "b", other})
	f("OK none", 0, []string{"a", "a"}, []string{other, other})
	f("OK a tenant called other", 1, []string{other, "a"}, []string{other, other})
}

// TestTenantLabelsConcurrent holds that no more names than the limit get out,
// whoever asks at once, and that a name once given stays.
func TestTenantLabelsConcurrent(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		const limit = 5
		labels := telemetry.NewTenantLabels(limit)
		var (
			wg    sync.WaitGroup
			mu    sync.Mutex
			named = map[string]bool{}
		)
		for worker := range 8 {
			wg.Go(func() {
				for i := range 100 {
					tenant := fmt.Sprintf("t%d", (i+worker)%20)
					first, again := labels.Label(tenant), labels.Label(tenant)
					if first != again {
						t.Errorf("%s was %q and then %q", tenant, first, again)
					}
					if first != telemetry.OtherTenants {
						mu.Lock()
						named[first] = true
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		if len(named) != limit {
			t.Errorf("%d names, want %d: %v", len(named), limit, named)
		}
	})
}

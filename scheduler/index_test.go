package scheduler

import (
	"context"
	"encoding/binary"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"quintet/engine"
)

// TestIndex enters and removes jobs of two tenants whose ids collide in table
// and slot, or are equal, and compares with a map.
func TestIndex(t *testing.T) {
	e, err := engine.Open(context.Background(), engine.Options{Dir: filepath.Join(t.TempDir(), "data")})
	must(t, err)
	defer func() { must(t, e.Close()) }()
	var tenants []*tenantBoard
	for _, name := range []string{"one", "two"} {
		of, err := e.Tenants.Create(context.Background(), name, func(*engine.Tx) error { return nil })
		must(t, err)
		tenants = append(tenants, newTenantBoard(of))
	}
	rapid.Check(t, func(t *rapid.T) {
		type key struct {
			tenant int
			id     engine.ID
		}
		b := newBoard(1)
		for _, tb := range tenants {
			tb.lines = map[string]*line{}
		}
		want := map[key]uint32{}
		id := rapid.Custom(func(t *rapid.T) (id engine.ID) {
			binary.BigEndian.PutUint64(id[8:], rapid.Uint64Range(0, 40).Draw(t, "slot")|rapid.Uint64Range(0, 1).Draw(t, "table")<<50)
			id[0] = byte(rapid.IntRange(0, 3).Draw(t, "time"))
			return id
		})
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			k := key{rapid.IntRange(0, 1).Draw(t, "tenant"), id.Draw(t, "id")}
			i, known := b.lookup(tenants[k.tenant], k.id)
			if i != want[k] || known != (want[k] != 0) {
				t.Fatalf("job %v is found as %d, expected was %d", k, i, want[k])
			}
			if known {
				b.remove(i)
				delete(want, k)
			} else {
				want[k] = b.add(b.line(tenants[k.tenant], "q"), &place{queue: "q", id: k.id, state: Ready})
				b.enter(want[k], 0)
			}
		}
		for k, i := range want {
			if found, _ := b.lookup(tenants[k.tenant], k.id); found != i {
				t.Fatalf("job %v is found as %d, expected was %d", k, found, i)
			}
		}
	})
}

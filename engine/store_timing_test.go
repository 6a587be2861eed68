package engine_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/disk"
)

// The update of the bars: read one key, put two in two buckets, values of
// 200 bytes, sealed, waited for.
const (
	bucketDocs  engine.Bucket = "bench.docs"
	bucketIndex engine.Bucket = "bench.index"
)

type workload struct {
	callers int
	per     int // updates in one transaction
	tenants int // 0 = one
	random  bool
	preload int
}

func (w workload) key(id uint64) []byte {
	var k [24]byte
	if w.random {
		binary.BigEndian.PutUint64(k[:], mix(id))
	}
	binary.BigEndian.PutUint64(k[16:], id)
	return k[:]
}

func mix(x uint64) uint64 { // splitmix64
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (w workload) apply(tx *engine.Tx, id uint64, value []byte) {
	tx.Get(bucketDocs, w.key(rand.Uint64N(id)))
	tx.Put(bucketDocs, w.key(id), value)
	tx.Put(bucketIndex, w.key(^id), value)
}

func BenchmarkUpdate(b *testing.B) {
	for _, c := range []struct {
		name string
		w    workload
	}{
		{"callers=1/rising", workload{callers: 1}},
		{"callers=16/random", workload{callers: 16, random: true, preload: 200_000}},
		{"callers=16/rising", workload{callers: 16, preload: 200_000}},
		{"callers=256/random", workload{callers: 256, random: true, preload: 200_000}},
		{"callers=256/rising", workload{callers: 256, preload: 200_000}},
		{"callers=256/rising/tenants=256", workload{callers: 256, tenants: 256, preload: 200_000}},
		{"callers=16/rising/per=100", workload{callers: 16, per: 100, preload: 200_000}},
	} {
		b.Run(c.name, func(b *testing.B) { benchUpdate(b, c.w) })
	}
}

func benchUpdate(b *testing.B, w workload) {
	e := open(b, engine.Options{})
	tenants := []engine.Tenant{tenant(b, e, "bench")}
	for i := 1; i < w.tenants; i++ {
		tenants = append(tenants, tenant(b, e, fmt.Sprintf("bench-%d", i)))
	}
	w.per = max(w.per, 1)
	value := make([]byte, 200)
	var next atomic.Uint64
	if b.N > 1 { // CI runs each benchmark once, to see that it works
		w.fill(b, e, tenants[0], &next, value)
	}
	next.Add(1)
	latencies := make([][]time.Duration, w.callers)
	share := max(1, b.N/w.callers/w.per)
	b.ResetTimer()
	began := time.Now()
	var wg sync.WaitGroup
	for c := range w.callers {
		t := tenants[c%len(tenants)]
		wg.Go(func() {
			for range share {
				id := next.Add(uint64(w.per)) - uint64(w.per)
				start := time.Now()
				err := e.Store.Update(context.Background(), t, func(tx *engine.Tx) error {
					for i := range w.per {
						w.apply(tx, id+uint64(i), value)
					}
					return nil
				}, bulkIf(w.per > 32)...)
				if err != nil {
					b.Error(err)
					return
				}
				latencies[c] = append(latencies[c], time.Since(start))
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	report(b, share*w.callers*w.per, took, latencies)
}

func bulkIf(bulk bool) []engine.UpdateOption {
	if bulk {
		return []engine.UpdateOption{engine.Bulk}
	}
	return nil
}

func (w workload) fill(b *testing.B, e *engine.Engine, t engine.Tenant, next *atomic.Uint64, value []byte) {
	for next.Load() < uint64(w.preload) {
		err := e.Store.Update(context.Background(), t, func(tx *engine.Tx) error {
			for i := range uint64(400) {
				tx.Put(bucketDocs, w.key(next.Load()+i), value)
				tx.Put(bucketIndex, w.key(^(next.Load() + i)), value)
			}
			return nil
		}, engine.Bulk)
		if err != nil {
			b.Fatal(err)
		}
		next.Add(400)
	}
}

// report prints what the bars ask for.
func report(b *testing.B, updates int, took time.Duration, latencies [][]time.Duration) {
	b.StopTimer()
	all := slices.Concat(latencies...)
	slices.Sort(all)
	b.ReportMetric(float64(updates)/took.Seconds(), "updates/s")
	b.ReportMetric(ms(all[len(all)/2]), "p50-ms")
	b.ReportMetric(ms(all[len(all)*99/100]), "p99-ms")
	b.ReportMetric(float64(syncP50(b).Microseconds()), "fdatasync-p50-us")
	b.ReportMetric(0, "ns/op")
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// syncP50 measures the disk: append 256 bytes, fdatasync.
func syncP50(b *testing.B) time.Duration {
	f, err := disk.OS(b.TempDir()).Open("sync", os.O_CREATE)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	n := 1000
	if b.N == 1 {
		n = 10
	}
	took := make([]time.Duration, n)
	for i := range took {
		start := time.Now()
		if _, err := f.WriteAt(make([]byte, 256), int64(i)*256); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took[n/2]
}

func open(tb testing.TB, o engine.Options) *engine.Engine {
	tb.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(tb.TempDir(), "data")
	}
	e, err := engine.Open(context.Background(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return e
}

func tenant(tb testing.TB, e *engine.Engine, name string) engine.Tenant {
	tb.Helper()
	t, err := e.Tenants.Create(context.Background(), name, func(*engine.Tx) error { return nil })
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

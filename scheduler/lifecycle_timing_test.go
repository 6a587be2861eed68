package scheduler

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	bolt "go.etcd.io/bbolt"

	"quintet/engine"
	"quintet/engine/disk"
)

// BenchmarkLifecycle takes jobs of 200 B through their whole life: enqueue,
// lease and complete, each waited for until it is on disk, by as many producers
// as workers. The baseline does three transitions of the same keys and values,
// unsealed and without a queue, through bbolt's own db.Batch with its defaults.
// Both run in one process, so their ratio binds on every machine.
func BenchmarkLifecycle(b *testing.B) {
	for _, n := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("scheduler/%d+%d", n, n), func(b *testing.B) { benchScheduler(b, n, 1) })
		b.Run(fmt.Sprintf("bbolt.Batch/%d+%d", n, n), func(b *testing.B) { benchBatch(b, n) })
	}
	b.Run("scheduler/16+16/batches=100", func(b *testing.B) { benchScheduler(b, 16, 100) })
}

func benchScheduler(b *testing.B, callers, batch int) {
	e, err := engine.Open(context.Background(), engine.Options{Dir: filepath.Join(b.TempDir(), "data")})
	must(b, err)
	t, err := e.Tenants.Create(context.Background(), "bench", func(*engine.Tx) error { return nil })
	must(b, err)
	s := New(e, Options{Registerer: prometheus.NewRegistry()})
	must(b, s.Start(context.Background()))
	defer func() {
		must(b, s.Stop(context.Background()))
		must(b, e.Close())
	}()
	p := plan{payload: fmt.Appendf(nil, `"%0198d"`, 0), priority: defaultPriority, attempts: defaultAttempts, delay: -1}
	enqueue := func(n int) {
		jobs := make([]*Enqueue, n)
		for i := range jobs {
			jobs[i] = s.prepare(t, "q", p, e.IDs.New(), s.now())
		}
		if n == 1 {
			_, err := s.enqueue(context.Background(), jobs[0], engine.Once{})
			must(b, err)
			return
		}
		var part bulkPart
		for i, q := range jobs {
			part.accept(i+1, q)
		}
		_, err := s.enqueueSlice(context.Background(), engine.Once{Principal: engine.Principal{Tenant: t}}, part)
		must(b, err)
	}
	work := func(limit int) int {
		leases, err := s.lease(context.Background(), leaseRequest{tenant: t, queues: []string{"q"}, limit: limit, wait: 100 * time.Millisecond, lease: defaultLease})
		must(b, err)
		if len(leases) == 1 {
			_, err := s.complete(context.Background(), t, leaseRef{leases[0].ID, uint64(leases[0].Token)}, nil)
			must(b, err)
		} else if len(leases) > 1 {
			var list []completion
			for _, l := range leases {
				list = append(list, completion{leaseRef: leaseRef{l.ID, uint64(l.Token)}})
			}
			_, lost, err := s.completeMany(context.Background(), t, list)
			if must(b, err); len(lost) > 0 {
				b.Fatalf("%d leases were lost", len(lost))
			}
		}
		return len(leases)
	}
	drive(b, callers, batch, enqueue, work)
}

// drive runs producers and workers until b.N jobs are done, with a backlog of
// at most 50 batches a producer, and reports jobs in a second.
func drive(b *testing.B, callers, batch int, enqueue func(int), work func(int) int) {
	total := int64(max(b.N, 1))
	var produced, done atomic.Int64
	var took [][]time.Duration
	b.ResetTimer()
	began := time.Now()
	var all sync.WaitGroup
	for c := range callers {
		took = append(took, nil)
		all.Go(func() {
			for {
				n := min(int64(batch), total-(produced.Add(int64(batch))-int64(batch)))
				if n <= 0 {
					return
				}
				start := time.Now()
				enqueue(int(n))
				took[c] = append(took[c], time.Since(start))
				for produced.Load()-done.Load() > int64(50*batch*callers) {
					time.Sleep(time.Millisecond)
				}
			}
		})
		all.Go(func() {
			for done.Load() < total {
				done.Add(int64(work(batch)))
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(total)/time.Since(began).Seconds(), "jobs/s")
	latencies := slices.Concat(took...)
	slices.Sort(latencies)
	b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds()), "enqueue-p50-us")
	b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds()), "enqueue-p99-us")
	b.ReportMetric(float64(syncP50(b).Microseconds()), "fdatasync-p50-us")
	b.ReportMetric(0, "ns/op")
}

func benchBatch(b *testing.B, callers int) {
	db, err := bolt.Open(filepath.Join(b.TempDir(), "bolt.db"), 0o600, &bolt.Options{NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	must(b, err)
	defer db.Close()
	names := [][]byte{[]byte("jobs"), []byte("payloads"), []byte("index"), []byte("transitions"), []byte("expiry")}
	must(b, db.Update(func(tx *bolt.Tx) error {
		for _, name := range names {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return nil
	}))
	var next, seq atomic.Uint64
	ready := make(chan uint64, 1<<20)
	record, payload := make([]byte, 110), make([]byte, 200)
	step := func(id uint64, state byte, more string) {
		must(b, db.Batch(func(tx *bolt.Tx) error {
			key := func(parts ...uint64) (k []byte) {
				for _, p := range parts {
					k = binary.BigEndian.AppendUint64(k, p)
				}
				return k
			}
			if state > 0 {
				if tx.Bucket(names[0]).Get(key(id, 0)) == nil {
					return fmt.Errorf("job %d is lost", id)
				}
				if err := tx.Bucket(names[2]).Delete(key(uint64(state-1), id, 0, 0)); err != nil {
					return err
				}
			}
			if more != "" {
				if err := tx.Bucket([]byte(more)).Put(key(id, 0), payload); err != nil {
					return err
				}
			}
			return firstError(
				tx.Bucket(names[0]).Put(key(id, 0), record),
				tx.Bucket(names[2]).Put(key(uint64(state), id, 0, 0), nil),
				tx.Bucket(names[3]).Put(key(seq.Add(1), id, 0), record[:50]))
		}))
	}
	enqueue := func(int) {
		id := next.Add(1)
		step(id, 0, "payloads")
		ready <- id
	}
	work := func(int) int {
		select {
		case id := <-ready:
			step(id, 1, "")
			step(id, 2, "expiry")
			return 1
		case <-time.After(100 * time.Millisecond):
			return 0
		}
	}
	drive(b, callers, 1, enqueue, work)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// syncP50 measures the disk: append 256 bytes, fdatasync.
func syncP50(b *testing.B) time.Duration {
	f, err := disk.OS(b.TempDir()).Open("sync", os.O_CREATE)
	must(b, err)
	defer f.Close()
	took := make([]time.Duration, 200)
	for i := range took {
		start := time.Now()
		_, err := f.WriteAt(make([]byte, 256), int64(i)*256)
		must(b, err)
		must(b, f.Sync())
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took[len(took)/2]
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

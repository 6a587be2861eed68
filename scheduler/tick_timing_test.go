package scheduler

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
)

// BenchmarkTickHerd lets thousands of schedules tick in the same second,
// without jitter, while others enqueue single jobs beside. It reports how late
// their jobs were ready, as a worker that waits would see it: when the job is
// on disk and on the board. The baseline is the same enqueues without a herd,
// in the same process: their p99 ratio binds on every machine.
func BenchmarkTickHerd(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("schedules=%d", n), func(b *testing.B) {
			for range b.N {
				benchHerd(b, n)
			}
		})
	}
}

func benchHerd(b *testing.B, schedules int) {
	e, err := engine.Open(context.Background(), engine.Options{Dir: filepath.Join(b.TempDir(), "data")})
	must(b, err)
	t, err := e.Tenants.Create(context.Background(), "bench", func(*engine.Tx) error { return nil })
	must(b, err)
	clock := &shiftedClock{}
	s := New(e, Options{Registerer: prometheus.NewRegistry(), Clock: clock})
	defer func() {
		must(b, s.Stop(context.Background()))
		must(b, e.Close())
	}()
	hour := time.Hour.Milliseconds()
	tick := s.now()/hour*hour + 2*hour
	clock.shift.Store(tick - hour + 1_000 - s.now()) // the hour before is over
	defineMany(b, s, t, schedules)
	must(b, s.Start(context.Background()))

	idle := enqueueBeside(s, t, 500*time.Millisecond)
	clock.shift.Store(tick - 2500 - time.Now().UnixMilli())
	late := make([]time.Duration, 0, schedules)
	time.Sleep(2400 * time.Millisecond)
	busy := make(chan []time.Duration)
	go func() { busy <- enqueueBeside(s, t, 1500*time.Millisecond) }()
	for seen := 0; seen < schedules; {
		time.Sleep(time.Millisecond)
		ready, at := s.board.readyOf(t, "herd"), s.now()
		for ; seen < ready; seen++ {
			late = append(late, time.Duration(at-tick)*time.Millisecond)
		}
		if at > tick+30_000 {
			b.Fatalf("%d jobs of %d schedules after 30 s", ready, schedules)
		}
	}
	report := func(name string, list []time.Duration, part float64) {
		slices.Sort(list)
		b.ReportMetric(float64(list[int(part*float64(len(list)-1))].Microseconds())/1000, name)
	}
	report("late-p50-ms", late, 0.5)
	report("late-p99-ms", late, 0.99)
	report("late-max-ms", late, 1)
	report("enqueue-p99-ms", <-busy, 0.99)
	report("enqueue-idle-p99-ms", idle, 0.99)
	floor := benchFloor(b, s, t, schedules)
	b.ReportMetric(float64(floor.Microseconds())/1000, "store-alone-ms")
	b.ReportMetric(float64(syncP50(b).Microseconds()), "fdatasync-p50-us")
	b.ReportMetric(0, "ns/op")
}

// shiftedClock is the real one, set forward.
type shiftedClock struct{ shift atomic.Int64 } // ms

func (c *shiftedClock) Now() time.Time {
	return time.Now().Add(time.Duration(c.shift.Load()) * time.Millisecond)
}

// defineMany makes schedules that tick at every full hour.
func defineMany(b *testing.B, s *Scheduler, t engine.Tenant, n int) {
	b.Helper()
	var all sync.WaitGroup
	for w := range 64 {
		all.Go(func() {
			for i := w; i < n; i += 64 {
				d := ScheduleSpec{Cron: "0 * * * *", Zone: "Europe/Berlin", Queue: "herd", Job: JobSpec{Payload: []byte(`{"report":"sales"}`)}}
				_, _, _, err := s.define(context.Background(), t, fmt.Sprintf("s%05d", i), "", d)
				must(b, err)
			}
		})
	}
	all.Wait()
}

// enqueueBeside enqueues single jobs from four callers, each waiting 2 ms
// between them, and returns how long each enqueue took.
func enqueueBeside(s *Scheduler, t engine.Tenant, span time.Duration) []time.Duration {
	var all sync.WaitGroup
	took := make([][]time.Duration, 4)
	p := plan{payload: []byte(`{"to":"a"}`), priority: defaultPriority, attempts: defaultAttempts, delay: -1}
	end := time.Now().Add(span)
	for c := range took {
		all.Go(func() {
			for time.Now().Before(end) {
				q := s.prepare(t, "beside", p, s.e.IDs.New(), s.now())
				began := time.Now()
				if _, err := s.enqueue(context.Background(), q, engine.Once{}); err != nil {
					panic(err)
				}
				took[c] = append(took[c], time.Since(began))
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	all.Wait()
	return slices.Concat(took...)
}

// benchFloor writes to the store what the ticks of so many schedules write,
// with enqueues beside as there: keys and values of the same lengths, a cursor
// of each somewhere in a bucket that has all of them.
func benchFloor(b *testing.B, s *Scheduler, t engine.Tenant, n int) time.Duration {
	names := make([][]byte, n)
	for i := range names {
		names[i] = fmt.Appendf(nil, "s%05d", i)
	}
	value := make([]byte, 128)
	write := func(from int, rising bool) {
		must(b, s.e.Store.Update(context.Background(), t, func(tx *engine.Tx) error {
			for i := from; i < min(from+200, n); i++ {
				if id := fmt.Appendf(nil, "%016d", i); rising {
					tx.Put("scheduler.jobs2", id, value[:105])
					tx.Put("scheduler.payloads2", id, value[:26])
					tx.Put("scheduler.index2", append(id, value[:30]...), nil)
					tx.Put("scheduler.transitions2", append(id, value[:12]...), value[:50])
				}
				tx.Put("scheduler.cursors2", names[i], value[:cursorBytes])
			}
			return nil
		}, engine.Bulk))
	}
	for from := 0; from < n; from += 200 {
		write(from, false)
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) { names[i], names[j] = names[j], names[i] })
	beside := make(chan struct{})
	go func() { enqueueBeside(s, t, time.Second); close(beside) }()
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	var busy sync.WaitGroup
	free := make(chan struct{}, inFlight)
	for from := 0; from < n; from += 200 {
		free <- struct{}{}
		busy.Go(func() {
			write(from, true)
			<-free
		})
	}
	busy.Wait()
	took := time.Since(began)
	<-beside
	return took
}

// readyOf counts what is ready in a queue.
func (b *board) readyOf(t engine.Tenant, queue string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.of(t).lines[queue]; l != nil {
		return l.count[Ready]
	}
	return 0
}

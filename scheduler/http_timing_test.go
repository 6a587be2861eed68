package scheduler_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quintet/scheduler"
)

// onDisk is a bed whose data folder is on the real disk.
func onDisk(b *testing.B) *bed {
	bed := &bed{t: b, dir: b.TempDir() + "/data", onDisk: true}
	bed.open()
	b.Cleanup(bed.close)
	return bed
}

// BenchmarkEnqueueHTTP enqueues jobs of 200 B through the routes, without a
// network: 64 callers of one job each, and NDJSON of 1,000 by 4 callers. The
// second is the baseline of the first: what a call costs beside its job.
func BenchmarkEnqueueHTTP(b *testing.B) {
	job := fmt.Sprintf(`{"payload":"%0180d"}`, 0)
	b.Run("single/64", func(b *testing.B) {
		bed := onDisk(b)
		concurrently(b, 64, 1, func() { bed.do("POST", "/v1/queues/q/jobs", job).want(201) })
	})
	b.Run("ndjson=1000/4", func(b *testing.B) {
		bed := onDisk(b)
		body := lines(1000, func(int) string { return job })
		concurrently(b, 4, 1000, func() {
			bed.do("POST", "/v1/queues/q/jobs", body, "Content-Type", "application/x-ndjson").want(200, `"rejected":0`)
		})
	})
}

// concurrently makes b.N/per calls by so many callers and reports jobs in a
// second and how long a call took.
func concurrently(b *testing.B, callers, per int, call func()) {
	calls := int64(max(b.N/per, callers))
	var next atomic.Int64
	took := make([][]time.Duration, callers)
	b.ResetTimer()
	began := time.Now()
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for next.Add(1) <= calls {
				start := time.Now()
				call()
				took[c] = append(took[c], time.Since(start))
			}
		})
	}
	all.Wait()
	b.StopTimer()
	reportCalls(b, int(calls)*per, time.Since(began), slices.Concat(took...))
}

func reportCalls(b *testing.B, jobs int, took time.Duration, calls []time.Duration) {
	slices.Sort(calls)
	b.ReportMetric(float64(jobs)/took.Seconds(), "jobs/s")
	b.ReportMetric(float64(calls[len(calls)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(calls[len(calls)*99/100].Microseconds()), "p99-us")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStartLatency measures from the begin of an enqueue to the job in
// the hands of a worker that polls an idle queue. Baseline: the same enqueue
// alone, which is half of it.
func BenchmarkStartLatency(b *testing.B) {
	b.Run("enqueue to lease", func(b *testing.B) {
		bed := onDisk(b)
		started := make(chan time.Time, 1)
		quit := make(chan struct{})
		var worker sync.WaitGroup
		worker.Go(func() {
			for {
				for range bed.lease("q", `{"wait":"200ms"}`) {
					started <- time.Now()
				}
				select {
				case <-quit:
					return
				default:
				}
			}
		})
		measure(b, func() time.Duration {
			began := time.Now()
			bed.enqueue("q", `{}`)
			return (<-started).Sub(began)
		})
		close(quit)
		worker.Wait()
	})
	b.Run("enqueue alone", func(b *testing.B) {
		bed := onDisk(b)
		measure(b, func() time.Duration {
			began := time.Now()
			bed.enqueue("q", `{}`)
			return time.Since(began)
		})
	})
}

// measure calls with pauses, as on an idle server.
func measure(b *testing.B, call func() time.Duration) {
	n := min(b.N, 500)
	var took []time.Duration
	began := time.Now()
	for range n {
		time.Sleep(time.Millisecond)
		took = append(took, call())
	}
	b.StopTimer()
	reportCalls(b, n, time.Since(began), took)
}

// BenchmarkRestart opens a folder with many waiting jobs: the board is built
// from the keys of the index alone.
func BenchmarkRestart(b *testing.B) {
	bed := onDisk(b)
	jobs := 10_000
	if b.N > 1 {
		jobs = 200_000
	}
	body := lines(10_000, func(int) string { return `{"payload":1}` })
	for range jobs / 10_000 {
		bed.do("POST", "/v1/queues/q/jobs", body, "Content-Type", "application/x-ndjson").want(200)
	}
	b.ResetTimer()
	for range min(b.N, 3) {
		bed.close()
		began := time.Now()
		bed.open()
		b.ReportMetric(float64(time.Since(began).Microseconds())/float64(jobs), "us/job")
	}
	bed.do("GET", "/v1/queues/q", "").want(200, fmt.Sprintf(`"ready":%d`, jobs))
}

// BenchmarkCronNext looks for the next tick where it is near and where it is
// years away.
func BenchmarkCronNext(b *testing.B) {
	for _, spec := range []string{"* * * * *", "30 2 * * *", "0 0 29 2 *"} {
		b.Run(spec, func(b *testing.B) {
			c, err := scheduler.ParseCron(spec, "Europe/Berlin")
			must(b, err)
			at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
			for b.Loop() {
				c.Next(at)
			}
		})
	}
}

package log_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quintet/engine/disk"
	"quintet/engine/log"
)

const eventBytes = 150

// BenchmarkAppend measures durable events per second on the real disk, beside
// a twin that waits a fixed 2 ms before each group, and with the median time
// of its own fdatasync.
func BenchmarkAppend(b *testing.B) {
	for _, load := range []struct{ callers, events int }{{1, 1}, {256, 1}, {4, 1000}} {
		name := fmt.Sprintf("callers=%d/events=%d", load.callers, load.events)
		b.Run(name+"/natural", func(b *testing.B) {
			benchmarkAppend(b, log.Options{}, load.callers, load.events)
		})
		b.Run(name+"/delay=2ms", func(b *testing.B) {
			benchmarkAppend(b, log.Options{}.WithDelay(2*time.Millisecond), load.callers, load.events)
		})
	}
}

// benchmarkAppend counts one Append as one operation.
func benchmarkAppend(b *testing.B, o log.Options, callers, events int) {
	timed := &timedFS{FS: disk.OS(b.TempDir())}
	l, _, err := log.Open(timed, ".", o)
	if err != nil {
		b.Fatal(err)
	}
	batch := log.Batch{Count: uint32(events), Data: make([]byte, events*eventBytes)}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range callers {
		mine := batch
		mine.Stream.ID[0] = byte(i)
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := l.Append(ctx, mine); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)*float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(timed.median(), "fdatasync-p50-us")
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}

// timedFS notes how long each Sync of a file took.
type timedFS struct {
	disk.FS
	mu    sync.Mutex
	syncs []time.Duration
}

func (t *timedFS) Open(name string, flag int) (disk.File, error) {
	f, err := t.FS.Open(name, flag)
	return timedFile{f, t}, err
}

func (t *timedFS) median() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.syncs)
	return float64(t.syncs[len(t.syncs)/2].Nanoseconds()) / 1e3
}

type timedFile struct {
	disk.File
	fs *timedFS
}

func (f timedFile) Sync() error {
	began := time.Now()
	err := f.File.Sync()
	f.fs.mu.Lock()
	f.fs.syncs = append(f.fs.syncs, time.Since(began))
	f.fs.mu.Unlock()
	return err
}

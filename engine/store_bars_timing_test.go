package engine_test

import (
	"context"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"quintet/engine"
)

// The bars of the store that are ratios, or need a setting. With -benchtime 1x
// each runs with a tiny size, which shows only that it works; otherwise with
// the size of the bar, whatever b.N.

// sized returns the size of the bar, or the tiny one.
func sized(b *testing.B, tiny, bar int) int {
	if b.N == 1 {
		return tiny
	}
	return bar
}

// drive has callers call one update after the other, count in all, and
// returns how many came to pass in a second and how long each took, sorted.
// The ids go on from next.
func drive(b *testing.B, next *atomic.Uint64, callers, count int, update func(id uint64) error) (rate float64, took []time.Duration) {
	b.Helper()
	each := make([][]time.Duration, callers)
	var wg sync.WaitGroup
	began := time.Now()
	for c := range callers {
		wg.Go(func() {
			for range max(1, count/callers) {
				start := time.Now()
				if err := update(next.Add(1)); err != nil {
					b.Error(err)
					return
				}
				each[c] = append(each[c], time.Since(start))
			}
		})
	}
	wg.Wait()
	took = slices.Concat(each...)
	rate = float64(len(took)) / time.Since(began).Seconds()
	slices.Sort(took)
	return rate, took
}

// finish prints what the bars ask for beside every figure.
func finish(b *testing.B) {
	b.Helper()
	b.ReportMetric(float64(syncP50(b).Microseconds()), "fdatasync-p50-us")
	b.ReportMetric(0, "ns/op")
}

func p99(sorted []time.Duration) float64 { return ms(sorted[len(sorted)*99/100]) }

// single is the update of the bars.
func single(e *engine.Engine, t engine.Tenant, w workload, value []byte) func(id uint64) error {
	return func(id uint64) error {
		return e.Store.Update(context.Background(), t, func(tx *engine.Tx) error {
			w.apply(tx, id, value)
			return nil
		})
	}
}

// BenchmarkAgainstBatch is the same update through bbolt's own db.Batch with
// its defaults, which waits up to 10 ms for company, with the same seal. They
// take turns, so that what else the machine does meets both.
func BenchmarkAgainstBatch(b *testing.B) {
	for _, c := range []struct{ callers, ours, theirs int }{{1, 2_000, 100}, {16, 20_000, 2_000}, {256, 100_000, 30_000}} {
		b.Run(fmt.Sprintf("callers=%d", c.callers), func(b *testing.B) {
			e := open(b, engine.Options{})
			value := make([]byte, 200)
			update, baseline := single(e, tenant(b, e, "bench"), workload{}, value), newBatch(b, value).update
			var ids, baselineIDs atomic.Uint64
			var ours, theirs, ratios []float64
			for range sized(b, 1, 3) {
				rate, _ := drive(b, &ids, c.callers, sized(b, c.callers, c.ours), update)
				slower, _ := drive(b, &baselineIDs, c.callers, sized(b, c.callers, c.theirs), baseline)
				ours, theirs, ratios = append(ours, rate), append(theirs, slower), append(ratios, rate/slower)
			}
			b.ReportMetric(median(ours), "updates/s")
			b.ReportMetric(median(theirs), "batch/s")
			b.ReportMetric(median(ratios), "ratio")
			finish(b)
		})
	}
}

func median(figures []float64) float64 {
	slices.Sort(figures)
	return figures[len(figures)/2]
}

// batch is the baseline: bbolt with its defaults, two buckets, sealed values.
type batch struct {
	db    *bolt.DB
	aead  cipher.AEAD
	nonce atomic.Uint64
	value []byte
	w     workload
}

func newBatch(b *testing.B, value []byte) *batch {
	b.Helper()
	db, err := bolt.Open(filepath.Join(b.TempDir(), "batch.db"), 0o600, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	err = db.Update(func(tx *bolt.Tx) error {
		_, err1 := tx.CreateBucket([]byte(bucketDocs))
		_, err2 := tx.CreateBucket([]byte(bucketIndex))
		return errors.Join(err1, err2)
	})
	if err != nil {
		b.Fatal(err)
	}
	return &batch{db: db, aead: gcm(make([]byte, 32)), value: value}
}

func (ba *batch) update(id uint64) error {
	return ba.db.Batch(func(tx *bolt.Tx) error {
		docs, index := tx.Bucket([]byte(bucketDocs)), tx.Bucket([]byte(bucketIndex))
		key := ba.w.key(rand.Uint64N(id))
		if sealed := docs.Get(key); sealed != nil {
			if _, err := ba.aead.Open(nil, append(make([]byte, 4), sealed[:8]...), sealed[8:], key); err != nil {
				return err
			}
		}
		if err := docs.Put(ba.w.key(id), ba.seal(ba.w.key(id))); err != nil {
			return err
		}
		return index.Put(ba.w.key(^id), ba.seal(ba.w.key(^id)))
	})
}

func (ba *batch) seal(key []byte) []byte {
	nonce := binary.BigEndian.AppendUint64(make([]byte, 4), ba.nonce.Add(1))
	return ba.aead.Seal(nonce[4:12:12], nonce, ba.value, key)
}

// BenchmarkSingleBesideBulk has one caller of single updates beside 16 that
// write 250 random keys in each of theirs.
func BenchmarkSingleBesideBulk(b *testing.B) {
	e := open(b, engine.Options{})
	acme, value := tenant(b, e, "bench"), make([]byte, 200)
	ctx, stop := context.WithCancel(context.Background())
	var bulk sync.WaitGroup
	var bulkKeys atomic.Int64
	for range 16 {
		bulk.Go(func() {
			for ctx.Err() == nil {
				err := e.Store.Update(ctx, acme, func(tx *engine.Tx) error {
					for range 250 {
						tx.Put(bucketIndex, workload{random: true}.key(rand.Uint64()), value)
					}
					return nil
				}, engine.Bulk)
				if err != nil && ctx.Err() == nil {
					b.Error(err)
				}
				bulkKeys.Add(250)
			}
		})
	}
	rate, took := drive(b, new(atomic.Uint64), 1, sized(b, 10, 2_000), single(e, acme, workload{}, value))
	stop()
	bulk.Wait()
	b.ReportMetric(rate, "updates/s")
	b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
	b.ReportMetric(p99(took), "p99-ms")
	b.ReportMetric(float64(bulkKeys.Load())*rate/float64(len(took)), "bulk-keys/s")
	finish(b)
}

// BenchmarkSlowReader has 256 writers beside a reader that wants 30 s, and
// compares them with themselves before and after.
func BenchmarkSlowReader(b *testing.B) {
	limit := time.Duration(sized(b, int(20*time.Millisecond), int(5*time.Second)))
	e := open(b, engine.Options{ViewLimit: limit})
	acme, value := tenant(b, e, "bench"), make([]byte, 200)
	write := single(e, acme, workload{}, value)
	round := sized(b, 256, 200_000)
	var ids atomic.Uint64
	drive(b, &ids, 256, round, write)
	phase := func() (rate, tail, bytes float64) {
		before := writtenBytes(b)
		rate, took := drive(b, &ids, 256, round, write)
		return rate, p99(took), float64(writtenBytes(b)-before) / float64(len(took))
	}
	rateBefore, tailBefore, bytesBefore := phase()
	reader := make(chan readerEnd)
	go func() { reader <- readOn(e, acme, 30*time.Second) }()
	var tails []time.Duration
	var end readerEnd
	for end.lasted == 0 {
		_, took := drive(b, &ids, 256, round/4, write)
		tails = append(tails, took...)
		select {
		case end = <-reader:
		default:
		}
	}
	if !errors.Is(end.err, engine.ErrViewExpired) {
		b.Errorf("the reader: %v", end.err)
	}
	slices.Sort(tails)
	drive(b, &ids, 256, round/4, write) // gives the freed pages back
	rateAfter, tailAfter, bytesAfter := phase()
	b.ReportMetric(end.lasted.Seconds(), "reader-s")
	b.ReportMetric(tailBefore, "p99-before-ms")
	b.ReportMetric(p99(tails), "p99-during-ms")
	b.ReportMetric(tailAfter, "p99-after-ms")
	b.ReportMetric(p99(tails)/tailBefore, "p99-ratio")
	b.ReportMetric(rateAfter/rateBefore, "rate-ratio")
	b.ReportMetric(bytesBefore, "B/update-before")
	b.ReportMetric(bytesAfter, "B/update-after")
	b.ReportMetric(bytesAfter/max(1, bytesBefore), "B-ratio")
	finish(b)
}

type readerEnd struct {
	lasted time.Duration
	err    error
}

// readOn reads a hundred keys again and again, in one view.
func readOn(e *engine.Engine, t engine.Tenant, wants time.Duration) readerEnd {
	began := time.Now()
	err := e.Store.View(context.Background(), t, func(v *engine.View) error {
		for time.Since(began) < wants {
			n := 0
			for range v.Keys(bucketDocs, nil, nil) {
				if n++; n > 100 {
					break
				}
			}
			if n == 0 {
				return nil // the view has ended
			}
		}
		return nil
	})
	return readerEnd{time.Since(began), err}
}

// writtenBytes is what this process has sent to the disk, 0 where the system
// does not tell. See proc(5), /proc/pid/io.
func writtenBytes(b *testing.B) (n int64) {
	b.Helper()
	data, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	var name string
	for line := range strings.Lines(string(data)) {
		if _, err := fmt.Sscan(line, &name, &n); err == nil && name == "write_bytes:" {
			return n
		}
	}
	return 0
}

// fillBytes writes documents of 1 KiB, 500 in an update.
func fillBytes(b *testing.B, e *engine.Engine, t engine.Tenant, bytes int) {
	b.Helper()
	value := make([]byte, 1<<10)
	for n := range bytes / len(value) / 500 {
		err := e.Store.Update(context.Background(), t, func(tx *engine.Tx) error {
			for i := range 500 {
				tx.Put(things, docKey(uint64(n*500+i)), value)
			}
			return nil
		}, engine.Bulk)
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAfterDelete is one caller's rate before and after 1 GiB is deleted.
func BenchmarkAfterDelete(b *testing.B) {
	e := open(b, engine.Options{})
	acme, value := tenant(b, e, "bench"), make([]byte, 200)
	write := single(e, acme, workload{}, value)
	fillBytes(b, e, acme, sized(b, 2<<20, 1<<30))
	count := sized(b, 10, 5_000)
	var ids atomic.Uint64
	drive(b, &ids, 1, count, write)
	before, _ := drive(b, &ids, 1, count, write)
	for more := true; more; {
		err := e.Store.Update(context.Background(), acme, func(tx *engine.Tx) error {
			n := 0
			for key := range tx.Keys(things, nil, nil) {
				if n++; n > 1000 {
					break
				}
				tx.Delete(things, key)
			}
			more = n > 1000
			return nil
		}, engine.Bulk, engine.Reclaim)
		if err != nil {
			b.Fatal(err)
		}
	}
	after, _ := drive(b, &ids, 1, count, write)
	b.ReportMetric(before, "updates/s-before")
	b.ReportMetric(after, "updates/s-after")
	b.ReportMetric(after/before, "ratio")
	finish(b)
}

// BenchmarkReopen opens a data folder of 1 GB after a clean close and after a
// kill, of which a copy of the running engine's folder takes the place.
func BenchmarkReopen(b *testing.B) {
	dir, killed := filepath.Join(b.TempDir(), "data"), filepath.Join(b.TempDir(), "killed")
	e, err := engine.Open(context.Background(), engine.Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	fillBytes(b, e, tenant(b, e, "bench"), sized(b, 2<<20, 1e9))
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		b.Fatal(err)
	}
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	reopen := func(dir string) float64 {
		began := time.Now()
		open(b, engine.Options{Dir: dir})
		return ms(time.Since(began))
	}
	b.ReportMetric(reopen(dir), "clean-ms")
	b.ReportMetric(reopen(killed), "killed-ms")
	finish(b)
}

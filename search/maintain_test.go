package search_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/search"
)

// faulty is a bed whose segments go to a disk that does what a test says.
type faulty struct {
	*bed
	mu   sync.Mutex
	each func(op string) error // of the operations on segments; nil = none

	others sync.WaitGroup
}

func newFaulty(t testing.TB, o search.Options) *faulty {
	t.Helper()
	d := enginetest.NewDisk(enginetest.Seed())
	f := &faulty{bed: &bed{t: t, dir: filepath.Join(memory(t), "data"), files: d, model: &fake{}, options: o}}
	f.open()
	t.Cleanup(f.close)
	d.OnOp(func(op, name string) error {
		if !strings.HasPrefix(name, "blobs") {
			return nil
		}
		f.mu.Lock()
		each := f.each
		f.mu.Unlock()
		if each == nil {
			return nil
		}
		return each(op)
	})
	f.define("c", `{}`)
	return f
}

func (f *faulty) on(each func(op string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.each = each
}

// TestRewriteFails lets the disk refuse a segment at each step. Searches do not
// notice, and when the disk is well again the segment is written.
func TestRewriteFails(t *testing.T) {
	for _, c := range []struct {
		name, op string
		err      error
		want     error
	}{
		{"ErrFull at open", "open", syscall.ENOSPC, engine.ErrFull},
		{"ErrFull at write", "write", syscall.ENOSPC, engine.ErrFull},
		{"ErrFull at rename", "rename", syscall.ENOSPC, engine.ErrFull},
		{"ErrIO at write", "write", syscall.EIO, syscall.EIO},
		{"ErrIO at rename", "rename", syscall.EIO, syscall.EIO},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFaulty(t, search.Options{FlushRows: 5})
			now := life{}
			now.put(f.bed, 1, 0, 12)
			f.on(func(op string) error {
				if op == c.op {
					return c.err
				}
				return nil
			})
			for revision := range 3 {
				if _, err := f.s.Maintain(background, 0); !errors.Is(err, c.want) {
					t.Fatalf("the rewrite: %v, expected was %v", err, c.want)
				}
				now.put(f.bed, 2+revision, 2, 9)
				now.want(f.bed, 12)
			}
			if n := f.s.Segments(f.acme, "c") + f.segmentRecords(); n != 0 {
				t.Errorf("%d segments of a disk that takes none", n)
			}
			now.remove(f.bed, "d3")
			f.on(nil)
			_, err := f.s.Maintain(background, time.Hour)
			must(t, err)
			for range 2 {
				now.want(f.bed, 12)
				if n := f.s.Segments(f.acme, "c"); n != 1 {
					t.Errorf("%d segments", n)
				}
				f.check()
				f.reopen()
			}
		})
	}
}

// TestRewriteEnds ends a rewrite at each of its steps: by a stop, because the
// collection is deleted, or its tenant.
func TestRewriteEnds(t *testing.T) {
	run := func(name string, ends func(f *faulty, cancel func()), after func(f *faulty, now life)) {
		t.Run(name, func(t *testing.T) {
			for step, more := 0, true; more; step++ {
				f := newFaulty(t, search.Options{FlushRows: 5})
				now := life{}
				now.put(f.bed, 1, 0, 12)
				f.do("PUT", "/v1/collections/kept", `{}`, "Test-Tenant", "globex").want(201)
				ctx, cancel := context.WithCancel(background)
				at := 0
				f.on(func(string) error {
					if at++; at == step+1 {
						ends(f, cancel)
					}
					return nil
				})
				_, err := f.s.Maintain(ctx, 0)
				f.on(nil)
				f.others.Wait()
				cancel()
				if err != nil && !errors.Is(err, context.Canceled) && engine.KindOf(err) != engine.NotFound && !errors.Is(err, engine.ErrTenantGone) {
					t.Errorf("step %d: %v", step, err)
				}
				if more = at > step; more {
					after(f, now)
				}
				must(t, f.s.Sweep(background))
				now.want(f.bed, 12)
				_, err = f.s.Maintain(background, time.Hour)
				must(t, err)
				now.want(f.bed, 12)
				f.check()
				f.reopen()
				now.want(f.bed, 12)
				f.check()
				f.close()
				if t.Failed() {
					t.Fatalf("at step %d", step)
				}
			}
		})
	}
	again := func(f *faulty, now life) {
		f.define("c", `{}`)
		clear(now)
		now.put(f.bed, 2, 0, 3)
	}
	run("OK stopped", func(_ *faulty, cancel func()) { cancel() }, func(*faulty, life) {})
	run("OK collection deleted", func(f *faulty, _ func()) { f.do("DELETE", "/v1/collections/c", "").want(204) }, again)
	run("OK tenant deleted", func(f *faulty, _ func()) {
		f.others.Go(func() { must(f.t, f.e.Tenants.Delete(background, f.acme, nothing)) }) // waits for what the rewrite holds
	}, func(f *faulty, now life) {
		f.acme = tenantIn(f.t, f.e, "acme")
		again(f, now)
	})
}

// TestChangedMeanwhile deletes and replaces documents at every step of a rewrite.
func TestChangedMeanwhile(t *testing.T) {
	f := newFaulty(t, search.Options{FlushRows: 5})
	now := life{}
	now.put(f.bed, 1, 0, 30)
	at, busy := 0, false
	f.on(func(string) error {
		if !busy && at < 30 {
			busy = true
			now.remove(f.bed, fmt.Sprint("d", at))
			now.put(f.bed, 2, at+1, at+2)
			at, busy = at+2, false
		}
		return nil
	})
	for range 3 {
		_, err := f.s.Maintain(background, time.Hour)
		must(t, err)
		now.want(f.bed, 30)
	}
	if at < 10 {
		t.Errorf("only %d documents were changed meanwhile", at)
	}
	f.reopen()
	now.want(f.bed, 30)
	f.check()
}

// counter counts warnings.
type counter struct {
	slog.Handler
	warnings atomic.Int64
}

func (c *counter) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		c.warnings.Add(1)
	}
	return nil
}

func (c *counter) Enabled(context.Context, slog.Level) bool { return true }

// TestRewriteRests lets every segment fail for six hours in which documents
// come: it is tried seldom, and logged as seldom, and soon when all is well.
func TestRewriteRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &counter{Handler: slog.DiscardHandler}
		f := newFaulty(t, search.Options{FlushRows: 5, FlushAfter: 30 * time.Second, Log: slog.New(log)})
		tries := 0
		f.on(func(op string) error {
			if op == "open" { // twice a try
				tries++
			}
			return syscall.ENOSPC
		})
		must(t, f.s.Start(background))
		now := life{}
		for i := range 36 {
			now.put(f.bed, i, 0, 6)
			time.Sleep(10 * time.Minute)
		}
		if n := log.warnings.Load(); n < 10 || n > 60 || tries > 120 {
			t.Errorf("%d warnings, and %d tries in 6 hours", n, tries)
		}
		f.on(nil)
		time.Sleep(11 * time.Minute)
		if n := f.s.Segments(f.acme, "c"); n != 1 {
			t.Errorf("%d segments", n)
		}
		must(t, f.s.Stop(background))
		now.want(f.bed, 6)
	})
}

// TestLeftAlone holds that a collection which nobody writes to soon becomes one
// segment, also where all its parts were merged shortly before, under way.
func TestLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(t, search.Options{FlushRows: 100, FlushAfter: 30 * time.Second})
		must(t, f.s.Start(background))
		f.on(func(op string) error {
			if op == "sync" {
				time.Sleep(6 * time.Second)
			}
			return nil
		})
		for part, rows := range []int{100, 100, 100, 100, 100, 100, 100, 100, 100, 50} {
			var docs []string
			for i := range rows {
				docs = append(docs, fmt.Sprintf(`{"id":"d%d-%d","n":%d}`, part, i, i))
			}
			f.post("c", docs...)
			time.Sleep(8 * time.Second)
		}
		if n := f.metric("segment_documents_total"); n < 900+800 {
			t.Fatalf("%v rows were written: nothing was merged under way", n)
		}
		time.Sleep(70 * time.Second)
		if n := f.s.Segments(f.acme, "c"); n != 1 {
			t.Errorf("%d segments", n)
		}
		must(t, f.s.Stop(background))
	})
}

// TestTrickle lets a document a minute come into a collection that takes a
// while to write: all parts become one now and then, and rarely.
func TestTrickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(t, search.Options{FlushRows: 400, FlushAfter: 30 * time.Second})
		must(t, f.s.Start(background))
		const large = 300
		var docs []string
		for i := range large {
			docs = append(docs, fmt.Sprintf(`{"id":"d%d","n":%d,"k":"word%d"}`, i, i, i))
		}
		f.post("c", docs...)
		time.Sleep(2 * time.Minute)
		if n := f.s.Segments(f.acme, "c"); n != 1 {
			t.Errorf("%d segments of a collection that is left alone", n)
		}
		f.on(func(op string) error {
			if op == "sync" {
				time.Sleep(30 * time.Second)
			}
			return nil
		})
		before, most := f.metric("segment_documents_total"), 0
		for i := range 60 {
			f.post("c", fmt.Sprintf(`{"id":"new%d","k":"new"}`, i))
			time.Sleep(time.Minute)
			most = max(most, f.s.Segments(f.acme, "c"))
		}
		if rows := f.metric("segment_documents_total") - before; rows > 15*large || most > 16 {
			t.Errorf("60 documents made %v be written anew, in up to %d segments", rows, most)
		}
		must(t, f.s.Stop(background))
	})
}

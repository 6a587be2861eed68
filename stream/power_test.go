package stream_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/stream"
)

// world is one seed: streams whose log is on a simulated disk, and what the
// outside knows of them. The store is a real file, and survives the cut.
type world struct {
	t    *testing.T
	rng  *rand.Rand
	disk *enginetest.Disk
	dir  string
	e    *engine.Engine
	s    *stream.Streams
	acme engine.Tenant

	mu    sync.Mutex
	acked map[[2]int]stream.Answer // writer and batch
	tried map[[2]int]bool
}

const (
	worldWriters = 3
	worldBatches = 12
)

// TestPowerCut cuts the power while batches are appended, at any operation of
// the disk, or lets one sync fail. After the restart every acknowledged batch
// is there once and whole, every other one can be sent again, and the windows
// equal a recount.
func TestPowerCut(t *testing.T) {
	root := "/dev/shm" // the store's syncs are not what is tested here
	if _, err := os.Stat(root); err != nil {
		root = t.TempDir()
	}
	cuts, acked := 0, 0
	enginetest.Seeds(t, func(seed uint64) {
		dir, err := os.MkdirTemp(root, "quintet-stream-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		w := &world{
			t: t, rng: rand.New(rand.NewPCG(seed, 5)), disk: enginetest.NewDisk(seed), dir: dir,
			acked: map[[2]int]stream.Answer{}, tried: map[[2]int]bool{},
		}
		w.open()
		if w.live() {
			cuts++
		}
		acked += len(w.acked)
		w.disk = w.disk.Crash()
		w.open()
		w.demand()
		w.close()
	})
	t.Logf("%d cuts under way, %d acknowledged batches", cuts, acked)
	if cuts == 0 && os.Getenv("QUINTET_SEED") == "" {
		t.Error("no cut hit a write")
	}
}

func (w *world) open() {
	w.t.Helper()
	e, err := engine.Open(background, engine.Options{Dir: w.dir, FS: w.disk, Clock: enginetest.NewClock(noon), SegmentBytes: 32 << 10, Reserve: 1, Headroom: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	w.e, w.acme = e, tenantIn(w.t, e, "acme")
	w.s = stream.New(e, limits()).Manual()
	if err := w.s.Start(background); err != nil {
		w.t.Fatal(err)
	}
}

// live sends batches until the power is cut or all are sent, and reports
// whether something failed. Then the process is gone.
func (w *world) live() (cut bool) {
	if _, _, err := w.s.Define(background, w.acme, "visits", stream.Definition{Dimensions: []string{"w"}, Measures: []string{"n"}}, ""); err != nil {
		w.t.Fatal(err)
	}
	if w.rng.IntN(4) == 0 {
		w.disk.FailSync(1 + w.rng.IntN(20))
	} else {
		var left atomic.Int64
		left.Store(1 + w.rng.Int64N(80))
		w.disk.OnOp(func(string, string) error {
			if left.Add(-1) == 0 {
				return enginetest.ErrPowerCut
			}
			return nil
		})
	}
	var wg, house sync.WaitGroup
	done := make(chan struct{})
	house.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_ = w.s.Flush(background) // into the store, which is not cut
			}
		}
	})
	for writer := range worldWriters {
		wg.Go(func() {
			for n := 1; n <= worldBatches && w.send(writer, n) == nil; n++ {
			}
		})
	}
	wg.Wait()
	close(done)
	house.Wait()
	cut = len(w.acked) < worldWriters*worldBatches
	// What a dead process would not do is without effect on a disk that is cut.
	w.disk.OnOp(func(string, string) error { return enginetest.ErrPowerCut })
	_ = w.e.Close()
	return cut
}

// send sends a batch whose content follows from its number.
func (w *world) send(writer, n int) error {
	var b strings.Builder
	for i := range 1 + (writer+n)%4 {
		fmt.Fprintf(&b, `{"ts":%d,"w":"w%d","n":%d,"i":%d,"pad":"%s"}`+"\n", noon.Unix()+int64(n), writer, n, i, strings.Repeat("x", (n*37)%500))
	}
	key := [2]int{writer, n}
	w.mu.Lock()
	w.tried[key] = true
	w.mu.Unlock()
	a, err := w.s.Append(background, w.acme, "visits", stream.Input{Body: strings.NewReader(b.String()), Length: -1, Producer: fmt.Sprint("p", writer), Sequence: uint64(n)})
	if err == nil {
		w.mu.Lock()
		w.acked[key] = a
		w.mu.Unlock()
	}
	return err
}

// demand sends everything again and compares.
func (w *world) demand() {
	before, tried := maps.Clone(w.acked), maps.Clone(w.tried)
	for writer := range worldWriters {
		for n := 1; n <= worldBatches; n++ {
			if err := w.send(writer, n); err != nil {
				w.t.Errorf("batch %d of writer %d cannot be sent: %v", n, writer, err)
				continue
			}
			key := [2]int{writer, n}
			want, acked := before[key]
			got := w.acked[key]
			if want.Duplicate = true; acked && fmt.Sprint(got) != fmt.Sprint(want) {
				w.t.Errorf("batch %d of writer %d was acknowledged as %+v and is %+v", n, writer, want, got)
			}
			if !tried[key] && got.Duplicate {
				w.t.Errorf("batch %d of writer %d was never sent before and is there", n, writer)
			}
		}
	}
	events, sum := w.expected()
	lines := 0
	err := w.s.Replay(background, w.acme, "visits", "1", 10_000, func(some []byte) error {
		lines += strings.Count(string(some), "\n")
		return nil
	})
	if err != nil || lines != events {
		w.t.Errorf("%d events are stored, %v; want %d", lines, err, events)
	}
	st, err := w.s.Get(w.acme, "visits")
	if err != nil || st.NextOffset != uint64(events)+1 {
		w.t.Errorf("the next offset is %d, %v; want %d", st.NextOffset, err, events+1)
	}
	count, total := w.windows()
	if count != events || total != sum {
		w.t.Errorf("the windows have %d events with a sum of %d; want %d and %d", count, total, events, sum)
	}
}

func (w *world) expected() (events, sum int) {
	for writer := range worldWriters {
		for n := 1; n <= worldBatches; n++ {
			size := 1 + (writer+n)%4
			events += size
			sum += size * n
		}
	}
	return events, sum
}

// windows adds up what a query finds.
func (w *world) windows() (count, sum int) {
	data, err := w.s.Query(background, w.acme, "visits", stream.Query{From: "-1m", To: noon.Add(time.Minute).Format(time.RFC3339), Select: []string{"count", "sum(n)"}})
	if err != nil {
		w.t.Error(err)
		return 0, 0
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		w.t.Error(err)
	}
	for _, p := range a.Series[0].Points {
		count += int(p["count"].(float64))
		sum += int(p["sum(n)"].(float64))
	}
	return count, sum
}

func (w *world) close() {
	if err := errors.Join(w.s.Stop(background), w.e.Close()); err != nil {
		w.t.Error(err)
	}
}

// TestFullDisk fills the disk: appends are answered 507, reading goes on, and
// when there is room again the same batch is taken, once.
func TestFullDisk(t *testing.T) {
	w := &world{t: t, rng: rand.New(rand.NewPCG(1, 1)), disk: enginetest.NewDisk(1), dir: t.TempDir(), acked: map[[2]int]stream.Answer{}, tried: map[[2]int]bool{}}
	w.open()
	if err := w.send(0, 1); err != nil {
		t.Fatal(err)
	}
	w.disk.OnOp(func(op, _ string) error {
		if op == "write" {
			return syscall.ENOSPC
		}
		return nil
	})
	if err := w.send(0, 2); !errors.Is(err, engine.ErrFull) {
		t.Errorf("a full disk: %v", err)
	}
	if st, err := w.s.Get(w.acme, "visits"); err != nil || st.NextOffset != 3 {
		t.Errorf("%+v, %v", st, err)
	}
	w.disk.OnOp(nil)
	if err := w.send(0, 2); err != nil || w.acked[[2]int{0, 2}].Duplicate || w.acked[[2]int{0, 2}].FirstOffset != 3 {
		t.Errorf("%+v, %v", w.acked, err)
	}
	w.close()
}

package log_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine/enginetest"
	"quintet/engine/log"
)

// TestPowerCut lives through seeded lives of a log that end by a power cut, a
// kill, a lying sync or a clean stop at any operation of the disk, and demands
// after each of them that everything acknowledged is there.
//
// QUINTET_SEEDS sets the number of seeds, QUINTET_SEED replays a single one.
func TestPowerCut(t *testing.T) {
	first, count := uint64(1), uint64(1000)
	if s := os.Getenv("QUINTET_SEEDS"); s != "" {
		count = parseUint(t, s)
	}
	if s := os.Getenv("QUINTET_SEED"); s != "" {
		first, count = parseUint(t, s), 1
	}
	began := time.Now()
	var sum tally
	for seed := first; seed < first+count; seed++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed)
			w.run()
			sum.add(w.tally)
		})
		if t.Failed() {
			t.Fatalf("replay with QUINTET_SEED=%d", seed)
		}
	}
	t.Logf("%d seeds, %.0f seeds/s; %+v", count, float64(count)/time.Since(began).Seconds(), sum)
	if first == 1 && count >= 1000 && sum.hasZero() {
		t.Errorf("something never happened: %+v", sum)
	}
}

// TestPowerCutReplays holds the test above to its promise.
func TestPowerCutReplays(t *testing.T) {
	for seed := uint64(1); seed <= 10; seed++ {
		var runs [2]tally
		for i := range runs {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed)
				w.run()
				runs[i] = w.tally
			})
		}
		if runs[0] != runs[1] {
			t.Errorf("seed %d: %+v, then %+v", seed, runs[0], runs[1])
		}
	}
}

func parseUint(t *testing.T, s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tally counts what happened, to prove that the test reaches it.
type tally struct {
	acked, failed, withdrawn, adopted, rolls, trims, raises, cuts, clean, poisoned, openCut int
}

func (a *tally) add(b tally) {
	a.acked += b.acked
	a.failed += b.failed
	a.withdrawn += b.withdrawn
	a.adopted += b.adopted
	a.rolls += b.rolls
	a.trims += b.trims
	a.raises += b.raises
	a.cuts += b.cuts
	a.clean += b.clean
	a.poisoned += b.poisoned
	a.openCut += b.openCut
}

func (a tally) hasZero() bool {
	return slices.Contains([]int{
		a.acked, a.failed, a.withdrawn, a.adopted, a.rolls, a.trims, a.raises, a.cuts, a.clean, a.poisoned, a.openCut,
	}, 0)
}

// world is one seed: a disk, the log on it, and what the outside knows of it.
//
// Every operation of the disk waits at the gate until the driver lets it
// pass, one at a time and only when all goroutines are idle, so that a seed
// fixes the order of everything.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	disk  *enginetest.Disk
	gate  *enginetest.Gate
	log   *log.Log
	calls sync.WaitGroup
	tally

	mu        sync.Mutex
	attempted map[uint64]log.Batch  // by the id in their data
	kept      map[uint64]log.Record // acknowledged or once seen, by sequence
	withdrawn map[uint64]bool       // ids that must never appear
	next      map[log.Stream]uint64 // least next offset
	trimming  bool                  // one Trim at a time: a second waits on a mutex, which is no idleness
	trimmed   uint64                // least sequence that must be there
	cancels   []context.CancelFunc
	lastID    uint64
	appending int
}

func newWorld(t *testing.T, seed uint64) *world {
	return &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 7)), disk: enginetest.NewDisk(seed),
		attempted: map[uint64]log.Batch{}, kept: map[uint64]log.Record{},
		withdrawn: map[uint64]bool{}, next: map[log.Stream]uint64{},
	}
}

func (w *world) run() {
	for range 4 {
		w.live()
		w.demandAll(1)
		w.demandAll(2)
	}
}

// options are the least a log takes, so that segments roll every few groups.
func (w *world) options() log.Options {
	return log.Options{SegmentBytes: 4096, Rand: rand.NewChaCha8([32]byte{byte(w.rng.Uint32())})}
}

// live opens the log, uses it, and ends it in one of four ways.
func (w *world) live() {
	w.gate = new(enginetest.Gate)
	w.disk.OnOp(w.gate.Enter)
	if w.rng.IntN(3) == 0 {
		w.disk.FailSync(1 + w.rng.IntN(40))
	}
	o := w.options()
	o.NewID = w.rng.IntN(8) == 0
	var openError error
	w.calls.Go(func() { w.log, _, openError = log.Open(w.disk, ".", o) })
	ops := 1 + w.rng.IntN(300)
	for range ops {
		synctest.Wait()
		if w.log != nil && w.busy() < 12 && w.rng.IntN(2) == 0 {
			w.startCall()
		} else {
			w.gate.Pass(w.rng)
		}
	}
	synctest.Wait()
	w.end()
	var corrupt *log.CorruptError
	if errors.As(openError, &corrupt) {
		w.t.Errorf("open refused what a stop left: %v", openError)
	}
	w.disk.OnOp(nil)
	w.disk.FailSync(0)
}

// end stops the log and leaves w.disk as the next process finds it.
func (w *world) end() {
	if w.log == nil {
		w.openCut++
	}
	after := w.disk
	switch w.rng.IntN(4) {
	case 0: // a clean stop, after all that is under way
	case 1: // kill -9: the page cache lives on
		w.gate.Fail(errors.New("killed"))
	default:
		after = w.disk.Crash()
		w.cuts++
	}
	w.drain()
	if w.log != nil {
		w.calls.Go(func() {
			switch err := w.log.Close(); {
			case err == nil:
				w.clean++
			case errors.Is(err, log.ErrPoisoned):
				w.poisoned++
			default:
				w.t.Errorf("close: %v", err)
			}
		})
		w.drain()
	}
	w.calls.Wait()
	w.disk, w.log = after, nil
}

// drain lets everything pass until nothing is under way.
func (w *world) drain() {
	for passed := true; passed; {
		synctest.Wait()
		passed = w.gate.Pass(w.rng)
	}
}

// startCall starts an append, a cancellation, a trim or a raise.
func (w *world) startCall() {
	switch n := w.rng.IntN(40); {
	case n == 0:
		w.startTrim()
	case n == 1:
		w.calls.Go(func() {
			if w.log.Raise(1000) == nil {
				w.raises++
			}
		})
	case n < 4 && len(w.cancels) > 0:
		w.cancels[w.rng.IntN(len(w.cancels))]()
	default:
		w.startAppend()
	}
}

func (w *world) busy() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.appending
}

func (w *world) startTrim() {
	before := w.log.First() + w.rng.Uint64N(w.log.End()-w.log.First()+1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.trimming {
		return
	}
	w.trimming = true
	w.trimmed = max(w.trimmed, before)
	w.trims++
	w.calls.Go(func() {
		w.log.Trim(before)
		w.mu.Lock()
		w.trimming = false
		w.mu.Unlock()
	})
}

func (w *world) startAppend() {
	w.lastID++
	id := w.lastID
	b := log.Batch{Count: 1 + w.rng.Uint32N(5), ProducerSeq: id, Data: payload(id, 8+w.rng.IntN(700))}
	b.Stream.ID[3] = byte(w.rng.IntN(5))
	b.Producer[5] = byte(id)
	ctx, cancel := context.WithCancel(context.Background())
	w.cancels = append(w.cancels, cancel)
	w.mu.Lock()
	w.attempted[id] = b
	w.appending++
	w.mu.Unlock()
	w.calls.Go(func() {
		defer cancel()
		receipt, err := w.log.Append(ctx, b)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.appending--
		switch {
		case err == nil:
			w.acked++
			w.kept[receipt.Sequence] = log.Record{Sequence: receipt.Sequence, Offset: receipt.Offset, Batch: b}
			w.next[b.Stream] = max(w.next[b.Stream], receipt.Offset+uint64(b.Count))
		case errors.Is(err, context.Canceled):
			w.tally.withdrawn++
			w.withdrawn[id] = true
		default:
			w.failed++
		}
	})
}

// demandAll opens the log and holds it against what is known of it. What
// appears unacknowledged must from then on stay.
func (w *world) demandAll(round int) {
	w.disk.OnOp(nil)
	o := w.options()
	l, _, err := log.Open(w.disk, ".", o)
	if err != nil {
		w.t.Errorf("open %d after the stop: %v", round, err)
		return
	}
	synctest.Wait() // for the segment that it makes ahead
	records := map[uint64]log.Record{}
	offsets := map[log.Stream]uint64{}
	var last uint64
	next, err := l.Read(context.Background(), 0, func(r log.Record) error {
		r.Data = slices.Clone(r.Data)
		records[r.Sequence] = r
		if r.Sequence <= last {
			return fmt.Errorf("sequence %d after %d", r.Sequence, last)
		}
		last = r.Sequence
		return w.demandWhole(r, offsets)
	})
	if err != nil || next != l.End() {
		w.t.Errorf("read %d up to %d of %d: %v", round, next, l.End(), err)
	}
	for sequence, r := range w.kept {
		if found, ok := records[sequence]; !ok && sequence >= w.trimmed {
			w.t.Errorf("open %d: batch %d is lost", round, sequence)
		} else if ok && !equal(found, r) {
			w.t.Errorf("open %d: batch %d is another one", round, sequence)
		}
	}
	for s, offset := range w.next {
		if l.Next(s) < offset {
			w.t.Errorf("open %d: the next offset fell from %d to %d", round, offset, l.Next(s))
		}
	}
	w.adopt(records)
	if err := l.Check(context.Background(), nil); err != nil {
		w.t.Errorf("check %d: %v", round, err)
	}
	w.rolls += len(l.Snapshot()) - 2
	if round == 2 || w.rng.IntN(2) == 0 {
		w.disk = w.disk.Crash() // as an idle process ends
		l.Close()
	} else if err := l.Close(); err != nil {
		w.t.Errorf("close: %v", err)
	}
}

// demandWhole checks that a record is a batch as it was appended, and that no
// offset is missing between two raises.
func (w *world) demandWhole(r log.Record, offsets map[log.Stream]uint64) error {
	id := binary.LittleEndian.Uint64(r.Data)
	b, ok := w.attempted[id]
	switch {
	case !ok || !equal(r, log.Record{Sequence: r.Sequence, Offset: r.Offset, Batch: b}):
		return fmt.Errorf("batch %d is not as any that was appended", r.Sequence)
	case w.withdrawn[id]:
		return fmt.Errorf("batch %d was withdrawn", r.Sequence)
	}
	if expected := offsets[r.Stream]; expected > 0 && (r.Offset < expected || (r.Offset-expected)%1000 != 0) {
		return fmt.Errorf("batch %d has offset %d, not %d", r.Sequence, r.Offset, expected)
	}
	offsets[r.Stream] = r.Offset + uint64(r.Count)
	return nil
}

func (w *world) adopt(records map[uint64]log.Record) {
	for sequence, r := range records {
		if _, ok := w.kept[sequence]; !ok {
			w.adopted++
		}
		w.kept[sequence] = r
		w.next[r.Stream] = max(w.next[r.Stream], r.Offset+uint64(r.Count))
	}
}

func equal(a, b log.Record) bool {
	return a.Sequence == b.Sequence && a.Offset == b.Offset && a.Stream == b.Stream && a.Count == b.Count &&
		a.Producer == b.Producer && a.ProducerSeq == b.ProducerSeq && slices.Equal(a.Data, b.Data)
}

// payload begins with its id, if it has room, and depends on it to the last byte.
func payload(id uint64, size int) []byte {
	b := make([]byte, size)
	rng := rand.New(rand.NewPCG(id, 1))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	if size >= 8 {
		binary.LittleEndian.PutUint64(b, id)
	}
	return b
}

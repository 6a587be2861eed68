package log_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"slices"
	"sync"
	"testing"

	"quintet/engine/disk"
	"quintet/engine/enginetest"
	"quintet/engine/log"
)

var ctx = context.Background()

// small makes segments roll every few groups.
var small = log.Options{SegmentBytes: 4096}

func open(t testing.TB, fs disk.FS, o log.Options) (*log.Log, log.Recovery) {
	t.Helper()
	l, r, err := log.Open(fs, ".", o)
	if err != nil {
		t.Fatal(err)
	}
	return l, r
}

func shut(t testing.TB, l *log.Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func stream(n int) log.Stream {
	return log.Stream{Tenant: [16]byte{1}, ID: [16]byte{byte(n), byte(n >> 8)}}
}

// fill appends n batches of one event to stream 1, each a group of its own.
func fill(t testing.TB, l *log.Log, n, size int) {
	t.Helper()
	for range n {
		if _, err := l.Append(ctx, log.Batch{Stream: stream(1), Count: 1, Data: payload(l.End(), size)}); err != nil {
			t.Fatal(err)
		}
	}
}

// sequences reads the whole log.
func sequences(t testing.TB, l *log.Log, from uint64) (all []uint64) {
	t.Helper()
	next, err := l.Read(ctx, from, func(r log.Record) error {
		all = append(all, r.Sequence)
		return nil
	})
	if err != nil || next != l.End() {
		t.Fatalf("read up to %d of %d: %v", next, l.End(), err)
	}
	return all
}

func TestAppendReadReopen(t *testing.T) {
	d := enginetest.NewDisk(1)
	l, r := open(t, d, small)
	if !r.Created || l.First() != 1 || l.End() != 1 || l.Next(stream(1)) != 1 {
		t.Fatalf("a new log: %+v, %d to %d", r, l.First(), l.End())
	}
	var want []log.Record
	for i := range 100 {
		b := log.Batch{
			Stream: stream(i % 3), Producer: [16]byte{9}, ProducerSeq: uint64(i), Count: uint32(1 + i%4), Data: payload(uint64(i), i),
		}
		receipt, err := l.Append(ctx, b)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, log.Record{Sequence: receipt.Sequence, Offset: receipt.Offset, Batch: b})
	}
	for _, clean := range []bool{true, false} {
		var got []log.Record
		if _, err := l.Read(ctx, 0, func(r log.Record) error {
			r.Data = slices.Clone(r.Data)
			got = append(got, r)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, want, equal) {
			t.Fatal("what is read is not what was appended")
		}
		if clean {
			shut(t, l)
		} else {
			d = d.Crash()
			l.Close()
		}
		if l, r = open(t, d, small); r.Clean != clean || len(r.Cuts) != 0 || l.End() != 101 {
			t.Fatalf("reopened: %+v, end %d", r, l.End())
		}
	}
	shut(t, l)
}

func TestReadFrom(t *testing.T) {
	l, _ := open(t, enginetest.NewDisk(1), log.Options{SegmentBytes: 1 << 20})
	fill(t, l, 300, 10_000)
	for _, from := range []uint64{1, 2, 99, 150, 299, 300, 301} {
		if all := sequences(t, l, from); len(all) != 301-int(from) || len(all) > 0 && all[0] != from {
			t.Errorf("from %d: %d batches", from, len(all))
		}
	}
	for _, from := range []uint64{302, 1 << 60} {
		if _, err := l.Read(ctx, from, nil); !errors.Is(err, log.ErrOutOfRange) {
			t.Errorf("from %d: %v", from, err)
		}
	}
	enough := errors.New("enough")
	next, err := l.Read(ctx, 10, func(r log.Record) error {
		if r.Sequence == 20 {
			return enough
		}
		return nil
	})
	if next != 20 || err != enough {
		t.Errorf("stopped at %d: %v", next, err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := l.Read(ended, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("read with an ended context: %v", err)
	}
	shut(t, l)
}

func TestTrim(t *testing.T) {
	d := enginetest.NewDisk(1)
	l, _ := open(t, d, small)
	fill(t, l, 60, 500)
	release := l.Hold()
	if err := l.Trim(40); err != nil || l.First() != 1 {
		t.Errorf("trim while held: %v, first %d", err, l.First())
	}
	release()
	release()
	_, err := l.Read(ctx, 30, func(log.Record) error {
		if err := l.Trim(40); err != nil {
			return err
		}
		if l.First() > 30 {
			return fmt.Errorf("trimmed to %d under a reader of 30", l.First())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := l.Trim(40); err != nil || l.First() <= 20 || l.First() > 40 {
		t.Errorf("trim: %v, first %d", err, l.First())
	}
	if _, err := l.Read(ctx, 1, nil); !errors.Is(err, log.ErrOutOfRange) {
		t.Errorf("read what was trimmed: %v", err)
	}
	if err := l.Trim(1 << 60); err != nil || l.First() > 60 {
		t.Errorf("trim all: %v, first %d", err, l.First())
	}
	first := l.First()
	shut(t, l)
	l, _ = open(t, d, small)
	if l.First() != first || l.Next(stream(1)) != 61 || len(sequences(t, l, 0)) != 61-int(first) {
		t.Errorf("reopened: first %d, next offset %d", l.First(), l.Next(stream(1)))
	}
	shut(t, l)
}

// TestRestore copies a log in use as a backup does, and continues the copy.
func TestRestore(t *testing.T) {
	d, copied := enginetest.NewDisk(1), enginetest.NewDisk(2)
	l, _ := open(t, d, small)
	fill(t, l, 30, 300)
	release := l.Hold()
	parts := l.Snapshot()
	fill(t, l, 5, 300)
	for _, p := range parts {
		b := make([]byte, p.Length)
		copy(b, d.Bytes(p.Name)[:p.Bytes])
		copied.SetBytes(path.Base(p.Name), b)
	}
	release()
	lost := l.ID()
	shut(t, l)

	o := small
	o.NewID = true
	r, recovery := open(t, copied, o)
	if len(recovery.Cuts) > 0 || r.End() != 31 || r.ID() == lost {
		t.Fatalf("the copy: %+v, end %d", recovery, r.End())
	}
	if n := len(r.Snapshot()); n != len(parts)+1 {
		t.Errorf("%d files, want one segment more than %d", n, len(parts))
	}
	const by = 1 << 40
	if err := r.Raise(by); err != nil {
		t.Fatal(err)
	}
	if r.End() != 31+by || r.Next(stream(1)) != 31+by || r.Next(stream(2)) != 1+by {
		t.Errorf("raised: %d, %d, %d", r.End(), r.Next(stream(1)), r.Next(stream(2)))
	}
	fill(t, r, 3, 300)
	id := r.ID()
	shut(t, r)
	r, _ = open(t, copied, small)
	all := sequences(t, r, 0)
	if len(all) != 33 || all[30] != 31+by || r.ID() != id || r.Next(stream(2)) != 1+by {
		t.Errorf("reopened: %d batches, id %s", len(all), r.ID())
	}
	if all := sequences(t, r, 1000); len(all) != 3 {
		t.Errorf("from within the raise: %v", all)
	}
	if err := r.Check(ctx, nil); err != nil {
		t.Error(err)
	}
	shut(t, r)
}

func TestCheckProgress(t *testing.T) {
	l, _ := open(t, enginetest.NewDisk(1), small)
	fill(t, l, 50, 500)
	var last, all int64
	if err := l.Check(ctx, func(done, total int64) { last, all = done, total }); err != nil || last != all || all == 0 {
		t.Errorf("checked %d of %d: %v", last, all, err)
	}
	shut(t, l)
}

// TestOrderOfOneCaller appends from many goroutines and demands that each
// finds its own batches in its order.
func TestOrderOfOneCaller(t *testing.T) {
	l, _ := open(t, disk.OS(t.TempDir()), log.Options{SegmentBytes: 1 << 16})
	var callers sync.WaitGroup
	for c := range 16 {
		callers.Go(func() {
			for i := range 50 {
				b := log.Batch{Stream: stream(c % 4), Producer: [16]byte{byte(c)}, ProducerSeq: uint64(i), Count: 3, Data: payload(uint64(i), rand.IntN(300))}
				if _, err := l.Append(ctx, b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	next := map[[16]byte]uint64{}
	offset := map[log.Stream]uint64{}
	if _, err := l.Read(ctx, 0, func(r log.Record) error {
		if r.ProducerSeq != next[r.Producer] || r.Offset != offset[r.Stream]+1 {
			return fmt.Errorf("batch %d: producer sequence %d, offset %d", r.Sequence, r.ProducerSeq, r.Offset)
		}
		next[r.Producer]++
		offset[r.Stream] += uint64(r.Count)
		return nil
	}); err != nil {
		t.Error(err)
	}
	if l.End() != 801 {
		t.Errorf("end %d", l.End())
	}
	shut(t, l)
}

func TestRandFails(t *testing.T) {
	if _, _, err := log.Open(enginetest.NewDisk(1), ".", log.Options{Rand: io.LimitReader(nil, 0)}); err == nil {
		t.Error("a log without an id was made")
	}
}

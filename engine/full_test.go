package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine"
)

// tmpfs mounts a small disk, which only root on Linux may.
func tmpfs(t *testing.T, size string) (dir string) {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("SKIPPED: a disk that fills up can be mounted by root on Linux only")
	}
	dir = t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "quintet", dir).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: this root may not mount a disk: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	return dir
}

// filler writes documents of 16 KiB under rising numbers.
type filler struct {
	t    *testing.T
	e    *engine.Engine
	acme engine.Tenant
	next uint64
}

func docKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func (f *filler) put() error {
	err := f.e.Store.Update(background, f.acme, func(tx *engine.Tx) error {
		tx.Put(things, docKey(f.next), noise(f.next, 16<<10))
		tx.Put(marks, docKey(f.next), []byte{1})
		return nil
	})
	if err == nil {
		f.next++
	}
	return err
}

// fill writes until the disk is full.
func (f *filler) fill() {
	f.t.Helper()
	for range 20_000 {
		if err := f.put(); err != nil {
			if engine.KindOf(err) != engine.Full || !errors.Is(err, engine.ErrFull) {
				f.t.Fatalf("a write to a full disk: %v", err)
			}
			if !f.e.Full() || f.e.Failed() != nil {
				f.t.Errorf("full is %v, failed is %v", f.e.Full(), f.e.Failed())
			}
			return
		}
	}
	f.t.Fatal("the disk does not fill up")
}

// demand reads every acknowledged document from from on.
func (f *filler) demand(from uint64) {
	f.t.Helper()
	n := from
	err := f.e.Store.View(background, f.acme, func(v *engine.View) error {
		n = from
		for key := range v.Scan(things, docKey(from), nil) {
			if binary.BigEndian.Uint64(key) != n || v.Get(marks, key) == nil {
				f.t.Errorf("document %d follows %d", binary.BigEndian.Uint64(key), n)
			}
			n++
		}
		return nil
	})
	if err != nil || n != f.next {
		f.t.Errorf("%d of %d documents: %v", n, f.next, err)
	}
}

// remove deletes documents, which must be possible on a full disk.
func (f *filler) remove(from, to uint64) {
	f.t.Helper()
	for n := from; n < to; n++ {
		err := f.e.Store.Update(background, f.acme, func(tx *engine.Tx) error {
			tx.Delete(things, docKey(n))
			tx.Delete(marks, docKey(n))
			return nil
		}, engine.Reclaim)
		if err != nil {
			f.t.Fatalf("delete document %d: %v", n, err)
		}
	}
}

// stillFull lets the watcher look several times, in the bubble's time.
func (f *filler) stillFull(want bool, when string) {
	f.t.Helper()
	time.Sleep(5 * time.Second)
	synctest.Wait()
	full := f.e.Full() // before a write finds out
	if err := f.put(); want != full || want != errors.Is(err, engine.ErrFull) {
		f.t.Errorf("%s: full was %v; %v", when, full, err)
	}
}

// TestDiskFull fills a real, small disk. A clean stop and a start follow.
func TestDiskFull(t *testing.T) {
	disk := tmpfs(t, "24m")
	o := engine.Options{
		Dir: filepath.Join(disk, "data"), MaxStore: 1 << 30, Reserve: 1 << 20, Headroom: 2 << 20, SegmentBytes: 64 << 10,
	}
	synctest.Test(t, func(t *testing.T) {
		e := open(t, o)
		f := &filler{t: t, e: e, acme: tenant(t, e, "acme")}
		if err := os.WriteFile(filepath.Join(disk, "other"), make([]byte, 8<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		f.fill()
		f.demand(0)
		f.stillFull(true, "nothing was freed")
		if err := os.Remove(filepath.Join(disk, "other")); err != nil {
			t.Fatal(err)
		}
		f.stillFull(false, "8 MiB of the disk are free again")
		if info, err := os.Stat(filepath.Join(o.Dir, "reserve")); err != nil || info.Size() != o.Reserve {
			t.Errorf("the reserve was not made again: %v", err)
		}
		f.fill()
		f.demand(0)
		f.remove(0, f.next/2)
		f.demand(f.next / 2)
		f.stillFull(false, "half of the documents are deleted")
		f.fill()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		e := open(t, o)
		acme, err := e.Tenants.Lookup("acme")
		if err != nil {
			t.Fatal(err)
		}
		f := &filler{t: t, e: e, acme: acme}
		for range 50 {
			if err := f.put(); err != nil && !errors.Is(err, engine.ErrFull) {
				t.Errorf("after a start on a full disk: %v", err)
			}
		}
		f.remove(0, 1000)
	})
}

// TestStoreFull fills the store up to its own limit, on any machine.
func TestStoreFull(t *testing.T) {
	for _, c := range []struct {
		name           string
		limit, reserve int64
	}{
		{"OKSmall", 2 << 20, 128 << 10}, {"OKReserveBeyondLimit", 8 << 20, 16 << 20},
		{"OKMedium", 40 << 20, 2 << 20}, {"OKLarge", 64 << 20, 4 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := memory(t)
				t.Cleanup(func() { os.RemoveAll(dir) })
				e := open(t, engine.Options{Dir: dir, MaxStore: c.limit, Reserve: c.reserve, Headroom: 1 << 20, SegmentBytes: 64 << 10})
				f := &filler{t: t, e: e, acme: tenant(t, e, "acme")}
				f.fill()
				f.demand(0)
				f.stillFull(true, "nothing was freed")
				f.remove(0, f.next/2)
				f.demand(f.next / 2)
				f.stillFull(false, "half of the documents are deleted")
				f.fill()
				if info, err := os.Stat(filepath.Join(dir, "store.db")); err != nil || info.Size() > c.limit {
					t.Errorf("the store has %d bytes, its limit is %d: %v", info.Size(), c.limit, err)
				}
			})
		})
	}
}

// TestStoreNearlyFull closes the store from nine tenths of its limit on: reads
// and deletes go on, and it opens again when they have made room.
func TestStoreNearlyFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := memory(t)
		t.Cleanup(func() { os.RemoveAll(dir) })
		e := open(t, engine.Options{Dir: dir, MaxStore: 256 << 20, Reserve: 1 << 20, Headroom: 1 << 20, SegmentBytes: 64 << 10})
		f := &filler{t: t, e: e, acme: tenant(t, e, "acme")}
		look := func() { time.Sleep(time.Second); synctest.Wait() }
		for f.next < 5000 {
			if err := f.put(); err != nil {
				t.Fatal(err)
			}
		}
		if look(); e.Full() {
			t.Fatal("the store is closed at half of its limit")
		}
		for !e.Full() {
			if err := f.put(); err != nil {
				t.Fatalf("the store filled up before it was closed: %v", err)
			}
			if f.next%50 == 0 {
				look()
			}
		}
		f.demand(0)
		if err := f.put(); !errors.Is(err, engine.ErrFull) {
			t.Errorf("a write to a store that is nearly full: %v", err)
		}
		f.remove(0, 1000)
		f.demand(1000)
		if look(); e.Full() {
			t.Error("the store stays closed although a tenth of it was freed")
		}
		if err := f.put(); err != nil {
			t.Error(err)
		}
	})
}

// TestLogAndBlobsFull takes the room from the log and the blobs alone.
func TestLogAndBlobsFull(t *testing.T) {
	e, d := onDisk(t)
	acme := tenant(t, e, "acme")
	appendOne := func() error {
		_, err := e.Events.Append(background, acme, engine.EventBatch{Stream: engine.ID{1}, Count: 1, Data: noise(1, 700)})
		return err
	}
	kept := putBlob(t, e, acme, noise(1, 3000))
	d.SetFree(2000)
	var appended uint64
	for appendOne() == nil {
		if appended++; appended > 10_000 {
			t.Fatal("the log does not fill up")
		}
	}
	for range 3 {
		if err := appendOne(); engine.KindOf(err) != engine.Full {
			t.Errorf("append to a full disk: %v", err)
		}
	}
	for _, size := range []int{3001, mebi} {
		if name, err := e.Blobs.Put(background, acme, bytes.NewReader(noise(9, size))); engine.KindOf(err) != engine.Full {
			t.Errorf("a blob of %d bytes on a full disk: %v, %v", size, name, err)
		}
	}
	if names, err := d.List("blobs"); err != nil || len(names) != 1 {
		t.Errorf("a failed Put left %v, %v", names, err)
	}
	readBlob(t, e, acme, kept)
	if got := e.Events.Next(acme, engine.ID{1}); got != appended+1 {
		t.Errorf("the next event is %d, %d were acknowledged", got, appended)
	}
	update(t, e, acme, func(tx *engine.Tx) { tx.Put(things, []byte("store"), []byte("has room")) })
	d.SetFree(64 << 20)
	if err := appendOne(); err != nil {
		t.Errorf("append when there is room again: %v", err)
	}
	readBlob(t, e, acme, putBlob(t, e, acme, noise(2, mebi)))
	if e.Failed() != nil {
		t.Errorf("a full disk is no failure: %v", e.Failed())
	}
}

// occupy takes all the room of a disk, as another program would.
func occupy(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2 // the last bytes, too
		}
	}
}

// TestCloseOnFullDisk closes, checks and starts on a disk that another program
// has filled to its last byte.
func TestCloseOnFullDisk(t *testing.T) {
	for documents := range 3 {
		t.Run(fmt.Sprint(documents), func(t *testing.T) {
			disk := tmpfs(t, "4m")
			o := small(engine.Options{Dir: filepath.Join(disk, "data")})
			e := open(t, o)
			f := &filler{t: t, e: e, acme: tenant(t, e, "acme")}
			for range documents {
				if err := f.put(); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				occupy(t, filepath.Join(disk, "other"))
				if err := e.Close(); err != nil {
					t.Fatalf("close: %v", err)
				}
				occupy(t, filepath.Join(disk, "other")) // what the close gave back
				e = open(t, o)
				acme, err := e.Tenants.Lookup("acme")
				if err != nil {
					t.Fatal(err)
				}
				f.e, f.acme = e, acme
				f.demand(0)
				if problems, err := e.Check(background, quiet); err != nil || len(problems) > 0 {
					t.Errorf("check: %v, %v", problems, err)
				}
			}
		})
	}
}

// told is a log handler that closes heard when it gets a message.
type told struct {
	slog.Handler
	message string
	heard   func()
}

func (h told) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, h.message) {
		h.heard()
	}
	return nil
}

func (told) Enabled(context.Context, slog.Level) bool { return true }

// TestCloseOnFullDiskUnderView closes while a view keeps every freed page, so
// that the list of free pages finds no room.
func TestCloseOnFullDiskUnderView(t *testing.T) {
	disk := tmpfs(t, "4m")
	heard := make(chan struct{})
	o := small(engine.Options{Dir: filepath.Join(disk, "data")})
	watched := o
	watched.Log = slog.New(told{slog.DiscardHandler, "list of free pages", sync.OnceFunc(func() { close(heard) })})
	e := open(t, watched)
	f := &filler{t: t, e: e, acme: tenant(t, e, "acme")}
	viewing, ended := make(chan struct{}), make(chan error)
	go func() {
		ended <- e.Store.View(background, f.acme, func(*engine.View) error {
			close(viewing)
			<-heard
			return nil
		})
	}()
	<-viewing
	for range 20 {
		if err := f.put(); err != nil {
			t.Fatal(err)
		}
	}
	occupy(t, filepath.Join(disk, "other"))
	if err := e.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	select {
	case <-heard:
	default:
		t.Error("the list of free pages found room: this test proves nothing")
		close(heard)
	}
	if err := <-ended; err != nil {
		t.Logf("the view: %v", err)
	}
	e = open(t, o)
	acme, err := e.Tenants.Lookup("acme")
	if err != nil {
		t.Fatal(err)
	}
	f.e, f.acme = e, acme
	f.demand(0)
	if problems, err := e.Check(background, quiet); err != nil || len(problems) > 0 {
		t.Errorf("check: %v, %v", problems, err)
	}
}

// TestFirstStartOnSmallDisk fails, says why, and succeeds where less is asked.
func TestFirstStartOnSmallDisk(t *testing.T) {
	disk := tmpfs(t, "4m")
	o := engine.Options{Dir: filepath.Join(disk, "data"), Reserve: 64 << 10}
	e, err := engine.Open(background, o)
	if err == nil {
		e.Close()
		t.Fatal("a log of 64 MiB fits on a disk of 4")
	}
	for _, want := range []string{"log/0000000000000001.log needs 67112960 bytes", "free space"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("open: %v; want %q in it", err, want)
		}
	}
	o.SegmentBytes = 64 << 10
	e = open(t, o)
	if problems, err := e.Check(background, quiet); err != nil || len(problems) > 0 {
		t.Errorf("check: %v, %v", problems, err)
	}
}

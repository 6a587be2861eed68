package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
)

func readBlob(tb testing.TB, e *engine.Engine, t engine.Tenant, name engine.BlobName) []byte {
	tb.Helper()
	content, err := tryBlob(e, t, name)
	if err != nil {
		tb.Fatal(err)
	}
	return content
}

func tryBlob(e *engine.Engine, t engine.Tenant, name engine.BlobName) ([]byte, error) {
	r, err := e.Blobs.Open(background, t, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func putBlob(tb testing.TB, e *engine.Engine, t engine.Tenant, content []byte) engine.BlobName {
	tb.Helper()
	name, err := e.Blobs.Put(background, t, bytes.NewReader(content))
	if err != nil {
		tb.Fatal(err)
	}
	return name
}

func reference(tb testing.TB, e *engine.Engine, t engine.Tenant, name engine.BlobName) error {
	tb.Helper()
	return e.Store.Update(background, t, func(tx *engine.Tx) error { return e.Blobs.Reference(tx, name) })
}

func noise(seed uint64, size int) []byte {
	b := make([]byte, size)
	chacha := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = chacha.Read(b)
	return b
}

const mebi = 1 << 20

// onDisk opens an engine whose log and blobs are on a simulated disk.
func onDisk(tb testing.TB) (*engine.Engine, *enginetest.Disk) {
	tb.Helper()
	d := enginetest.NewDisk(enginetest.Seed())
	dir := memory(tb)
	tb.Cleanup(func() { os.RemoveAll(dir) })
	o := storeOptions(dir)
	o.FS = d
	return open(tb, o), d
}

func TestBlobSizes(t *testing.T) {
	e, _ := onDisk(t)
	acme := tenant(t, e, "acme")
	for _, size := range []int{0, 1, 4095, mebi - 1, mebi, mebi + 1, 2*mebi + 7, 3 * mebi} {
		content := noise(1, size)
		name := putBlob(t, e, acme, content)
		r, err := e.Blobs.Open(background, acme, name)
		if err != nil {
			t.Fatal(err)
		}
		if r.Size() != int64(size) {
			t.Errorf("the blob of %d bytes says it has %d", size, r.Size())
		}
		if err := iotest.TestReader(r, content); size < mebi && err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		demandSeeks(t, r, content)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// demandSeeks reads from many places, over the borders of chunks.
func demandSeeks(t *testing.T, r io.ReadSeeker, content []byte) {
	t.Helper()
	rng := rand.New(rand.NewPCG(enginetest.Seed(), uint64(len(content))))
	size := len(content)
	for _, at := range []int{0, size, size + 1, size + 3*mebi, max(0, size-1), min(size, mebi-1), min(size, mebi), rng.IntN(size + 1), rng.IntN(size + 1)} {
		if got, err := r.Seek(int64(at-size), io.SeekEnd); err != nil || got != int64(at) {
			t.Fatalf("seek to %d of %d: %d, %v", at, size, got, err)
		}
		want := content[min(at, size):min(at+5000, size)]
		got := make([]byte, 5000)
		n, err := io.ReadFull(iotest.HalfReader(r), got)
		if !bytes.Equal(got[:n], want) || err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			t.Errorf("%d bytes at %d of %d: %v, expected were %d", n, at, size, err, len(want))
		}
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("a seek before the start succeeds")
	}
}

func TestBlobsKeepEqualContentOnce(t *testing.T) {
	e, d := onDisk(t)
	acme, other := tenant(t, e, "acme"), tenant(t, e, "other")
	content := noise(2, 5000)
	a, b, c := putBlob(t, e, acme, content), putBlob(t, e, acme, content), putBlob(t, e, other, content)
	if a != b {
		t.Errorf("equal content of one tenant has the names %v and %v", a, b)
	}
	if a == c {
		t.Error("equal content of two tenants has one name, which tells each what the other has")
	}
	if names, _ := d.List("blobs"); len(names) != 2 {
		t.Errorf("two tenants have the files %v", names)
	}
	if _, err := tryBlob(e, other, a); err == nil {
		t.Error("a tenant reads another's blob by its name")
	}
}

// TestBlobsCollect counts references with the clock of a synctest bubble, in
// which the collector's minutes pass at once.
func TestBlobsCollect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, d := onDisk(t)
		acme := tenant(t, e, "acme")
		name := putBlob(t, e, acme, noise(3, 100))
		there := func(want bool, when string) {
			t.Helper()
			_, err := tryBlob(e, acme, name)
			if want != (err == nil) || err != nil && !errors.Is(err, engine.ErrBlobGone) {
				t.Errorf("%s: %v", when, err)
			}
			if file := d.Bytes("blobs/" + name.String()); want != (file != nil) {
				t.Errorf("%s: a file of %d bytes", when, len(file))
			}
		}
		pass := func(d time.Duration) { time.Sleep(d); synctest.Wait() } // in the bubble's time
		pass(9 * time.Minute)
		there(true, "9 minutes after Put")
		putBlob(t, e, acme, noise(3, 100))
		pass(9 * time.Minute)
		there(true, "9 minutes after the second Put")
		for range 2 {
			if err := reference(t, e, acme, name); err != nil {
				t.Fatal(err)
			}
		}
		pass(time.Hour)
		there(true, "with two references")
		release := func() error {
			now := e.Clock.Now()
			return e.Store.Update(background, acme, func(tx *engine.Tx) error { return e.Blobs.Release(tx, name, now) })
		}
		if err := release(); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		there(true, "with one reference")
		if err := release(); err != nil {
			t.Fatal(err)
		}
		if err := release(); !errors.Is(err, engine.ErrBlobGone) {
			t.Errorf("a release without a reference: %v", err)
		}
		pass(9 * time.Minute)
		there(true, "9 minutes without a reference")
		pass(3 * time.Minute)
		there(false, "12 minutes without a reference")
		if err := reference(t, e, acme, name); !errors.Is(err, engine.ErrBlobGone) {
			t.Errorf("a reference to a blob that is gone: %v", err)
		}
		putBlob(t, e, acme, noise(3, 100))
		there(true, "put again")
	})
}

// TestBlobsPutWhileCollecting races Put and Reference of content that is due
// to be collected against the collector: what was referred to must be there.
func TestBlobsPutWhileCollecting(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			e, _ := onDisk(t)
			acme := tenant(t, e, "acme")
			content := noise(seed, 300)
			putBlob(t, e, acme, content)
			// the collector ticks each minute; this wakes with its eleventh
			time.Sleep(11 * time.Minute)
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					name, err := e.Blobs.Put(background, acme, bytes.NewReader(content))
					if err == nil {
						err = reference(t, e, acme, name)
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			time.Sleep(time.Hour)
			readBlob(t, e, acme, putBlob(t, e, acme, content))
		})
	}
}

// held is content whose second reading waits, as that of a slow disk does.
type held struct {
	*bytes.Reader
	reading func()
	seeks   int
}

func (h *held) Seek(offset int64, whence int) (int64, error) {
	if h.seeks++; h.seeks == 2 {
		h.reading()
	}
	return h.Reader.Seek(offset, whence)
}

// TestBlobsSideBySide puts 100 contents, none of which ends before all are
// being read: content that comes slowly holds up no other.
func TestBlobsSideBySide(t *testing.T) {
	e, _ := onDisk(t)
	acme := tenant(t, e, "acme")
	var puts, reading sync.WaitGroup
	const count = 100
	reading.Add(count)
	for i := range uint64(count) {
		puts.Go(func() {
			content := &held{Reader: bytes.NewReader(noise(i, 200)), reading: func() { reading.Done(); reading.Wait() }}
			if _, err := e.Blobs.Put(background, acme, content); err != nil {
				t.Error(err)
			}
		})
	}
	puts.Wait()
}

// TestBlobsTakeTurns puts one content twice: the second waits for the first,
// and no longer than its context lets it.
func TestBlobsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := onDisk(t)
		acme := tenant(t, e, "acme")
		content := noise(7, 200)
		goOn := make(chan struct{})
		var puts sync.WaitGroup
		put := func(ctx context.Context, r io.ReadSeeker, want error) {
			puts.Go(func() {
				if _, err := e.Blobs.Put(ctx, acme, r); !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
			})
			synctest.Wait()
		}
		put(background, &held{Reader: bytes.NewReader(content), reading: func() { <-goOn }}, nil)
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		put(ctx, bytes.NewReader(content), context.DeadlineExceeded)
		time.Sleep(2 * time.Second) // of the bubble's clock
		put(background, bytes.NewReader(content), nil)
		close(goOn)
		puts.Wait()
		readBlob(t, e, acme, putBlob(t, e, acme, content))
	})
}

// TestBlobDamage changes files behind the engine's back.
func TestBlobDamage(t *testing.T) {
	e, d := onDisk(t)
	acme := tenant(t, e, "acme")
	small, large, equal := putBlob(t, e, acme, noise(4, 50)), putBlob(t, e, acme, noise(5, 2*mebi+100)), putBlob(t, e, acme, noise(6, 50))
	f := func(name string, blob engine.BlobName, data []byte) {
		t.Helper()
		path := "blobs/" + blob.String()
		before := d.Bytes(path)
		defer d.SetBytes(path, before)
		d.SetBytes(path, data)
		_, err := tryBlob(e, acme, blob)
		var corrupt *engine.CorruptError
		if !errors.As(err, &corrupt) || corrupt.File != path {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := d.Bytes("blobs/" + small.String())
	for at := range whole {
		for bit := range 8 {
			f("a flipped bit", small, flip(whole, at, bit))
		}
		f("its end cut off", small, whole[:at])
	}
	f("a byte more", small, append(bytes.Clone(whole), 0))
	f("the file of another blob", small, d.Bytes("blobs/"+equal.String()))
	const head, step = 8, mebi + 41
	whole = d.Bytes("blobs/" + large.String())
	first, second, last := whole[head:head+step], whole[head+step:head+2*step], whole[head+2*step:]
	chunks := func(parts ...[]byte) []byte { return append(bytes.Clone(whole[:head]), bytes.Join(parts, nil)...) }
	f("ErrReordered", large, chunks(second, first, last))
	f("ErrRepeated", large, chunks(first, first, last))
	f("ErrCutAtChunk", large, chunks(first, second))
	f("ErrFirstGone", large, chunks(second, last))
	f("ErrMiddleGone", large, chunks(first, last))
	f("ErrContinued", large, chunks(first, second, last, last))
	f("ErrEmpty", large, chunks())
	if got := readBlob(t, e, acme, large); !bytes.Equal(got, noise(5, 2*mebi+100)) {
		t.Error("the undamaged blob is another one")
	}
}

// TestBlobReaderAfterDamage goes on with a reader that met a damaged chunk.
func TestBlobReaderAfterDamage(t *testing.T) {
	e, d := onDisk(t)
	acme := tenant(t, e, "acme")
	content := noise(7, mebi+500)
	name := putBlob(t, e, acme, content)
	path := "blobs/" + name.String()
	whole := d.Bytes(path)
	d.SetBytes(path, flip(whole, len(whole)-1, 0))
	r, err := e.Blobs.Open(background, acme, name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := make([]byte, 100)
	for range 2 {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, content[:100]) {
			t.Errorf("the whole chunk before a damaged one: %v, %x", err, got[:8])
		}
		if _, err := r.Seek(mebi, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Read(got); err == nil {
			t.Error("the damaged chunk is read")
		}
	}
}

// TestBlobPutFails lets each step of a Put fail once. Whatever a Put after it
// acknowledges must outlive a power cut, and no file may be left behind.
func TestBlobPutFails(t *testing.T) {
	for _, op := range []string{"open", "write", "sync", "rename", "syncdir"} {
		t.Run("Err"+strings.ToUpper(op[:1])+op[1:], func(t *testing.T) {
			d := enginetest.NewDisk(enginetest.Seed())
			o := storeOptions(filepath.Join(t.TempDir(), "data"))
			o.FS = d
			e, err := engine.Open(background, o)
			if err != nil {
				t.Fatal(err)
			}
			acme := tenant(t, e, "acme")
			content := noise(8, 600)
			armed := op != "open" // the first open only looks whether the file is there
			failed := false
			d.OnOp(func(is, name string) error {
				if is != op || !strings.HasPrefix(name, "blobs") || failed {
					return nil
				}
				if !armed {
					armed = true
					return nil
				}
				failed = true
				return syscall.EIO
			})
			if _, err := e.Blobs.Put(background, acme, bytes.NewReader(content)); err == nil {
				t.Error("a failed Put is acknowledged")
			}
			name, err := e.Blobs.Put(background, acme, bytes.NewReader(content))
			if err == nil {
				err = reference(t, e, acme, name)
			}
			acknowledged := err == nil
			if err != nil && !errors.Is(err, engine.ErrPoisoned) {
				t.Error(err)
			}
			o.FS = d.Crash()
			_ = e.Close() // without power
			e = open(t, o)
			acme, _ = e.Tenants.Lookup("acme")
			if acknowledged && !bytes.Equal(readBlob(t, e, acme, name), content) {
				t.Error("another content")
			}
			if names, _ := o.FS.List("blobs"); !acknowledged && len(names) > 0 {
				t.Errorf("left behind: %v", names)
			}
		})
	}
}

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"quintet/engine"
	"quintet/engine/enginetest"
)

// lifeTally counts what the lives of an engine on a simulated disk came to.
type lifeTally struct{ cuts, kills, clean, appended, blobs, released, refused, faults, openCut int }

// cutDisk lets an engine write events and blobs to a simulated disk until the
// power is cut, the process killed or the engine closed, twice, and demands
// after each end that everything acknowledged is there.
func cutDisk(t *testing.T, seed uint64, tally *lifeTally) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			t: t, rng: rand.New(rand.NewPCG(seed, 8)), disk: enginetest.NewDisk(seed), dir: memory(t), lifeTally: tally,
			events: map[uint64]string{}, blobs: map[engine.BlobName][]byte{}, refs: map[engine.BlobName]int{},
		}
		defer os.RemoveAll(w.dir)
		for range 2 {
			w.live()
			w.demand()
		}
	})
}

// world is one seed: a disk, a folder for what needs a real file, the engine
// on both, and what the outside knows of it.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	disk  *enginetest.Disk
	dir   string
	gate  *enginetest.Gate
	e     *engine.Engine
	acme  engine.Tenant
	calls sync.WaitGroup
	*lifeTally

	mu      sync.Mutex
	made    bool                       // the tenant was acknowledged
	busy    int                        // calls under way
	putting bool                       // one Put at a time: a second may wait on a mutex, which is no idleness
	lastID  uint64                     // of the events and blobs that were tried
	events  map[uint64]string          // acknowledged, by sequence
	blobs   map[engine.BlobName][]byte // that were put
	refs    map[engine.BlobName]int    // acknowledged references
}

func (w *world) options() engine.Options {
	o := storeOptions(w.dir)
	o.FS = w.disk
	return o
}

// live opens the engine, uses it and ends it.
func (w *world) live() {
	w.gate = new(enginetest.Gate)
	w.disk.OnOp(w.gate.Enter)
	switch w.rng.IntN(6) {
	case 0, 1:
		w.disk.FailSync(1 + w.rng.IntN(60))
	case 2:
		w.disk.OnOp(w.failOnce(1 + w.rng.IntN(120)))
	}
	var failed error
	ready := false
	w.calls.Go(func() {
		failed = w.open()
		ready = failed == nil
	})
	for range 10 + w.rng.IntN(150) {
		synctest.Wait()
		if ready && w.underWay() < 6 && w.rng.IntN(3) == 0 {
			w.startCall()
		} else {
			w.gate.Pass(w.rng)
		}
	}
	synctest.Wait()
	if !ready {
		w.openCut++
	}
	w.end()
	var corrupt *engine.CorruptError
	if errors.As(failed, &corrupt) {
		w.t.Errorf("open refused what a stop left: %v", failed)
	}
}

// failOnce lets the n-th operation of the disk fail, whatever it is.
func (w *world) failOnce(n int) func(op, name string) error {
	return func(op, name string) error {
		err := w.gate.Enter(op, name)
		w.mu.Lock()
		defer w.mu.Unlock()
		if n--; n == 0 && err == nil {
			w.faults++
			return syscall.EIO
		}
		return err
	}
}

func (w *world) open() (err error) {
	if w.e, err = engine.Open(background, w.options()); err != nil {
		return err
	}
	if w.acme, err = w.e.Tenants.Lookup("acme"); err == nil {
		return nil
	}
	w.acme, err = w.e.Tenants.Create(background, "acme", func(*engine.Tx) error { return nil })
	w.made = w.made || err == nil
	return err
}

// end stops the engine and leaves w.disk and w.dir as the next process finds
// them. What it does after the cut reaches only the folder, as if it had come
// before.
func (w *world) end() {
	after, unclean := w.disk, true
	switch w.rng.IntN(4) {
	case 0:
		w.clean++
		unclean = false
	case 1:
		w.gate.Fail(errors.New("killed"))
		w.kills++
	default:
		after = w.disk.Crash()
		w.cuts++
	}
	w.drain()
	if w.e != nil {
		w.calls.Go(func() { _ = w.e.Close() }) // an error where a sync failed
		w.drain()
	}
	w.calls.Wait()
	if unclean {
		if err := os.WriteFile(filepath.Join(w.dir, "running"), nil, 0o600); err != nil {
			w.t.Error(err)
		}
	}
	w.disk.OnOp(nil)
	w.disk.FailSync(0)
	w.disk, w.e = after, nil
}

// drain lets everything pass until nothing is under way.
func (w *world) drain() {
	for passed := true; passed; {
		synctest.Wait()
		passed = w.gate.Pass(w.rng)
	}
}

func (w *world) underWay() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.busy
}

func (w *world) startCall() {
	w.lastID++
	id := w.lastID
	call := func() error { return w.appendEvent(id) }
	switch w.rng.IntN(5) {
	case 0:
		call = func() error { return w.putBlob(id) }
	case 1: // the same content as an earlier one
		earlier := 1 + w.rng.Uint64N(id)
		call = func() error { return w.putBlob(earlier) }
	case 2:
		call = w.releaseBlob
	}
	w.mu.Lock()
	w.busy++
	w.mu.Unlock()
	w.calls.Go(func() {
		err := call()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.busy--
		if err != nil {
			w.refused++
		}
	})
}

// filling depends on id to the last byte.
func filling(id uint64, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(id) + byte(i>>8) ^ byte(i)
	}
	return append(b, fmt.Sprint(id)...)
}

func eventText(id uint64) string { return string(filling(id, int(id*37%600))) }

func (w *world) appendEvent(id uint64) error {
	b := engine.EventBatch{Stream: engine.ID{byte(id % 3)}, Count: 1, ProducerSeq: id, Data: []byte(eventText(id))}
	r, err := w.e.Events.Append(background, w.acme, b)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.appended++
	w.events[r.Sequence] = eventText(id)
	return nil
}

func (w *world) putBlob(id uint64) error {
	w.mu.Lock()
	if w.putting {
		w.mu.Unlock()
		return nil
	}
	w.putting = true
	w.mu.Unlock()
	content := filling(id, int(id*997%3000))
	name, err := w.e.Blobs.Put(background, w.acme, bytes.NewReader(content))
	w.mu.Lock()
	w.putting = false
	if err == nil {
		w.blobs[name] = content
	}
	w.mu.Unlock()
	if err != nil {
		return err
	}
	err = w.e.Store.Update(background, w.acme, func(tx *engine.Tx) error {
		if err := w.e.Blobs.Reference(tx, name); err != nil {
			return err
		}
		n := w.count(tx, name)
		tx.Put(things, name[:], binary.BigEndian.AppendUint64(nil, n+1))
		return nil
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.lifeTally.blobs++
		w.refs[name]++
	}
	return err
}

func (w *world) count(tx *engine.Tx, name engine.BlobName) uint64 {
	if b := tx.Get(things, name[:]); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// releaseBlob takes one reference back that is known to be there.
func (w *world) releaseBlob() error {
	w.mu.Lock()
	var names []engine.BlobName
	for name, n := range w.refs {
		if n > 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		w.mu.Unlock()
		return nil
	}
	name := slices.MinFunc(names, func(a, b engine.BlobName) int { return bytes.Compare(a[:], b[:]) })
	w.refs[name]-- // whatever comes: nobody relies on it any more
	w.mu.Unlock()
	err := w.e.Store.Update(background, w.acme, func(tx *engine.Tx) error {
		tx.Put(things, name[:], binary.BigEndian.AppendUint64(nil, w.count(tx, name)-1))
		return w.e.Blobs.Release(tx, name, w.e.Clock.Now())
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.released++
	}
	return err
}

// demand opens what the end left and holds it against what is known.
func (w *world) demand() {
	e, err := engine.Open(background, w.options())
	if err != nil {
		w.t.Errorf("open after the end: %v", err)
		return
	}
	defer func() {
		if err := e.Close(); err != nil {
			w.t.Error(err)
		}
	}()
	acme, err := e.Tenants.Lookup("acme")
	if err != nil {
		if w.made {
			w.t.Error("the tenant is lost")
		}
		return
	}
	w.demandEvents(e)
	w.demandBlobs(e, acme)
}

func (w *world) demandEvents(e *engine.Engine) {
	found := map[uint64]string{}
	_, err := e.Events.Read(background, e.Events.First(), func(r engine.EventRecord) error {
		if string(r.Data) != eventText(r.ProducerSeq) {
			w.t.Errorf("the event at %d is not as it was appended", r.Sequence)
		}
		found[r.Sequence] = string(r.Data)
		return nil
	})
	if err != nil {
		w.t.Error(err)
	}
	for sequence, text := range w.events {
		if found[sequence] != text {
			w.t.Errorf("the event at %d is lost or another one", sequence)
		}
	}
}

// demandBlobs wants each blob that has a record whole, and each file to have
// a record.
func (w *world) demandBlobs(e *engine.Engine, acme engine.Tenant) {
	records, refs := map[string]bool{}, map[engine.BlobName]uint64{}
	err := e.Store.View(context.Background(), acme, func(v *engine.View) error {
		for key := range v.Keys("engine.blobs", nil, nil) {
			records[engine.BlobName(key).String()] = true
		}
		for key, n := range v.Scan(things, nil, nil) {
			refs[engine.BlobName(key)] = binary.BigEndian.Uint64(n)
		}
		return nil
	})
	if err != nil {
		w.t.Error(err)
	}
	for name, content := range w.blobs {
		if refs[name] < uint64(max(w.refs[name], 0)) {
			w.t.Errorf("blob %v has %d references, %d were acknowledged", name, refs[name], w.refs[name])
		}
		if refs[name] > 0 && !records[name.String()] {
			w.t.Errorf("blob %v has references and no record", name)
		}
		if records[name.String()] && !bytes.Equal(readBlob(w.t, e, acme, name), content) {
			w.t.Errorf("blob %v is not as it was put", name)
		}
	}
	names, err := w.disk.List("blobs")
	if err != nil {
		w.t.Error(err)
	}
	for _, name := range names {
		if !records[name] {
			w.t.Errorf("blobs/%s belongs to nothing", name)
		}
	}
}

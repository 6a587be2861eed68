package engine_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	bolt "go.etcd.io/bbolt"

	"quintet/engine"
	"quintet/engine/enginetest"
)

// TestPowerCut cuts the power of a whole engine: one seed in five in the
// middle of a commit of the store, the others while the log and the blobs
// write to a simulated disk.
func TestPowerCut(t *testing.T) {
	var cuts cutTally
	var lives lifeTally
	enginetest.Seeds(t, func(seed uint64) {
		if seed%5 == 0 {
			synctest.Test(t, func(t *testing.T) { cutStore(t, seed, &cuts) })
		} else {
			cutDisk(t, seed, &lives)
		}
	})
	t.Logf("store: %+v", cuts)
	t.Logf("disk: %+v", lives)
}

// memory returns an empty folder, in memory where there is such a place: what
// these tests lose they lose by themselves, and need not wait for a real disk.
func memory(tb testing.TB) string {
	tb.Helper()
	if _, err := os.Stat("/dev/shm"); err != nil {
		return tb.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "quintet")
	if err != nil {
		return tb.TempDir()
	}
	return dir
}

// cutTally counts what the cuts of the store left.
type cutTally struct{ commits, before, after, torn, grown int }

// state is the store's file after a commit, and what it then must contain.
type state struct {
	file  []byte
	model map[string]string // tenant, bucket and key → value
	acked map[int]bool      // updates that had returned before the next commit
	made  bool              // the tenant is there
}

// history records every state that the store goes through.
type history struct {
	mu     sync.Mutex
	path   string
	states []state
	acked  map[int]bool
}

// storeOptions keep the file small, so that a seed copies little.
func storeOptions(dir string) engine.Options {
	return engine.Options{Dir: dir, MaxStore: 512 << 10, Reserve: 4 << 10, Headroom: 1, SegmentBytes: 4096}
}

// cutStore writes a few updates, cuts the power in the middle of one commit
// and demands the state before it or after it, and nothing else.
func cutStore(t *testing.T, seed uint64, tally *cutTally) {
	rng := rand.New(rand.NewPCG(seed, 5))
	dir := memory(t)
	defer os.RemoveAll(dir)
	e, err := engine.Open(background, storeOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	h := &history{path: filepath.Join(dir, "store.db"), acked: map[int]bool{}}
	if err := e.Store.Observe(background, h.observer()); err != nil {
		t.Fatal(err)
	}
	acme := tenant(t, e, "acme") // the first commit, which makes the file grow
	h.write(t, e, acme, rng)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	tally.commits += len(h.states) - 1
	for range 2 {
		i := rng.IntN(len(h.states) - 1)
		before, after := h.states[i], h.states[i+1]
		file, lawful := compose(rng, before, after, tally)
		demandStore(t, dir, file, lawful, tally)
	}
}

func (h *history) observer() *engine.Observer {
	return &engine.Observer{
		Name:    "history",
		Rebuild: func(*engine.View) error { return h.record(nil) },
		Apply: func(c engine.Commit) {
			if err := h.record(c.Writes); err != nil {
				panic(err)
			}
		},
	}
}

func (h *history) record(writes []engine.Write) error {
	file, err := os.ReadFile(h.path)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	next := state{file: file, model: map[string]string{}}
	if n := len(h.states); n > 0 {
		h.states[n-1].acked = maps.Clone(h.acked)
		next.model, next.made = maps.Clone(h.states[n-1].model), true
	}
	for _, w := range writes {
		at := modelKey(w.Tenant, w.Bucket, w.Key())
		switch {
		case w.Bucket != things && w.Bucket != marks: // the engine's own
		case w.Deleted:
			delete(next.model, at)
		default:
			next.model[at] = string(w.Value)
		}
	}
	next.acked = maps.Clone(h.acked)
	h.states = append(h.states, next)
	return nil
}

func modelKey(t engine.Tenant, b engine.Bucket, key []byte) string {
	return fmt.Sprintf("%s %s %x", t.Name(), b, key)
}

// write has callers put and delete documents together with their index. The
// first holds its group up until all others wait for the next one, so that a
// seed fixes what each commit contains.
func (h *history) write(t *testing.T, e *engine.Engine, acme engine.Tenant, rng *rand.Rand) {
	for round := range 3 {
		var wg sync.WaitGroup
		hold := make(chan struct{})
		for caller := range 1 + rng.IntN(4) {
			id, seed := round*10+caller, rng.Uint64()
			wg.Go(func() {
				if err := e.Store.Update(background, acme, func(tx *engine.Tx) error {
					if caller == 0 {
						<-hold
					}
					mutate(tx, id, rand.New(rand.NewPCG(seed, 6)))
					return nil
				}); err != nil {
					t.Error(err)
				}
				h.mu.Lock()
				defer h.mu.Unlock()
				h.acked[id] = true
			})
			synctest.Wait()
		}
		close(hold)
		wg.Wait()
	}
}

// mutate puts a mark of the update and moves up to 20 documents, each with an
// entry in a second bucket.
func mutate(tx *engine.Tx, id int, rng *rand.Rand) {
	tx.Platform().Put(marks, []byte{byte(id)}, []byte{1})
	for range rng.IntN(20) {
		key := []byte{byte(rng.IntN(40))}
		if rng.IntN(3) == 0 {
			tx.Delete(things, key)
			tx.Delete(marks, key)
			continue
		}
		value := bytes.Repeat([]byte{byte(rng.Uint32())}, 1+rng.IntN(1500))
		tx.Put(things, key, value)
		tx.Put(marks, key, value[:1])
	}
}

// compose makes the file that a power cut leaves of a commit, and returns it
// with the states that it may then stand for. bbolt writes its data pages,
// syncs, writes one of the two meta pages at the start of the file, syncs.
func compose(rng *rand.Rand, before, after state, tally *cutTally) (file []byte, lawful []state) {
	const sector = enginetest.SectorSize
	metas := 2 * os.Getpagesize()
	file = bytes.Clone(before.file)
	if len(after.file) > len(file) {
		tally.grown++
		if rng.IntN(2) == 0 {
			file = append(file, make([]byte, len(after.file)-len(file))...)
		}
	}
	inMeta := rng.IntN(2) == 0
	if inMeta {
		copy(file, before.file[:metas])
		file = append(file[:metas], after.file[metas:]...)
	}
	for from := 0; from < len(after.file); from += sector {
		if (from < metas) != inMeta || rng.IntN(2) == 0 {
			continue
		}
		from, to := from, from+sector
		if rng.IntN(4) == 0 { // torn
			tally.torn++
			at := from + rng.IntN(sector)
			if rng.IntN(2) == 0 {
				from = at
			} else {
				to = at
			}
		}
		if to > len(file) {
			file = append(file, make([]byte, to-len(file))...)
		}
		copy(file[from:to], after.file[from:to])
	}
	if inMeta {
		return file, []state{before, after}
	}
	return file, []state{before}
}

// demandStore opens the folder with another store in it.
func demandStore(t *testing.T, dir string, file []byte, lawful []state, tally *cutTally) {
	t.Helper()
	cut := memory(t)
	defer os.RemoveAll(cut)
	if err := os.CopyFS(cut, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"store.db": file, "running": nil} {
		if err := os.WriteFile(filepath.Join(cut, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e, err := engine.Open(background, storeOptions(cut))
	if err != nil {
		t.Fatalf("open after a power cut: %v", err)
	}
	tenants := append(e.Tenants.List(), e.Tenants.Platform())
	if lawful[0].made && len(tenants) < 2 {
		t.Error("the tenant is lost")
	}
	found := map[string]string{}
	for _, who := range tenants {
		maps.Copy(found, modelOf(t, e, who))
	}
	switch i := slices.IndexFunc(lawful, func(s state) bool { return maps.Equal(s.model, found) }); i {
	case 0:
		tally.before++
	case 1:
		tally.after++
	default:
		t.Errorf("the store has %d values and stands for neither the state before nor the state after", len(found))
	}
	for id := range lawful[0].acked {
		if _, ok := found[modelKey(e.Tenants.Platform(), marks, []byte{byte(id)})]; !ok {
			t.Errorf("update %d was acknowledged and is lost", id)
		}
	}
	update(t, e, tenants[0], func(tx *engine.Tx) { tx.Put(things, []byte("alive"), []byte("yes")) })
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	demandWholePages(t, filepath.Join(cut, "store.db"))
}

// modelOf reads what mutate writes.
func modelOf(t *testing.T, e *engine.Engine, who engine.Tenant) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := e.Store.View(background, who, func(v *engine.View) error {
		for _, b := range []engine.Bucket{things, marks} {
			for key, value := range v.Scan(b, nil, nil) {
				found[modelKey(who, b, key)] = string(value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// demandWholePages runs bbolt's own check.
func demandWholePages(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bolt.Tx) error {
		for err := range tx.Check() {
			t.Error(err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

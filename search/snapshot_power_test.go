package search_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"quintet/engine"
	"quintet/engine/enginetest"
)

// picture is what was on the disks right after a commit.
type picture struct {
	store []byte
	size  int64
	files *enginetest.Disk
}

// filmed is a bed on a simulated disk, of which every commit makes a picture.
type filmed struct {
	*bed
	disk     *enginetest.Disk
	mu       sync.Mutex
	rolling  bool
	pictures []picture
}

func newFilmed(t *testing.T, seed uint64) *filmed {
	f := &filmed{disk: enginetest.NewDisk(seed)}
	f.bed = &bed{t: t, dir: filepath.Join(memory(t), "data"), files: f.disk, model: &fake{}}
	f.open()
	t.Cleanup(f.close)
	must(t, f.e.Store.Observe(background, &engine.Observer{
		Name: "camera", Rebuild: func(*engine.View) error { return nil },
		Apply: func(engine.Commit) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.rolling {
				f.shoot()
			}
		},
	}))
	return f
}

func (f *filmed) shoot() {
	image, size := f.storeBytes()
	f.pictures = append(f.pictures, picture{image, size, f.disk.Clone()})
}

// film runs an operation and pictures the moment before it and each commit.
func (f *filmed) film(op func()) {
	f.mu.Lock()
	f.pictures, f.rolling = nil, true
	f.shoot()
	f.mu.Unlock()
	op()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rolling = false
}

// cut opens what is left where the power fails in the commit of a picture, or
// right after it.
func (f *filmed) cut(rng *rand.Rand, n int, survived bool) *bed {
	f.t.Helper()
	p := f.pictures[n]
	image := p.store
	if !survived {
		image = halfWritten(rng, f.pictures[n-1].store, p.store)
	}
	b := &bed{t: f.t, dir: filepath.Join(filepath.Dir(f.dir), fmt.Sprint(rng.Uint64())), files: p.files.Crash(), model: &fake{}}
	must(f.t, os.MkdirAll(b.dir, 0o700))
	must(f.t, os.WriteFile(filepath.Join(b.dir, "running"), nil, 0o600)) // nobody closed it
	must(f.t, os.WriteFile(filepath.Join(b.dir, storeFile), image, 0o600))
	must(f.t, os.Truncate(filepath.Join(b.dir, storeFile), p.size))
	b.open()
	return b
}

// TestSnapshotPowerCut cuts the power in every commit of making a snapshot, of
// deleting it and of a restore, and right after it. Until its last commit
// nothing of it is there, from then on all of it, and the sweep removes the rest.
func TestSnapshotPowerCut(t *testing.T) {
	seeds := uint64(1)
	if os.Getenv("QUINTET_LONG") == "1" {
		seeds = 200
	}
	cuts := 0
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 13))
		f := newFilmed(t, seed)
		f.define("c", `{}`)
		f.populate(rng, "c", 130, snapshotKinds[0].members)
		documents, want := f.keys("search.documents"), f.answers("acme", "c")
		var id, file string
		there := func(b *bed, path string) bool { return b.do("GET", path, "").status == 200 }
		each := func(what string, op func(), verify func(b *bed, done bool)) {
			f.film(op)
			if len(f.pictures) < 2 {
				t.Fatalf("%s: no commit was seen", what)
			}
			for n := 1; n < len(f.pictures); n++ {
				for _, survived := range []bool{false, true} {
					b := f.cut(rng, n, survived)
					b.check()
					done := n == len(f.pictures)-1 && survived
					verify(b, done)
					b.close()
					must(t, os.RemoveAll(b.dir))
					if cuts++; t.Failed() {
						t.Fatalf("seed %d: %s, commit %d of %d, which survived: %v", seed, what, n, len(f.pictures)-1, survived)
					}
				}
			}
		}
		each("create", func() { id, file = f.snapshot("c") }, func(b *bed, done bool) {
			path := "/v1/collections/c/snapshots/" + id
			if there(b, path) != done {
				t.Errorf("the snapshot is there: %v", !done)
			}
			parts := 0
			if done {
				parts = 1
				if got := b.do("GET", path, "").body; string(got) != file {
					t.Error("its file is another")
				}
			}
			b.wantNothingLeft(documents, parts, parts)
		})
		each("restore", func() { f.do("POST", "/v1/collections/r/restore", file, octets...).want(201) }, func(b *bed, done bool) {
			if there(b, "/v1/collections/r") != done {
				t.Errorf("the collection is there: %v", !done)
			}
			total := documents
			if done {
				total *= 2
				if diff := differ(b.answers("acme", "r"), want); diff != "" {
					t.Error(diff)
				}
			}
			b.wantNothingLeft(total, 1, 1)
		})
		each("delete", func() { f.do("DELETE", "/v1/collections/c/snapshots/"+id, "").want(204) }, func(b *bed, done bool) {
			parts := 1
			if done {
				parts = 0
			}
			b.wantNothingLeft(2*documents, parts, parts)
		})
		f.do("POST", "/v1/collections/c/snapshots", "").want(201)
		each("drop", func() { f.do("DELETE", "/v1/collections/c", "").want(204) }, func(b *bed, done bool) {
			left, parts := 2*documents, 1
			if done {
				left, parts = documents, 0
			}
			b.wantNothingLeft(left, parts, parts)
		})
		f.define("c", `{}`)
		each("sweep", func() { must(t, f.s.Sweep(background)) }, func(b *bed, _ bool) { b.wantNothingLeft(documents, 0, 0) })
	}
	t.Logf("%d cuts", cuts)
}

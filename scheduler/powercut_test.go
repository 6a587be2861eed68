package scheduler_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

	"quintet/engine"
)

// powerCut runs f, which commits at most once, and opens a folder in which the
// power was cut during that commit. It reports whether the commit survived.
func (b *bed) powerCut(rng *rand.Rand, open, f func()) (survived bool) {
	b.t.Helper()
	old, _ := b.storeBytes()
	cut, err := os.MkdirTemp(filepath.Dir(b.dir), "cut-")
	must(b.t, err)
	before := b.copyFolder(cut)
	f()
	image, size := b.storeBytes()
	if survived = rng.IntN(2) == 0; !survived {
		image = halfWritten(rng, old, image)
	}
	b.close()
	must(b.t, os.WriteFile(filepath.Join(before, storeFile), image, 0o600))
	must(b.t, os.Truncate(filepath.Join(before, storeFile), size))
	must(b.t, os.RemoveAll(b.dir))
	b.dir = before
	open()
	return survived
}

// recorder follows the commits of a store: what each wrote, and the file that
// it left. It keeps nothing unless it is on.
type recorder struct {
	b  *bed
	mu sync.Mutex
	on bool

	commits []recorded
	failed  error
}

type recorded struct {
	writes []engine.Write
	image  []byte
}

// record makes the recorder of a bed's engine.
func (b *bed) record() *recorder {
	b.t.Helper()
	r := &recorder{b: b}
	must(b.t, b.e.Store.Observe(context.Background(), &engine.Observer{
		Name: "recorder", Rebuild: func(*engine.View) error { return nil }, Apply: r.apply,
	}))
	return r
}

func (r *recorder) apply(c engine.Commit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on {
		return
	}
	one := recorded{}
	for _, w := range c.Writes {
		w.Value = bytes.Clone(w.Value)
		one.writes = append(one.writes, w)
	}
	var err error
	one.image, err = usedPages(filepath.Join(r.b.dir, storeFile))
	r.commits, r.failed = append(r.commits, one), errors.Join(r.failed, err)
}

// of returns the commits that f makes.
func (r *recorder) of(f func()) []recorded {
	r.mu.Lock()
	r.on, r.commits = true, nil
	r.mu.Unlock()
	f()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = false
	must(r.b.t, r.failed)
	return r.commits
}

// usedPages reads the pages of a store that are in use: bbolt's two roots, in
// the pages 0 and 1, tell at byte 56 how many there are.
func usedPages(name string) ([]byte, error) {
	const page = 4096
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	roots := make([]byte, 2*page)
	if _, err := f.ReadAt(roots, 0); err != nil {
		return nil, err
	}
	used := max(binary.LittleEndian.Uint64(roots[56:]), binary.LittleEndian.Uint64(roots[page+56:]))
	image := make([]byte, used*page)
	n, err := f.ReadAt(image, 0)
	if err == io.EOF {
		err = nil
	}
	return image[:n], err
}

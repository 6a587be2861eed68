package search_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quintet/engine"
	"quintet/search"
)

// TestPowerCut cuts the power in the commits of every kind of write. What
// comes back is the state before or the state after, complete: documents,
// pointers, definitions, and every way to find them.
func TestPowerCut(t *testing.T) {
	const steps = 30
	seeds := uint64(8)
	if os.Getenv("QUINTET_LONG") == "1" {
		seeds = 400
	}
	cuts := 0
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 7))
		b := &bed{t: t, dir: filepath.Join(memory(t), "data"), model: &fake{}, options: search.Options{FlushRows: 12}}
		b.open()
		b.define("c", fmt.Sprintf(`{"precision":"%s"}`, []string{"int8", "float32"}[seed%2]))
		for step := range steps {
			switch rng.IntN(8) { // several commits each
			case 0:
				must(t, b.s.Merge(background, b.acme, "c"))
			case 1:
				_, err := b.s.Maintain(background, 0)
				must(t, err)
			}
			op := b.draw(rng, step)
			if rng.IntN(3) > 0 {
				op()
				continue
			}
			cuts++
			before := b.dump()
			var after map[string]string
			survived := b.cutDuring(rng, func() { op(); after = b.dump() })
			want := before
			if survived {
				want = after
			}
			if got := b.dump(); !maps.Equal(got, want) {
				t.Errorf("survived %v: the store has\n%v\nexpected was\n%v", survived, got, want)
			}
			b.check()
			if t.Failed() {
				b.close()
				t.Fatalf("seed %d", seed)
			}
		}
		b.close()
	}
	t.Logf("%d cuts", cuts)
}

// draw returns a call that makes one commit.
func (b *bed) draw(rng *rand.Rand, step int) func() {
	switch rng.IntN(6) {
	case 0:
		id := rng.IntN(6)
		return func() {
			b.do("DELETE", fmt.Sprintf("/v1/collections/c/documents/d%d", id), "")
		}
	case 1:
		return func() { must(b.t, b.s.Sweep(background)) }
	case 2:
		n := rng.IntN(2)
		return func() {
			if b.do("DELETE", fmt.Sprintf("/v1/collections/e%d", n), "").status == 404 {
				b.define(fmt.Sprintf("e%d", n), `{}`)
			}
		}
	}
	var docs []string
	for range 1 + rng.IntN(30) {
		docs = append(docs, fmt.Sprintf(`{"id":"d%d","title":"word%d step%d","m%d":%d}`, rng.IntN(6), rng.IntN(9), step, rng.IntN(5), step))
	}
	return func() { b.post("c", docs...) }
}

// dump tells what every way to look finds: each document by its id, and what a
// search by words and one by vectors answer.
func (b *bed) dump() map[string]string {
	all := map[string]string{}
	for i := range 6 {
		path := fmt.Sprintf("/v1/collections/c/documents/d%d", i)
		r := b.do("GET", path, "")
		all[path] = fmt.Sprint(r.status, string(r.body[:min(len(r.body), 200)]))
	}
	for _, q := range []string{`{"q":"word1 word2 word3 step1 step2","mode":"keyword"}`, `{"q":"word4","mode":"semantic"}`, `{}`} {
		f := b.search("c", q)
		var hits []string // their scores count rows that are dead, which a restart forgets
		for _, h := range f.Hits {
			hits = append(hits, h.ID+jsonOf(h.Document))
		}
		slices.Sort(hits)
		all[q] = strings.Join(hits, " ")
	}
	for _, name := range []string{"c", "e0", "e1"} {
		r := b.do("GET", "/v1/collections/"+name, "")
		all[name], _, _ = strings.Cut(string(r.body), `"memory"`)
	}
	return all
}

// cutDuring runs f, which commits once, and opens a folder in which the power
// failed during that commit, or right after it.
func (b *bed) cutDuring(rng *rand.Rand, f func()) (survived bool) {
	b.t.Helper()
	old, _ := b.storeBytes()
	seq := b.seq()
	before := b.copyFolder(filepath.Join(filepath.Dir(b.dir), fmt.Sprint(rng.Uint64())))
	f()
	image, size := b.storeBytes()
	if survived = rng.IntN(2) == 0 || b.seq() > seq+1; !survived { // after two commits the old root is no more
		image = halfWritten(rng, old, image)
	}
	b.close()
	must(b.t, os.WriteFile(filepath.Join(before, storeFile), image, 0o600))
	must(b.t, os.Truncate(filepath.Join(before, storeFile), size))
	b.dir = before
	b.open()
	return survived
}

const storeFile = "store.db"

// halfWritten takes the new content of some sectors and the old of the others;
// pages 0 and 1 hold the roots and stay old.
func halfWritten(rng *rand.Rand, old, now []byte) []byte {
	const page, sector = 4096, 512
	image := make([]byte, max(len(old), len(now)))
	copy(image, old)
	for at := 2 * page; at < len(now); at += sector {
		if end := min(at+sector, len(now)); !bytes.Equal(image[at:min(end, len(image))], now[at:end]) && rng.IntN(2) == 0 {
			copy(image[at:end], now[at:end])
		}
	}
	return image
}

// storeBytes reads the part of the store that is in use, and tells how long
// the file is.
func (b *bed) storeBytes() ([]byte, int64) {
	b.t.Helper()
	const most = 4 << 20
	f, err := os.Open(filepath.Join(b.dir, storeFile))
	must(b.t, err)
	defer f.Close()
	info, err := f.Stat()
	must(b.t, err)
	data := make([]byte, most)
	n, err := f.ReadAt(data, 0)
	if data = bytes.TrimRight(data[:n], "\x00"); len(data) == most {
		b.t.Fatalf("the store uses %d bytes or more: %v", most, err)
	}
	return data, info.Size()
}

// copyFolder copies all but the store as a kill leaves it.
func (b *bed) copyFolder(to string) string {
	b.t.Helper()
	must(b.t, filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the log makes its next segment under a name for a while
		}
		if err != nil || d.Name() == storeFile || d.Name() == "reserve" {
			return err
		}
		rest, err := filepath.Rel(b.dir, path)
		if err != nil || d.IsDir() {
			return errors.Join(err, os.MkdirAll(filepath.Join(to, rest), 0o700))
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return errors.Join(err, os.WriteFile(filepath.Join(to, rest), data, 0o600))
	}))
	return to
}

// seq is the number of the newest commit.
func (b *bed) seq() (seq uint64) {
	must(b.t, b.e.Store.View(background, b.acme, func(v *engine.View) error { seq = v.Seq(); return nil }))
	return seq
}

package search_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/disk"
	"quintet/engine/enginetest"
)

// life is what a collection held at one time: the revision of each document.
type life map[string]int

// put stores documents of a revision.
func (l life) put(b *bed, revision, from, to int) {
	b.t.Helper()
	var docs []string
	for i := from; i < to; i++ {
		id := fmt.Sprintf("d%d", i)
		docs = append(docs, fmt.Sprintf(`{"id":"%s","title":"%s %srevision%d","n":%d}`, id, id, id, revision, i))
		l[id] = revision
	}
	b.post("c", docs...)
}

func (l life) remove(b *bed, ids ...string) {
	b.t.Helper()
	for _, id := range ids {
		b.do("DELETE", "/v1/collections/c/documents/"+id, "").want(204)
		delete(l, id)
	}
}

// want demands exactly these documents, by words and by vector.
func (l life) want(b *bed, most int) {
	b.t.Helper()
	b.wantIndex()
	if found := b.search("c", `{"limit":1}`).Found; found != len(l) {
		b.t.Errorf("%d documents, expected were %d", found, len(l))
	}
	for i := range most {
		id, hits := fmt.Sprintf("d%d", i), ""
		if _, there := l[id]; there {
			hits = id
			f := b.wantIDs("c", fmt.Sprintf(`{"q":"%s %srevision%d","mode":"semantic","limit":1}`, id, id, l[id]), id)
			if f.Hits[0].Score < 0.99 {
				b.t.Errorf("%s has the vector of another revision: %v", id, f.Hits[0].Score)
			}
			b.wantIDs("c", fmt.Sprintf(`{"q":"%srevision%d","mode":"keyword"}`, id, l[id]), id)
		}
		b.wantIDs("c", fmt.Sprintf(`{"q":"%s","mode":"keyword"}`, id), hits)
	}
}

// TestSegmentOrders opens the store of one time with the segments of another,
// in every order, those of a collection of the same name among them.
func TestSegmentOrders(t *testing.T) {
	b := newBed(t)
	b.options.FlushRows = 5
	b.reopen()
	root, now := filepath.Dir(b.dir), life{}
	var folders []string
	var lives []life
	keep := func() {
		b.close()
		to := filepath.Join(root, fmt.Sprint("time", len(folders)))
		must(t, os.CopyFS(to, os.DirFS(b.dir)))
		folders, lives = append(folders, to), append(lives, maps.Clone(now))
		b.open()
	}
	maintain := func(later time.Duration) {
		_, err := b.s.Maintain(background, later)
		must(t, err)
	}
	b.define("c", `{}`)
	now.put(b, 1, 0, 12)
	maintain(0)
	keep()
	now.put(b, 2, 3, 9)
	now.remove(b, "d1", "d5")
	maintain(time.Hour) // all in one
	keep()
	b.do("DELETE", "/v1/collections/c", "").want(204)
	b.define("c", `{}`)
	clear(now)
	now.put(b, 3, 0, 7)
	maintain(0)
	now.remove(b, "d2")
	keep()
	b.close()
	for i, store := range folders {
		for j, blobs := range folders {
			b.dir = filepath.Join(root, fmt.Sprint("mixed", i, j))
			must(t, os.CopyFS(b.dir, os.DirFS(store)))
			must(t, os.RemoveAll(filepath.Join(b.dir, "blobs")))
			must(t, os.CopyFS(filepath.Join(b.dir, "blobs"), os.DirFS(filepath.Join(blobs, "blobs"))))
			b.open()
			texts := b.model.texts.Load()
			lives[i].want(b, 12)
			maintain(time.Hour)
			lives[i].want(b, 12)
			b.reopen()
			lives[i].want(b, 12)
			if n := b.s.Segments(b.acme, "c"); n != 1 {
				t.Errorf("%d segments", n)
			}
			if queries := 3 * int64(len(lives[i])); b.model.texts.Load()-texts != queries {
				t.Errorf("%d texts were embedded, expected were %d queries", b.model.texts.Load()-texts, queries)
			}
			if t.Failed() {
				t.Fatalf("the store of time %d with the segments of time %d", i, j)
			}
			b.close()
			must(t, os.RemoveAll(b.dir))
		}
	}
}

// TestSegmentRecords writes records that no rewrite leaves. None of them shows.
func TestSegmentRecords(t *testing.T) {
	const bucket engine.Bucket = "search.segments"
	type entry struct{ key, value []byte }
	records := func(b *bed) (all []entry) {
		must(b.t, b.e.Store.View(background, b.acme, func(v *engine.View) error {
			all = nil
			for key, value := range v.Scan(bucket, nil, nil) {
				all = append(all, entry{bytes.Clone(key), bytes.Clone(value)})
			}
			return nil
		}))
		return all
	}
	write := func(b *bed, key, value []byte, reference bool) {
		must(b.t, b.e.Store.Update(background, b.acme, func(tx *engine.Tx) error {
			tx.Put(bucket, key, value)
			if !reference {
				return nil
			}
			return b.e.Blobs.Reference(tx, engine.BlobName(value[1:33]))
		}))
	}
	other := func(key []byte) []byte { // another segment of the collection
		key = bytes.Clone(key)
		key[31] ^= 1
		return key
	}
	f := func(name string, segments int, harm func(b *bed, mine, foreign, old entry)) {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.define("e", `{}`)
			b.post("e", `{"id":"d1","title":"d1 foreign"}`)
			must(t, b.s.Merge(background, b.acme, "e"))
			foreign := records(b)[0]
			b.define("c", `{}`)
			mine := func() entry {
				for _, r := range records(b) {
					if !bytes.Equal(r.key, foreign.key) {
						return r
					}
				}
				panic("no segment")
			}
			now := life{}
			now.put(b, 1, 0, 9)
			must(t, b.s.Merge(background, b.acme, "c"))
			old := mine()
			now.put(b, 2, 3, 6)
			now.remove(b, "d1")
			must(t, b.s.Merge(background, b.acme, "c"))
			harm(b, mine(), foreign, old)
			for range 2 {
				b.reopen()
				now.want(b, 9)
				b.wantIDs("e", `{"q":"foreign","mode":"keyword"}`, "d1")
				_, err := b.s.Maintain(background, time.Hour)
				must(t, err)
			}
			if n := len(records(b)); n != segments {
				t.Errorf("%d records are left, expected were %d", n, segments)
			}
			b.do("DELETE", "/v1/collections/c", "").want(204)
			must(t, b.s.Sweep(background))
			b.check()
			if n := len(records(b)); n != 1 {
				t.Errorf("%d records are left, expected was that of the other collection", n)
			}
		})
	}
	f("OK overlap", 2, func(b *bed, _, _, old entry) { write(b, old.key, old.value, true) })
	f("OK doubled", 2, func(b *bed, mine, _, _ entry) { write(b, other(mine.key), mine.value, true) })
	f("OK doubled, referred to once", 2, func(b *bed, mine, _, _ entry) { write(b, other(mine.key), mine.value, false) })
	f("OK of another collection", 2, func(b *bed, mine, foreign, _ entry) { write(b, other(mine.key), foreign.value, true) })
	f("OK of another collection, referred to once", 2, func(b *bed, mine, foreign, _ entry) { write(b, other(mine.key), foreign.value, false) })
	f("OK of nothing", 2, func(b *bed, mine, _, _ entry) {
		write(b, other(mine.key), slices.Concat(mine.value[:1], make([]byte, 32), mine.value[33:]), false)
	})
	f("OK of other rows", 2, func(b *bed, mine, _, _ entry) {
		value := bytes.Clone(mine.value)
		value[33]++
		write(b, mine.key, value, false)
	})
	f("OK of another format", 3, func(b *bed, mine, _, _ entry) {
		value := bytes.Clone(mine.value)
		value[0] = 9
		write(b, other(mine.key), value, false)
	})
	f("OK cut off", 3, func(b *bed, mine, _, _ entry) { write(b, mine.key, mine.value[:20], false) })
	f("OK empty", 3, func(b *bed, mine, _, _ entry) { write(b, mine.key, nil, false) })
	f("OK of no segment", 3, func(b *bed, mine, _, _ entry) { write(b, mine.key[:17], mine.value, false) })
}

// TestKilledRewrite kills a process at every step of a rewrite, between its
// file and its record too: what a kill leaves is opened.
func TestKilledRewrite(t *testing.T) {
	b := newBed(t)
	b.options.FlushRows = 6
	var step func(op, name string)
	b.files = enginetest.Hook(disk.OS(b.dir), func(op, name string) {
		if step != nil && strings.HasPrefix(name, "blobs") {
			step(op, name)
		}
	})
	b.reopen()
	b.define("c", `{}`)
	now := life{}
	now.put(b, 1, 0, 12)
	_, err := b.s.Maintain(background, 0)
	must(t, err)
	now.put(b, 2, 3, 7)
	now.remove(b, "d1")
	var states []string
	keep := func() {
		to := b.copyFolder(filepath.Join(filepath.Dir(b.dir), fmt.Sprint("state", len(states))))
		image, size := b.storeBytes()
		must(t, os.WriteFile(filepath.Join(to, storeFile), image, 0o600))
		must(t, os.Truncate(filepath.Join(to, storeFile), size))
		states = append(states, to)
	}
	must(t, b.e.Store.Observe(background, &engine.Observer{
		Name: "test", Rebuild: func(*engine.View) error { return nil },
		Apply: func(engine.Commit) {
			if step != nil {
				keep()
			}
		},
	}))
	step = func(string, string) { keep() }
	must(t, b.s.Merge(background, b.acme, "c"))
	step = nil
	b.close()
	dir := b.dir
	b.files = nil
	for _, b.dir = range states {
		b.open()
		now.want(b, 12)
		if problems, err := b.e.Check(background, func(string, int64, int64) {}); err != nil || len(problems) > 0 {
			t.Errorf("%v: %v", problems, err)
		}
		_, err := b.s.Maintain(background, time.Hour)
		must(t, err)
		b.reopen()
		now.want(b, 12)
		b.close()
		if t.Failed() {
			t.Fatal(b.dir)
		}
	}
	b.dir = dir
	t.Logf("%d states", len(states))
	if len(states) < 6 {
		t.Errorf("%d states: a rewrite opens, writes, syncs and renames a file, and makes two commits", len(states))
	}
}

// TestRestoreSegments restores backups of several times, each with the
// segments that there were.
func TestRestoreSegments(t *testing.T) {
	b := newBed(t)
	b.options.FlushRows = 4
	b.reopen()
	quiet := func(string, int64, int64) {}
	now := life{}
	var backups []bytes.Buffer
	var lives []life
	keep := func() {
		var backup bytes.Buffer
		must(t, b.e.Backup(background, &backup, quiet))
		backups, lives = append(backups, backup), append(lives, maps.Clone(now))
	}
	b.define("c", `{}`)
	now.put(b, 1, 0, 9)
	keep()
	_, err := b.s.Maintain(background, 0)
	must(t, err)
	keep()
	now.put(b, 2, 2, 7)
	now.remove(b, "d8")
	keep()
	must(t, b.s.Merge(background, b.acme, "c"))
	keep()
	b.close()
	root := filepath.Dir(b.dir)
	for i := range backups {
		b.dir = filepath.Join(root, fmt.Sprint("restored", i))
		must(t, engine.Restore(background, b.dir, &backups[i], quiet))
		b.open()
		lives[i].want(b, 9)
		must(t, b.s.Merge(background, b.acme, "c"))
		b.reopen()
		lives[i].want(b, 9)
		b.check()
		b.close()
	}
}

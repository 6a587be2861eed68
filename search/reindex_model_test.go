package search_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quintet/search"
)

// TestReindexAgainstBruteForce writes, deletes and searches through an alias at
// random while re-indexes behind it begin, get on, end and are cancelled, with
// restarts, and holds every search against the naive one.
func TestReindexAgainstBruteForce(t *testing.T) {
	b := &bed{t: t, dir: filepath.Join(memory(t), "data"), model: &fake{}, options: search.Options{FlushRows: 7}}
	b.open()
	t.Cleanup(b.close)
	made, moved := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		b.do("DELETE", "/v1/aliases/a/reindex", "")
		b.do("DELETE", "/v1/aliases/a", "")
		for _, c := range b.collections() {
			b.do("DELETE", "/v1/collections/"+c, "").want(204)
		}
		made++
		b.define(fmt.Sprint("c", made), modelDefinition)
		b.do("PUT", "/v1/aliases/a", fmt.Sprintf(`{"collection":"c%d"}`, made)).want(201)
		n := &naive{documents: map[string]*naiveDocument{}}
		leads := b.alias("a").Collection
		for range rapid.IntRange(1, 16).Draw(rt, "steps") {
			switch rapid.IntRange(0, 11).Draw(rt, "step") {
			case 0, 1:
				m := drawDocument(rt)
				b.do("PUT", "/v1/collections/a/documents/"+m["id"].(string), jsonOf(m))
				n.put(m)
			case 2:
				var lines []string
				for range rapid.IntRange(1, 12).Draw(rt, "lines") {
					m := drawDocument(rt)
					lines = append(lines, jsonOf(m))
					n.put(m)
				}
				b.post("a", lines...)
			case 3:
				id := rapid.SampledFrom([]string{"d1", "d2", "d3", "d4"}).Draw(rt, "id")
				b.do("DELETE", "/v1/collections/a/documents/"+id, "")
				delete(n.documents, id)
				n.dirty = true
			case 4:
				b.do("DELETE", "/v1/collections/a/documents?filter=year%20%3D%202020", "").want(200)
				for id, d := range n.documents {
					if year, has := d.members["year"].(int64); has && year == 2020 {
						delete(n.documents, id)
						n.dirty = true
					}
				}
			case 5:
				_, err := b.s.Maintain(background, 0)
				must(t, err)
			case 6:
				b.reopen()
			case 7:
				if b.do("DELETE", "/v1/aliases/a/reindex", "").status == 204 {
					must(t, b.s.Sweep(background))
				}
			case 8, 9:
				made++
				b.do("POST", "/v1/aliases/a/reindex", fmt.Sprintf(`{"collection":"c%d","drop":%v}`, made, rapid.Bool().Draw(rt, "drop")))
			default:
				b.s.StepReindex(background)
			}
			if now := b.alias("a").Collection; now != leads {
				leads, n.dirty = now, true // what was replaced meanwhile is dead in it
				moved++
			}
			b.compare(rt, "a", n)
		}
		b.finish()
		n.dirty = true
		b.compare(rt, "a", n)
		must(t, b.s.Merge(background, b.acme, b.alias("a").Collection))
		n.dirty = false
		b.compare(rt, "a", n)
	})
	if moved == 0 {
		t.Error("no alias moved")
	}
	b.check()
}

// collections lists the names of all.
func (b *bed) collections() (names []string) {
	var page struct{ Items []struct{ Name string } }
	b.do("GET", "/v1/collections?limit=1000", "").want(200).into(&page)
	for _, c := range page.Items {
		names = append(names, c.Name)
	}
	return names
}

// TestReindexPowerCut cuts the power in the commits of re-indexes and of writes
// beside them. What comes back is the state before or after, a re-index goes on
// from there, and in the end the alias leads to what was written, whole.
func TestReindexPowerCut(t *testing.T) {
	const steps = 30
	seeds := uint64(6)
	if os.Getenv("QUINTET_LONG") == "1" {
		seeds = 400
	}
	cuts, moves := 0, 0
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 11))
		b := &bed{t: t, dir: filepath.Join(memory(t), "data"), model: &fake{}, options: search.Options{FlushRows: 12}}
		b.open()
		b.define("c0", `{}`)
		b.fill("c0", 200) // several slices
		b.do("PUT", "/v1/aliases/a", `{"collection":"c0"}`).want(201)
		for step := range steps {
			op := b.drawAliased(rng, step)
			if rng.IntN(2) == 0 {
				op()
				continue
			}
			cuts++
			before := b.aliased()
			var after map[string]string
			want := before
			if b.cutDuring(rng, func() { op(); after = b.aliased() }) {
				want = after
			}
			if got := b.aliased(); !maps.Equal(got, want) {
				t.Errorf("the store has\n%v\nexpected was\n%v", got, want)
			}
			b.check()
			if t.Failed() {
				b.close()
				t.Fatalf("seed %d, step %d", seed, step)
			}
		}
		b.do("POST", "/v1/aliases/a/reindex", `{"collection":"last"}`)
		want := b.aliased()
		b.finish()
		got := b.aliased()
		if b.alias("a").Reindex == nil && got["alias"] != want["alias"] {
			moves++
		}
		for _, all := range []map[string]string{want, got} {
			delete(all, "alias")
			delete(all, "info")
		}
		if !maps.Equal(got, want) {
			t.Fatalf("seed %d: there was\n%v\nand is\n%v", seed, want, got)
		}
		must(t, b.s.Sweep(background))
		b.check()
		b.close()
	}
	t.Logf("%d cuts", cuts)
	if moves != int(seeds) {
		t.Errorf("the alias moved %d times at the end of %d", moves, seeds)
	}
}

// fill stores documents that have no vectors.
func (b *bed) fill(name string, n int) {
	b.t.Helper()
	var docs []string
	for i := range n {
		docs = append(docs, fmt.Sprintf(`{"id":"f%d","k":%d}`, i, i))
	}
	b.post(name, docs...)
}

// drawAliased returns a call that makes one commit.
func (b *bed) drawAliased(rng *rand.Rand, step int) func() {
	switch rng.IntN(9) {
	case 0:
		id := rng.IntN(6)
		return func() { b.do("DELETE", fmt.Sprintf("/v1/collections/a/documents/d%d", id), "") }
	case 1:
		return func() { must(b.t, b.s.Sweep(background)) }
	case 2, 3:
		drop := rng.IntN(2) == 0
		return func() {
			b.do("POST", "/v1/aliases/a/reindex", fmt.Sprintf(`{"collection":"c%d","drop":%v}`, step+1, drop))
		}
	case 4:
		if rng.IntN(3) == 0 {
			return func() { b.do("DELETE", "/v1/aliases/a/reindex", "") }
		}
		return func() { b.do("DELETE", "/v1/collections/a/documents?filter=m1%20%3E%203", "") }
	case 5:
		var docs []string
		for range 1 + rng.IntN(30) {
			docs = append(docs, fmt.Sprintf(`{"id":"d%d","title":"word%d step%d","m%d":%d}`, rng.IntN(6), rng.IntN(9), step, rng.IntN(5), step))
		}
		return func() { b.post("a", docs...) }
	}
	return func() { b.s.StepReindex(background) }
}

// aliased tells what every way to look through the alias finds.
func (b *bed) aliased() map[string]string {
	all := map[string]string{"documents": string(b.do("GET", "/v1/collections/a/documents?limit=1000", "").body)}
	for i := range 6 {
		path := fmt.Sprintf("/v1/collections/a/documents/d%d", i)
		r := b.do("GET", path, "")
		all[path] = fmt.Sprint(r.status, r.header.Get("ETag"), string(r.body[:min(len(r.body), 200)]))
	}
	for _, q := range []string{`{"q":"word1 word2 word3 step1 step2","mode":"keyword"}`, `{"q":"word4","mode":"semantic"}`, `{}`} {
		var hits []string // their scores count rows that are dead, which a restart forgets
		for _, h := range b.search("a", q).Hits {
			hits = append(hits, h.ID+jsonOf(h.Document))
		}
		slices.Sort(hits)
		all[q] = strings.Join(hits, " ")
	}
	info := b.do("GET", "/v1/collections/a", "")
	all["info"], _, _ = strings.Cut(string(info.body), `"memory"`)
	all["alias"] = string(b.do("GET", "/v1/aliases/a", "").body)
	return all
}

// TestReindexUnderLoad writes without a pause while collections are re-indexed
// one after the other and deleted: every re-index ends, every search sees each
// document once with revisions that never go back, every document is there all
// the time, and in the end all have their newest revision.
func TestReindexUnderLoad(t *testing.T) {
	b := &bed{t: t, dir: filepath.Join(memory(t), "data"), model: &fake{}, options: search.Options{FlushRows: 100}}
	b.openEngine()
	t.Cleanup(b.close)
	must(t, b.s.Start(background))
	const documents, writers, rounds = 12, 3, 4
	b.define("c0", `{}`)
	b.fill("c0", 500)
	b.do("PUT", "/v1/aliases/a", `{"collection":"c0"}`).want(201)
	put := func(slot, n int) string { return fmt.Sprintf(`{"id":"d%d","t":"common slot%d","n":%d}`, slot, slot, n) }
	for slot := range documents {
		b.post("a", put(slot, 0))
	}
	ctx, cancel := context.WithTimeout(background, 60*time.Second)
	defer cancel()
	var all sync.WaitGroup
	var newest [documents]atomic.Int64
	var writes atomic.Int64
	for w := range writers {
		all.Go(func() {
			for n := 1; ctx.Err() == nil; n++ {
				for slot := w; slot < documents; slot += writers {
					if n%2 == 0 {
						b.do("PUT", fmt.Sprintf("/v1/collections/a/documents/d%d", slot), put(slot, n)).want(200)
					} else {
						b.post("a", put(slot, n), fmt.Sprintf(`{"id":"gone%d","t":"gone"}`, w))
						b.do("DELETE", fmt.Sprintf("/v1/collections/a/documents/gone%d", w), "").want(204)
					}
					newest[slot].Store(int64(n))
					writes.Add(1)
				}
			}
		})
	}
	for i, mode := range []string{"keyword", "semantic"} {
		all.Go(func() {
			last := map[string]float64{}
			for ctx.Err() == nil {
				seen := 0
				f := b.search("a", `{"q":"common","mode":"`+mode+`","filter":"n >= 0","limit":100}`)
				for _, h := range f.Hits {
					n := h.Document["n"].(float64)
					if n < last[h.ID] {
						t.Errorf("%s is revision %v after %v", h.ID, n, last[h.ID])
					}
					last[h.ID] = n
					seen++
				}
				if seen != documents || len(last) != documents {
					t.Errorf("%d of %d documents are seen by %s: %s", seen, documents, mode, f.ids())
					cancel()
				}
				b.do("GET", fmt.Sprintf("/v1/collections/a/documents/d%d", i), "").want(200)
				b.do("POST", "/v1/collections/a/similar", fmt.Sprintf(`{"id":"d%d"}`, i)).want(200)
			}
		})
	}
	events := b.e.Bus.Subscribe(ctx, b.acme, 10_000)
	for n := range rounds {
		target := fmt.Sprint("c", n+1)
		b.do("POST", "/v1/aliases/a/reindex", `{"collection":"`+target+`","drop":true}`).want(202)
		for ctx.Err() == nil && (<-events).Type != "reindex.finished" {
		}
		if a := b.alias("a"); a.Collection != target {
			t.Errorf("round %d does not end: %s", n, jsonOf(a))
			break
		}
		if n := len(b.collections()); n != 1 {
			t.Errorf("%d collections are left", n)
		}
	}
	cancel()
	all.Wait()
	t.Logf("%d writes", writes.Load())
	for slot := range documents {
		b.do("GET", fmt.Sprintf("/v1/collections/a/documents/d%d", slot), "").want(200, fmt.Sprintf(`"n":%d}`, newest[slot].Load()))
	}
	b.do("GET", "/v1/collections/a/documents?limit=1000", "").want(200, "!gone")
	b.check()
}

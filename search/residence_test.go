package search_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine/enginetest"
	"quintet/search"
)

// info is what a collection tells of itself, in a list.
func (b *bed) listed(name string) (i search.CollectionInfo) {
	b.t.Helper()
	var list struct{ Items []search.CollectionInfo }
	b.do("GET", "/v1/collections", "").want(200).into(&list)
	for _, i := range list.Items {
		if i.Name == name {
			return i
		}
	}
	b.t.Fatalf("there is no collection %s", name)
	return i
}

// TestFirstUse holds that a start loads no index, that a list loads none, and
// that whatever needs one does.
func TestFirstUse(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"id":"a","title":"winter coat"}`, `{"id":"b","title":"summer hat"}`)
	for name, use := range map[string]func(){
		"search":  func() { b.wantIDs("c", `{"q":"winter","mode":"keyword"}`, "a") },
		"get":     func() { b.do("GET", "/v1/collections/c", "").want(200, `"loaded":true`) },
		"put":     func() { b.post("c", `{"id":"b","title":"summer hat"}`) },
		"list":    func() { b.do("GET", "/v1/collections/c/documents", "").want(200, `"a"`, `"b"`) },
		"similar": func() { b.do("POST", "/v1/collections/c/similar", `{"id":"a"}`).want(200, `"b"`) },
	} {
		b.reopen()
		if i := b.listed("c"); i.Loaded || i.Documents != 2 || i.Memory != 0 || b.metric("documents") != 2 || b.metric("index_bytes") != 0 {
			t.Errorf("before %s: %+v", name, i)
		}
		b.do("GET", "/v1/collections/c/documents/a", "").want(200, "winter")
		b.do("DELETE", "/v1/collections/c/documents/z", "").want(404)
		if b.listed("c").Loaded {
			t.Errorf("a document was read by its id, for which the index was loaded")
		}
		use()
		if i := b.listed("c"); !i.Loaded || i.Documents != 2 || i.Vectors != 2 || i.Memory == 0 || i.Bytes == 0 {
			t.Errorf("after %s: %+v", name, i)
		}
	}
	b.reopen()
	b.do("DELETE", "/v1/collections/c/documents/a", "").want(204)
	if i := b.listed("c"); i.Loaded || i.Documents != 1 {
		t.Errorf("after a delete: %+v", i)
	}
	b.check()
}

// TestWarm holds that what is done each second is done for the collections whose
// index is in memory alone.
func TestWarm(t *testing.T) {
	b := newBed(t)
	want := func(when string, names ...string) {
		t.Helper()
		if warm := b.s.Warm(); !slices.Equal(warm, names) {
			t.Errorf("%s: %v are warm, expected were %v", when, warm, names)
		}
	}
	b.define("c", `{}`)
	b.define("d", `{}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	b.post("d", `{"id":"a","title":"winter"}`)
	want("written", "c", "d")
	b.s.Evict(b.acme, "c")
	want("put away", "d")
	b.wantIDs("c", `{"q":"winter"}`, "a")
	want("used again", "c", "d")
	b.do("DELETE", "/v1/collections/d", "").want(204)
	want("deleted", "c")
	b.reopen()
	want("started")
	b.wantIDs("c", `{"q":"winter"}`, "a")
	want("used after a start", "c")
}

// TestEvict changes a collection at random, puts it away now and then, and
// holds what is found against a map.
func TestEvict(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	rng := rand.New(rand.NewPCG(enginetest.Seed(), 1))
	model := map[string]string{}
	words := []string{"winter", "summer", "autumn", "spring"}
	evicted := 0
	for range 400 {
		id, word := fmt.Sprint("d", rng.IntN(40)), words[rng.IntN(len(words))]
		switch rng.IntN(8) {
		case 0, 1, 2:
			b.post("c", fmt.Sprintf(`{"id":%q,"title":"%s time"}`, id, word))
			model[id] = word
		case 3:
			b.do("DELETE", "/v1/collections/c/documents/"+id, "").want(map[bool]int{true: 204, false: 404}[model[id] != ""])
			delete(model, id)
		case 4:
			must(t, b.s.Merge(background, b.acme, "c"))
		case 5:
			if b.s.Evict(b.acme, "c") {
				evicted++
			}
		default:
			var ids []string
			for _, h := range b.search("c", fmt.Sprintf(`{"q":%q,"mode":"keyword","limit":100}`, word)).Hits {
				ids = append(ids, h.ID)
			}
			slices.Sort(ids)
			want := slices.DeleteFunc(slices.Sorted(maps.Keys(model)), func(id string) bool { return model[id] != word })
			if !slices.Equal(ids, want) {
				t.Fatalf("%s: found %v, expected %v", word, ids, want)
			}
		}
		if n := b.listed("c").Documents; n != len(model) {
			t.Fatalf("it tells of %d documents, and there are %d", n, len(model))
		}
	}
	if evicted < 5 {
		t.Errorf("it was put away %d times", evicted)
	}
	b.check()
}

// TestIndexMemory holds that of two collections that do not fit into memory
// together each can be used, and that one which never fits costs the others
// nothing.
func TestIndexMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		for _, name := range []string{"c", "d"} {
			b.define(name, `{"embed":[]}`)
			var lines []string
			for i := range 200 {
				lines = append(lines, fmt.Sprintf(`{"id":"%d","title":"%s%d winter"}`, i, name, i))
			}
			b.post(name, lines...)
			must(t, b.s.Merge(background, b.acme, name))
		}
		one := b.listed("c").Memory
		b.options.Memory = one * 3 / 2
		b.reopen()
		for range 3 {
			for _, name := range []string{"c", "d"} {
				b.wantIDs(name, fmt.Sprintf(`{"q":"%s7","mode":"keyword"}`, name), "7")
				if other := map[string]string{"c": "d", "d": "c"}[name]; !b.listed(name).Loaded || b.listed(other).Loaded {
					t.Errorf("after %s was used: it is loaded %v, and %s %v", name, b.listed(name).Loaded, other, b.listed(other).Loaded)
				}
				time.Sleep(time.Millisecond) // of virtual time, so that one was used before the other
			}
		}
		if n := b.metric("index_evictions_total"); n != 5 {
			t.Errorf("%v evictions, expected were 5", n)
		}
		b.do("GET", "/v1/collections", "").want(200, `"loaded":true`, `"loaded":false`)

		b.options.Memory = one / 2
		b.reopen()
		b.do("POST", "/v1/collections/c/search", `{"q":"winter"}`).want(507, "index_memory_full", "search.memory", "collection c")
		b.do("POST", "/v1/collections/c/documents", `{"id":"x","title":"x"}`, "Content-Type", "application/json").want(507, "index_memory_full")
		b.do("GET", "/v1/collections/c/documents/7", "").want(200, "c7")
		b.do("DELETE", "/v1/collections/c/documents/7", "").want(204)
		b.do("DELETE", "/v1/collections/d", "").want(204)
		b.define("e", `{"embed":[]}`)
		b.post("e", `{"id":"1","title":"winter"}`)
		b.wantIDs("e", `{"q":"winter"}`, "1")
		b.check507(t)
	})
}

// check507 fills a collection until there is no memory for more, and holds that
// it is still searched, that another tenant can go on, and that
// it can be emptied.
func (b *bed) check507(t *testing.T) {
	t.Helper()
	stored, full := 0, false
	for round := 0; round < 100 && !full; round++ {
		var lines []string
		for i := range 50 {
			lines = append(lines, fmt.Sprintf(`{"id":"f%d","title":"filling%d winter"}`, stored+i, stored+i))
		}
		r := b.do("POST", "/v1/collections/e/documents", strings.Join(lines, "\n"), "Content-Type", "application/x-ndjson")
		if full = r.status == 507; full {
			var p problem
			must(t, json.Unmarshal(r.body, &p))
			if p.Code != "index_memory_full" {
				t.Errorf("it is full: %s", r.body)
			}
			break
		}
		r.want(200)
		stored += len(lines)
		b.s.Trim()
	}
	if !full || stored == 0 {
		t.Fatalf("%d documents were stored, and it is full: %v", stored, full)
	}
	b.wantIDs("e", `{"q":"filling1","mode":"keyword"}`, "f1")
	b.do("PUT", "/v1/collections/e", `{"embed":[]}`, "Test-Tenant", "globex").want(201)
	b.do("PUT", "/v1/collections/e/documents/1", `{"title":"another tenant's"}`, "Test-Tenant", "globex").want(201)
	b.s.Trim()
	b.do("PUT", "/v1/collections/e/documents/2", `{"title":"another tenant's"}`, "Test-Tenant", "globex").want(201)
	b.do("PUT", "/v1/collections/e/documents/2", `{"title":"of the one that is over its share"}`).want(507, "index_memory_full")
	b.do("DELETE", "/v1/collections/e", "").want(204)
	b.s.Trim()
	b.define("e", `{"embed":[]}`)
	b.post("e", `{"id":"1","title":"winter"}`)
}

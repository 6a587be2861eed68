package search_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"quintet/engine"
	"quintet/search"
)

// octets are the headers of a request that sends a file.
var octets = []string{"Content-Type", "application/octet-stream"}

// snapshot makes a snapshot and returns its id and its file.
func (b *bed) snapshot(name string) (id, file string) {
	b.t.Helper()
	var info search.SnapshotInfo
	b.do("POST", "/v1/collections/"+name+"/snapshots", "").want(201, `"collection":"`+name+`"`).into(&info)
	r := b.do("GET", "/v1/collections/"+name+"/snapshots/"+info.ID, "")
	if r.want(200); int64(len(r.body)) != info.Bytes || r.header.Get("Content-Length") != fmt.Sprint(info.Bytes) {
		b.t.Fatalf("the file of %d bytes and Content-Length %s is said to have %d", len(r.body), r.header.Get("Content-Length"), info.Bytes)
	}
	return info.ID, string(r.body)
}

// keys counts the keys of a bucket of acme.
func (b *bed) keys(bucket engine.Bucket) (n int) {
	b.t.Helper()
	must(b.t, b.e.Store.View(background, b.acme, func(v *engine.View) error {
		n = 0
		for range v.Keys(bucket, nil, nil) {
			n++
		}
		return nil
	}))
	return n
}

// references counts those to the blobs of acme.
func (b *bed) references() (n int) {
	b.t.Helper()
	must(b.t, b.e.Store.View(background, b.acme, func(v *engine.View) error {
		n = 0
		for _, record := range v.Scan("engine.blobs", nil, nil) {
			n += int(binary.BigEndian.Uint32(record[8:]))
		}
		return nil
	}))
	return n
}

// wantNothingLeft sweeps, and demands that beside so many documents, snapshots
// and parts of them, and segments, nothing is stored, and no blob referred to.
func (b *bed) wantNothingLeft(documents, snapshots, parts int) {
	b.t.Helper()
	must(b.t, b.s.Sweep(background))
	b.check()
	got := []int{b.keys("search.documents"), b.keys("search.ids"), b.keys("search.snapshots"), b.keys("search.parts"), b.keys("search.dropped"), b.references()}
	want := []int{documents, documents, snapshots, parts, 0, parts + b.keys("search.segments")}
	if !slices.Equal(got, want) {
		b.t.Errorf("documents, pointers, snapshots, parts, notes and references to blobs are %d, expected were %d", got, want)
	}
}

// snapshotKinds are collections of each kind, with what makes a document of it.
var snapshotKinds = []struct {
	name, definition string
	members          func(rng *rand.Rand) map[string]any
}{
	{"inferred", `{}`, func(rng *rand.Rand) map[string]any {
		m := map[string]any{"title": wordsOf(rng, 1+rng.IntN(50)), "n": rng.IntN(9)}
		switch rng.IntN(6) {
		case 0:
			m["more"] = wordsOf(rng, 3)
		case 1:
			m["more"] = nil
		case 2:
			m["tags"] = []string{wordsOf(rng, 1), "x"}
		case 3:
			m["deep"] = map[string]any{"a": []any{1, "ä\u2028<"}}
		}
		return m
	}},
	{"exact", `{"precision":"float32"}`, func(rng *rand.Rand) map[string]any {
		return map[string]any{"title": wordsOf(rng, 1+rng.IntN(50)), "n": rng.IntN(9)}
	}},
	{"exact dot", `{"fields":[{"name":"title","type":"text"},{"name":"v","type":"vector(5)"},{"name":"n","type":"float"}],"metric":"dot","precision":"float32"}`, ownMembers},
	{"declared", `{"fields":[{"name":"title","type":"text","weight":2,"language":"german"},{"name":"n","type":"int"},{"name":"at","type":"date"},{"name":"tag","type":"keyword","facet":true}],"embed":["title"],"metric":"euclid"}`, func(rng *rand.Rand) map[string]any {
		m := map[string]any{"n": rng.IntN(9), "at": fmt.Sprintf("2026-01-%02dT00:00:00Z", 1+rng.IntN(28)), "tag": wordsOf(rng, 1), "_hidden": 1}
		if rng.IntN(4) > 0 {
			m["title"] = wordsOf(rng, rng.IntN(60))
		}
		return m
	}},
	{"words", `{"embed":[]}`, func(rng *rand.Rand) map[string]any {
		return map[string]any{"title": wordsOf(rng, 5), "n": rng.Float64()}
	}},
	{"cosine", `{"fields":[{"name":"title","type":"text"},{"name":"v","type":"vector(5)"},{"name":"n","type":"float"}]}`, ownMembers},
	{"dot", `{"fields":[{"name":"title","type":"text"},{"name":"v","type":"vector(5)"},{"name":"n","type":"float"}],"metric":"dot"}`, ownMembers},
	{"euclid", `{"fields":[{"name":"title","type":"text"},{"name":"v","type":"vector(5)"},{"name":"n","type":"float"}],"metric":"euclid"}`, ownMembers},
}

func ownMembers(rng *rand.Rand) map[string]any {
	m := map[string]any{"title": wordsOf(rng, 4), "n": rng.IntN(9)}
	if rng.IntN(5) > 0 {
		m["v"] = []float64{rng.NormFloat64(), rng.NormFloat64() * 100, 1, rng.NormFloat64(), 1e-7}
	}
	return m
}

func wordsOf(rng *rand.Rand, n int) string {
	var list []string
	for range n {
		list = append(list, fmt.Sprintf("word%d", rng.IntN(30)))
	}
	return strings.Join(list, " ")
}

// populate stores documents, replaces some and deletes some.
func (b *bed) populate(rng *rand.Rand, name string, n int, members func(*rand.Rand) map[string]any) {
	b.t.Helper()
	for range 2 {
		var docs []string
		for range n {
			m := members(rng)
			m["id"] = fmt.Sprintf("d%d", rng.IntN(n))
			docs = append(docs, jsonOf(m))
		}
		b.post(name, docs...)
	}
	for range n / 4 {
		b.do("DELETE", fmt.Sprintf("/v1/collections/%s/documents/d%d", name, rng.IntN(n)), "")
	}
}

// answers is all that a collection tells of its documents: lists, exports and
// searches of every mode with their scores.
func (b *bed) answers(tenant, name string) string {
	b.t.Helper()
	must(b.t, b.s.Merge(background, tenantIn(b.t, b.e, tenant), name)) // scores count rows that are dead
	as := []string{"Test-Tenant", tenant}
	at := "/v1/collections/" + name
	var all []string
	all = append(all, string(b.do("GET", at+"/documents?limit=1000", "", as...).want(200).body))
	export := strings.Split(string(b.do("GET", at+"/export?vectors=true", "", as...).want(200).body), "\n")
	slices.Sort(export) // it goes by the hashes of ids
	all = append(all, export...)
	var info map[string]any
	b.do("GET", at, "", as...).want(200).into(&info)
	for _, member := range []string{"name", "created_at", "updated_at", "memory", "recall", "segments"} {
		delete(info, member)
	}
	all = append(all, jsonOf(info))
	for _, q := range []string{
		`{"q":"word1 word2 wrd3 word4*","mode":"keyword","highlight":true}`, `{"filter":"n >= 3","sort":["-n"]}`, `{"q":"word5","mode":"semantic"}`, `{"q":"word6 word7"}`,
		`{"mode":"semantic","vector":[1,2,3,4,5],"limit":100}`, `{"q":"word8","facets":["n"],"limit":100,"mode":"keyword"}`, `{"q":"\"word1 word2\"","limit":100,"explain":true}`,
	} {
		r := b.do("POST", at+"/search", q, as...)
		var f map[string]any
		must(b.t, json.Unmarshal(r.body, &f))
		delete(f, "took_ms")
		delete(f, "next")
		if e, ok := f["explain"].(map[string]any); ok {
			delete(e, "timings_ms")
			delete(e, "timings")
			delete(e, "took")
		}
		all = append(all, q, fmt.Sprint(r.status), jsonOf(f))
	}
	return strings.Join(all, "\n")
}

// differ tells the first line in which two answers differ.
func differ(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d is\n%.3000s\nand was\n%.3000s", i, a[i], b[i])
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("%d lines, and there were %d", len(a), len(b))
	}
	return ""
}

// TestRestoreEquals restores random collections of every kind, whole, by a file
// into the same tenant and another, and by name. They answer as the source did
// at the moment of the snapshot, also after a start, and nothing was embedded.
func TestRestoreEquals(t *testing.T) {
	for _, kind := range snapshotKinds {
		t.Run(kind.name, func(t *testing.T) {
			for seed := range uint64(2) {
				rng := rand.New(rand.NewPCG(seed, 11))
				b := newBed(t)
				b.define("c", kind.definition)
				b.populate(rng, "c", []int{0, 70}[seed], kind.members)
				want := b.answers("acme", "c")
				id, file := b.snapshot("c")
				b.populate(rng, "c", 20, kind.members)
				embedded := b.model.texts.Load()
				b.do("POST", "/v1/collections/r/restore", file, octets...).want(201, `"name":"r"`)
				b.do("POST", "/v1/collections/c/restore", file, append(octets, "Test-Tenant", "globex")...).want(201, `"name":"c"`)
				b.do("POST", "/v1/collections/s/restore", `{"snapshot":"`+id+`","collection":"c"}`).want(201, `"name":"s"`)
				if n := b.model.texts.Load(); n != embedded {
					t.Errorf("%d texts were embedded again", n-embedded)
				}
				for _, when := range []string{"at once", "after a start"} {
					for _, copied := range [][2]string{{"acme", "r"}, {"globex", "c"}, {"acme", "s"}} {
						if diff := differ(b.answers(copied[0], copied[1]), want); diff != "" {
							t.Fatalf("seed %d: %s, %s of %s: %s", seed, when, copied[1], copied[0], diff)
						}
					}
					b.check()
					b.reopen()
				}
				_, again := b.snapshot("r") // its own snapshot restores as well
				b.do("POST", "/v1/collections/t/restore", again, octets...).want(201)
				if diff := differ(b.answers("acme", "t"), want); diff != "" {
					t.Errorf("seed %d: a copy of the copy: %s", seed, diff)
				}
				b.populate(rng, "r", 20, kind.members) // and it goes on like any other
				b.check()
			}
		})
	}
}

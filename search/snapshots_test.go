package search_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"quintet/engine"
	"quintet/search"
)

func TestSnapshotRoutes(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.define("d", `{}`)
	b.post("c", `{"id":"x","title":"winter coat"}`, `{"id":"y","title":"summer"}`)
	var ids []string
	for range 3 {
		id, _ := b.snapshot("c")
		ids = append(ids, id)
	}
	id, file := b.snapshot("c")
	other := []string{"Test-Tenant", "globex"}
	named := func(snapshot, collection string) string {
		return jsonOf(map[string]string{"snapshot": snapshot, "collection": collection})
	}
	const none = "0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f"
	b.run(t, []scenario{
		{"OKList", "GET", "collections/c/snapshots?limit=2", "", nil, 200, []string{`"items":[{"id":"` + id + `","collection":"c","documents":2,"bytes":` + fmt.Sprint(len(file)) + `,"created_at":"2026-03-01T12:00:00Z"}`, ids[2], "!" + ids[1], `"next":"`}},
		{"OKListNone", "GET", "collections/d/snapshots", "", nil, 200, []string{`"items":[],"next":null`}},
		{"OKRestore", "POST", "collections/e/restore", file, octets, 201, []string{`"name":"e"`, `"documents":2`, `"vectors":2`}},
		{"OKFound", "POST", "collections/e/search", `{"q":"coat","mode":"keyword"}`, nil, 200, []string{`"found":1`}},
		{"OKRestoreAgain", "POST", "collections/f/restore", named(ids[0], "c"), nil, 201, []string{`"name":"f"`}},
		{"OKDelete", "DELETE", "collections/c/snapshots/" + ids[0], "", nil, 204, nil},

		{"ErrNoCollection", "POST", "collections/none/snapshots", "", nil, 404, []string{"collection_not_found"}},
		{"ErrListNoCollection", "GET", "collections/none/snapshots", "", nil, 404, []string{"collection_not_found"}},
		{"ErrLimit", "GET", "collections/c/snapshots?limit=1001", "", nil, 422, []string{"invalid_limit"}},
		{"ErrCursor", "GET", "collections/c/snapshots?cursor=abc", "", nil, 422, []string{"invalid_cursor"}},
		{"ErrDeletedTwice", "DELETE", "collections/c/snapshots/" + ids[0], "", nil, 404, []string{"snapshot_not_found"}},
		{"ErrDeleted", "GET", "collections/c/snapshots/" + ids[0], "", nil, 404, []string{"snapshot_not_found"}},
		{"ErrAnotherCollection", "GET", "collections/d/snapshots/" + id, "", nil, 404, []string{"snapshot_not_found"}},
		{"ErrNoID", "GET", "collections/c/snapshots/x", "", nil, 404, []string{"snapshot_not_found"}},
		{"ErrExists", "POST", "collections/d/restore", file, octets, 409, []string{"collection_exists", "another name", "alias"}},
		{"ErrName", "POST", "collections/D/restore", file, octets, 422, []string{"invalid_name"}},
		{"ErrNoType", "POST", "collections/g/restore", file, []string{"Content-Type", "text/plain"}, 422, []string{"content_type_missing"}},
		{"ErrEmpty", "POST", "collections/g/restore", "", octets, 422, []string{"invalid_snapshot", "byte 0"}},
		{"ErrMember", "POST", "collections/g/restore", `{"snapshot":"x","from":"c"}`, nil, 422, []string{"body.from: unknown field"}},
		{"ErrNoSnapshot", "POST", "collections/g/restore", named(none, "c"), nil, 404, []string{"snapshot_not_found"}},
		{"ErrNoSource", "POST", "collections/g/restore", named(id, ""), nil, 404, []string{"collection_not_found"}},
		{"ErrOtherTenant", "GET", "collections/c/snapshots/" + id, "", other, 404, []string{"collection_not_found"}},
		{"ErrRestoreOfOtherTenant", "POST", "collections/g/restore", named(id, "c"), other, 404, []string{"collection_not_found"}},
	})
	for _, c := range []struct {
		name   string
		key    []string
		status int
		code   string
	}{
		{"c", boundTo("c", "title exists"), 403, "key_reads_documents"},
		{"c", boundTo("d"), 404, "collection_not_found"},
	} {
		for _, call := range [][2]string{{"POST", "snapshots"}, {"GET", "snapshots"}, {"GET", "snapshots/" + id}, {"DELETE", "snapshots/" + id}} {
			b.do(call[0], "/v1/collections/"+c.name+"/"+call[1], "", c.key...).want(c.status, c.code)
		}
	}
	b.do("POST", "/v1/collections/g/restore", file, append(boundTo("g", "title exists"), octets...)...).want(403, "key_reads_documents")
	b.do("POST", "/v1/collections/g/restore", file, append(boundTo("d"), octets...)...).want(404, "collection_not_found")
	b.do("POST", "/v1/collections/g/restore", named(id, "c"), boundTo("g")...).want(404, "collection_not_found")
	b.do("POST", "/v1/collections/g/restore", named(id, "c"), boundTo("g c")...).want(201)
	var page struct {
		Items []search.SnapshotInfo
		Next  *string
	}
	b.do("GET", "/v1/collections/c/snapshots?limit=2", "").want(200).into(&page)
	b.do("GET", "/v1/collections/c/snapshots?cursor="+*page.Next, "").want(200, ids[1], "!"+ids[2], "!"+ids[0], `"next":null`)
	b.wantNothingLeft(8, 3, 3)
	b.do("DELETE", "/v1/collections/c", "").want(204) // and its snapshots
	b.define("c", `{}`)
	b.do("GET", "/v1/collections/c/snapshots/"+id, "").want(404, "snapshot_not_found")
	b.wantNothingLeft(6, 0, 0)
}

// TestSnapshotStays holds that a snapshot outlives another definition of its
// collection, and a start.
func TestSnapshotStays(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"id":"x","title":"winter coat"}`)
	id, file := b.snapshot("c")
	b.do("DELETE", "/v1/collections/c/documents/x", "").want(204)
	b.do("PUT", "/v1/collections/c", `{"fields":[{"name":"n","type":"int"}]}`, ifMatch("*")...).want(200)
	b.wantNothingLeft(0, 1, 1)
	b.reopen()
	if again := b.do("GET", "/v1/collections/c/snapshots/"+id, "").want(200); string(again.body) != file {
		t.Error("the file is another")
	}
	b.do("POST", "/v1/collections/r/restore", `{"snapshot":"`+id+`","collection":"c"}`).want(201, `"documents":1`)
}

// TestSnapshotLimits holds that there are 10 of a collection and 100 of a tenant.
func TestSnapshotLimits(t *testing.T) {
	b := newBed(t)
	b.options.Collections = 11
	b.reopen()
	for i := range 11 {
		name := fmt.Sprintf("c%d", i)
		b.define(name, `{}`)
		for range 10 {
			if i < 10 {
				b.do("POST", "/v1/collections/"+name+"/snapshots", "").want(201)
			}
		}
		b.do("POST", "/v1/collections/"+name+"/snapshots", "").want(409, "too_many_snapshots")
	}
	_, err := b.s.Snapshot(background, b.globex, "none", func() {})
	if problemOf(err).Code != "collection_not_found" {
		t.Error(err)
	}
	var page struct{ Items []search.SnapshotInfo }
	b.do("GET", "/v1/collections/c1/snapshots", "").want(200).into(&page)
	file := string(b.do("GET", "/v1/collections/c1/snapshots/"+page.Items[0].ID, "").want(200).body)
	b.do("POST", "/v1/collections/r/restore", file, octets...).want(409, "too_many_collections")
	b.do("DELETE", "/v1/collections/c1/snapshots/"+page.Items[0].ID, "").want(204)
	b.do("POST", "/v1/collections/c10/snapshots", "").want(201)
	b.wantNothingLeft(0, 100, 100)
	b.options.Documents = 1
	b.reopen()
	b.do("DELETE", "/v1/collections/c0", "").want(204)
	b.post("c1", `{"id":"x"}`)
	b.do("POST", "/v1/collections/r/restore", search.SnapshotFileOf(`{"infer":true}`,
		[2][]byte{search.StoredDocument("a", `{"id":"a"}`, 0, false)}, [2][]byte{search.StoredDocument("b", `{"id":"b"}`, 0, false)}), octets...).want(409, "too_many_documents")
	b.wantNothingLeft(1, 90, 90)
}

// large is a document that does not compress and has no words.
func large(rng *rand.Rand, id string) string {
	b := make([]byte, 60<<10)
	for i := range b {
		b[i] = "0123456789abcdef"[rng.IntN(16)]
	}
	return fmt.Sprintf(`{"id":%q,"n":1,"deep":{"x":"%s"}}`, id, b)
}

// TestSnapshotInParts makes a file of more than one part, while others write:
// it holds one moment, and is whole.
func TestSnapshotInParts(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"n","type":"int"}]}`)
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range 15 {
		var docs []string
		for j := range 10 {
			docs = append(docs, large(rng, fmt.Sprint("large", i, "x", j)))
		}
		b.post("c", docs...)
	}
	pair := func(n int) string { return fmt.Sprintf("{\"id\":\"a\",\"n\":%d}\n{\"id\":\"zz\",\"n\":%d}", n, n) }
	b.do("POST", "/v1/collections/c/documents", pair(0), lines...).want(200, `"accepted":2`)
	var stop atomic.Bool
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := 1; !stop.Load(); n++ {
			b.do("POST", "/v1/collections/c/documents", pair(n), lines...)
		}
	})
	_, file := b.snapshot("c")
	stop.Store(true)
	writer.Wait()
	b.do("POST", "/v1/collections/r/restore", file, octets...).want(201, `"documents":152`)
	var first, last struct{ N int }
	b.do("GET", "/v1/collections/r/documents/a", "").want(200).into(&first)
	b.do("GET", "/v1/collections/r/documents/zz", "").want(200).into(&last)
	if first != last {
		t.Errorf("the snapshot has the states %d and %d of one update", first.N, last.N)
	}
	b.wantNothingLeft(304, 1, 2)
}

// TestSnapshotFails lets the disk refuse a part, the client go, and the
// collection be deleted meanwhile. Nothing is left.
func TestSnapshotFails(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(f *faulty, cancel func()) error
		want      error
	}{
		"ErrFull":    {func(*faulty, func()) error { return syscall.ENOSPC }, engine.ErrFull},
		"ErrIO":      {func(*faulty, func()) error { return syscall.EIO }, syscall.EIO},
		"ErrClient":  {func(_ *faulty, cancel func()) error { cancel(); return nil }, context.Canceled},
		"ErrDropped": {func(f *faulty, _ func()) error { return f.s.Drop(background, f.acme, "c", "") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFaulty(t, search.Options{})
			f.post("c", `{"id":"a","title":"winter"}`)
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			var once sync.Once
			f.on(func(op string) (err error) {
				if op == "write" {
					once.Do(func() { err = c.meanwhile(f, cancel) })
				}
				return err
			})
			_, err := f.s.Snapshot(ctx, f.acme, "c", func() {})
			if c.want == nil && problemOf(err).Code != "collection_not_found" || c.want != nil && !errors.Is(err, c.want) {
				t.Fatalf("%v", err)
			}
			f.on(nil)
			documents := 1
			if c.want == nil {
				documents = 0
			}
			f.wantNothingLeft(documents, 0, 0)
			if documents > 0 {
				f.snapshot("c")
			}
		})
	}
}

// TestSnapshotTells holds the metrics and the events of snapshots, and what the
// check says of one that is not whole.
func TestSnapshotTells(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	events := b.e.Bus.Subscribe(t.Context(), b.acme, 100)
	id, file := b.snapshot("c")
	b.do("POST", "/v1/collections/r/restore", file, octets...).want(201)
	b.do("DELETE", "/v1/collections/c/snapshots/"+id, "").want(204)
	for _, want := range []string{"snapshot.created c", "collection.restored r", "snapshot.deleted c"} {
		if e := <-events; e.Type+" "+e.Subject != want || e.Count != 1 || e.Capability != "search" {
			t.Errorf("the bus was told %+v, expected was %s", e, want)
		}
	}
	for name, want := range map[string]float64{"snapshots_total": 1, "snapshot_bytes_total": float64(len(file)), "restores_total": 1, "texts_embedded_total": 1} {
		if got := b.metric(name); got != want {
			t.Errorf("%s is %v, expected was %v", name, got, want)
		}
	}
	b.wantNothingLeft(2, 0, 0)
	b.snapshot("c")
	must(t, b.e.Store.Update(background, b.acme, func(tx *engine.Tx) error {
		part := first(tx, "search.parts")
		tx.Put("search.parts", append([]byte("another snapshot"), part[16:]...), tx.Get("search.parts", part))
		tx.Delete("search.parts", part)
		tx.Put("search.snapshots", []byte("none\x00123456789abcdef0"), tx.Get("search.snapshots", first(tx, "search.snapshots")))
		return nil
	}))
	problems, err := b.e.Check(background, func(string, int64, int64) {})
	must(t, err)
	all := strings.Join(problems, "\n")
	for _, want := range []string{"a part belongs to no snapshot", "belongs to no collection", "has 0 parts of 0 bytes"} {
		if !strings.Contains(all, want) {
			t.Errorf("the check does not say %q:\n%s", want, all)
		}
	}
}

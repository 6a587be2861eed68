package search_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quintet/engine"
)

func TestListingRoutes(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"title","type":"text"},{"name":"n","type":"int"}]}`)
	b.define("own", `{"fields":[{"name":"v","type":"vector(2)"}],"metric":"dot"}`)
	b.post("c", `{"id":"a","title":"winter","n":1}`, `{"id":"b","n":2,"x":"<b>"}`, `{"id":"c","title":"summer","n":3}`)
	b.post("own", `{"v":[1,0.5],"id":"a"}`, `{"id":"b"}`)
	f := func(name, path string, status int, texts ...string) scenario {
		return scenario{name, "GET", "collections/" + path, "", nil, status, texts}
	}
	b.run(t, []scenario{
		f("OKAll", "c/documents", 200, `{"items":[{"id":"c","title":"summer","n":3},{"id":"b","n":2,"x":"<b>"},{"id":"a","title":"winter","n":1}],"next":null}`),
		f("OKFilter", "c/documents?filter=n%3E1%20and%20title%20exists", 200, `{"items":[{"id":"c","title":"summer","n":3}],"next":null}`),
		f("OKPage", "c/documents?limit=1", 200, `{"items":[{"id":"c","title":"summer","n":3}],"next":"`),
		f("OKNothing", "c/documents?filter=n%3E9", 200, `{"items":[],"next":null}`),
		f("OKOwn", "own/documents", 200, `{"items":[{"id":"b"},{"id":"a"}],"next":null}`),
		f("ErrLimit", "c/documents?limit=1001", 422, "invalid_limit"),
		f("ErrLimitText", "c/documents?limit=many", 422, "query.limit"),
		f("ErrCursor", "c/documents?cursor=abc", 422, "invalid_cursor"),
		f("ErrFilter", "c/documents?filter=m%3D1", 422, "query.filter: at character 1"),
		f("ErrNone", "none/documents", 404, "collection_not_found"),
		{"ErrOtherTenant", "GET", "collections/c/documents", "", []string{"Test-Tenant", "globex"}, 404, nil},

		f("OKExportFilter", "c/export?filter=n%3E2", 200, `{"id":"c","title":"summer","n":3}`, "!winter", "!_vector"),
		f("OKExportVectors", "c/export?filter=n%3D1&vectors=true", 200, `{"id":"a","title":"winter","n":1,"_vector":{"model":"fake","text":"`, `"vector":"`, "!passages"),
		f("OKExportNoVector", "c/export?filter=n%3D2&vectors=true", 200, `{"id":"b","n":2,"x":"<b>"}`),
		f("OKExportOwn", "own/export?vectors=true", 200, `{"id":"a","v":[1,0.5]}`, `{"id":"b"}`),
		f("OKExportOwnWithout", "own/export", 200, `{"id":"a"}`, "!v"),
		f("ErrExportFilter", "c/export?filter=m%3D1", 422, "query.filter: at character 1"),
		f("ErrExportVectors", "c/export?vectors=yes", 422, "query.vectors"),
		f("ErrExportNone", "none/export", 404, "collection_not_found"),
		{"ErrExportOtherTenant", "GET", "collections/c/export", "", []string{"Test-Tenant", "globex"}, 404, nil},
	})
	var page struct{ Next string }
	b.do("GET", "/v1/collections/c/documents?limit=2", "").want(200).into(&page)
	b.do("GET", "/v1/collections/c/documents?limit=2&cursor="+page.Next, "").want(200, `{"items":[{"id":"a","title":"winter","n":1}],"next":null}`)
	b.do("GET", "/v1/collections/c/documents?filter=n%3E0&cursor="+page.Next, "").want(422, "invalid_cursor")
	b.do("GET", "/v1/collections/own/documents?cursor="+page.Next, "").want(422, "invalid_cursor")
	if r := b.do("GET", "/v1/collections/c/export", ""); r.header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("an export is %s", r.header.Get("Content-Type"))
	}
}

// TestExportMeanwhile holds what an export has of documents that are written
// while it runs: each that is there all the time exactly once.
func TestExportMeanwhile(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"n","type":"int"}]}`)
	const documents = 2_500 // more than two slices
	var lines []string
	for i := range documents {
		lines = append(lines, fmt.Sprintf(`{"id":"d%d","n":1}`, i))
	}
	b.post("c", lines...)
	seen, slices := map[string]int{}, 0
	must(t, b.s.Export(background, b.acme, "c", "", false, func(lines []byte) error {
		if slices++; slices == 1 {
			var again []string
			for i := range documents / 2 {
				again = append(again, fmt.Sprintf(`{"id":"d%d","n":2}`, i*2))
			}
			b.post("c", again...)
			b.post("c", `{"id":"new"}`)
		}
		for line := range bytes.Lines(lines) {
			var d struct{ ID string }
			must(t, json.Unmarshal(line, &d))
			seen[d.ID]++
		}
		return nil
	}))
	delete(seen, "new")
	if slices < 3 || len(seen) != documents {
		t.Errorf("%d of %d documents came in %d slices", len(seen), documents, slices)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", id, times)
		}
	}
	err := b.s.Export(background, b.acme, "c", "", false, func([]byte) error {
		b.do("DELETE", "/v1/collections/c", "").want(204)
		return nil
	})
	if own, ok := errors.AsType[*engine.Error](err); !ok || own.Code != "collection_not_found" {
		t.Errorf("the export of a collection that was deleted meanwhile ended with %v", err)
	}
}

// export lists the lines of an export by their ids.
func (b *bed) export(path string) (ids []string, body string) {
	b.t.Helper()
	r := b.do("GET", path, "").want(200)
	scan := bufio.NewScanner(bytes.NewReader(r.body))
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var d struct{ ID string }
		must(b.t, json.Unmarshal(scan.Bytes(), &d))
		ids = append(ids, d.ID)
	}
	slices.Sort(ids)
	return ids, string(r.body)
}

// listings holds lists and exports by a random filter against the model.
func (b *bed) listings(t *rapid.T, n *naive) {
	c := drawCondition(t, 2)
	want, _ := n.search("", "keyword", c.pass)
	filter := "filter=" + url.QueryEscape(c.text)
	path := fmt.Sprintf("/v1/collections/c/documents?limit=%d&%s", rapid.IntRange(1, 4).Draw(t, "limit"), filter)
	at := 0
	for cursor := ""; ; {
		var page struct {
			Items []map[string]any
			Next  *string
		}
		b.do("GET", path+cursor, "").want(200).into(&page)
		for _, d := range page.Items {
			if at == len(want) || jsonOf(d) != jsonOf(normalised(want[at].d.members)) {
				t.Fatalf("item %d of %s is %v, expected was one of %d: %v", at, c.text, d, len(want), jsonOf(want[min(at, len(want)-1)].d.members))
			}
			at++
		}
		if page.Next == nil {
			break
		}
		cursor = "&cursor=" + *page.Next
	}
	if at != len(want) {
		t.Fatalf("%s lists %d documents, expected were %d", c.text, at, len(want))
	}
	ids := map[string]bool{}
	for _, h := range want {
		ids[h.d.id] = true
	}
	if got, _ := b.export("/v1/collections/c/export?" + filter); !slices.Equal(got, slices.Sorted(maps.Keys(ids))) {
		t.Fatalf("%s exports %v, expected were %v", c.text, got, ids)
	}
}

// TestExportImport holds that a collection is the same after an export and an
// import, and that vectors are taken over where model and text are the same.
func TestExportImport(t *testing.T) {
	b := newBed(t)
	long := strings.Repeat("winter coat ", 20)
	b.define("a", `{}`)
	b.define("exact", `{"precision":"float32"}`)
	docs := []string{`{"id":"long","t":"` + long + `"}`, `{"id":"short","t":"winter"}`, `{"id":"none","n":1}`}
	b.post("a", docs...)
	b.post("exact", docs...)
	_, body := b.export("/v1/collections/a/export?vectors=true")
	_, exact := b.export("/v1/collections/exact/export?vectors=true")
	imported := func(name, body string, least int64, texts ...string) {
		t.Helper()
		precision := "int8"
		if strings.HasPrefix(name, "exact") {
			precision = "float32"
		}
		b.define(name, `{"precision":"`+precision+`"}`)
		before := b.model.texts.Load()
		b.do("POST", "/v1/collections/"+name+"/documents", body, lines...).want(200, `"accepted":3,"rejected":0`)
		if n := b.model.texts.Load() - before; n != least {
			t.Errorf("%d texts were embedded, expected were %d", n, least)
		}
		_, other := b.export("/v1/collections/" + name + "/export?vectors=true")
		if got, want := sortedLines(other), sortedLines(body); least == 0 && got != want {
			t.Errorf("an export is\n%.500s\nand after its import\n%.500s", want, got)
		}
		b.do("GET", "/v1/collections/"+name, "").want(200, `"documents":3,"vectors":2`, "!_vector")
		b.do("GET", "/v1/collections/"+name+"/documents/short", "").want(200, append(texts, "!_vector")...)
		b.check()
	}
	imported("same", body, 0, `{"id":"short","t":"winter"}`)
	imported("exactly", exact, 0, `{"id":"short","t":"winter"}`)
	imported("exact-anew", body, 4) // the vectors that it brings are rounded
	imported("rounded", exact, 4)
	imported("model", strings.ReplaceAll(body, `"model":"fake"`, `"model":"other"`), 4) // of them three are passages
	imported("text", strings.ReplaceAll(body, `"t":"winter"`, `"t":"summer"`), 1, `"t":"summer"`)
	if r, _ := b.export("/v1/collections/same/export"); len(r) != 3 {
		t.Errorf("an export has %v", r)
	}
}

func sortedLines(text string) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// TestCarriedRefused holds which vectors no document may carry.
func TestCarriedRefused(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.define("words", `{"fields":[{"name":"t","type":"text"}],"embed":[]}`)
	b.post("c", `{"id":"long","t":"`+strings.Repeat("winter coat ", 20)+`"}`)
	_, line := b.export("/v1/collections/c/export?vectors=true")
	var d map[string]any
	must(t, json.Unmarshal([]byte(line), &d))
	carried := func(member string, change func(string) any) string {
		other := maps.Clone(d)
		inner := maps.Clone(d["_vector"].(map[string]any))
		inner[member] = change(inner[member].(string))
		other["_vector"] = inner
		return jsonOf(other)
	}
	for name, body := range map[string]string{
		"Text":       `{"t":"x","_vector":"x"}`,
		"Numbers":    `{"t":"x","_vector":[1,2]}`,
		"Nothing":    `{"t":"x","_vector":{}}`,
		"NoBase64":   carried("vector", func(s string) any { return "?" + s[1:] }),
		"Short":      carried("vector", func(s string) any { return s[4:] }),
		"NotUnit":    carried("vector", func(s string) any { return strings.Repeat("A", len(s)) }),
		"NotANumber": carried("vector", func(s string) any { return strings.Repeat("/", len(s)) }),
		"Passages":   carried("passages", func(s string) any { return s[:len(s)-4] }),
		"NoPassages": carried("passages", func(s string) any { return "" }),
		"ManyHalves": carried("passages", func(s string) any { return s + s }),
	} {
		t.Run(name, func(t *testing.T) {
			r := b.do("PUT", "/v1/collections/c/documents/long", body)
			r.t = t
			r.want(422, "_vector", "as an export wrote it")
		})
	}
	b.do("PUT", "/v1/collections/c/documents/long", `{"t":"x","_vector":null}`).want(200, `{"id":"long","t":"x"}`)
	b.do("PUT", "/v1/collections/words/documents/a", `{"_vector":"x"}`).want(201, `{"id":"a","_vector":"x"}`) // which means nothing there
	b.check()
}

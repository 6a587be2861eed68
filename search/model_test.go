package search_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quintet/search"
	"quintet/search/binary16"
	"quintet/search/binary32"
)

// naive is search by brute force: a map of documents, and every question
// answered by looking at each of them.
type naive struct {
	documents map[string]*naiveDocument
	puts      int
	precision string // of the vectors; "" = int8
	dirty     bool   // documents were replaced or deleted since the last full merge: keyword scores count them
}

type naiveDocument struct {
	id      string
	order   int // of its put: the version rises with it
	members map[string]any
	tf      map[string]float64
	length  float64
	vectors [][]float64 // of its passages, as they are stored
	exact   [][]byte    // likewise, where they are float32
}

// The collection of the model: a text of weight 2 and one of weight 1, both
// embedded, and a field of each other kind.
const modelDefinition = `{"fields":[{"name":"title","type":"text","weight":2},{"name":"body","type":"text"},{"name":"color","type":"keyword"},
	{"name":"tags","type":"keyword[]"},{"name":"year","type":"int"},{"name":"price","type":"float"},{"name":"new","type":"bool"},{"name":"at","type":"date"}],"embed":["title","body"]}`

func (n *naive) put(members map[string]any) {
	n.puts++
	d := &naiveDocument{id: members["id"].(string), order: n.puts, members: members, tf: map[string]float64{}}
	var embedded []string
	for _, f := range []struct {
		name   string
		weight float64
	}{{"title", 2}, {"body", 1}} {
		text, _ := members[f.name].(string)
		for _, term := range search.Terms(text) {
			d.tf[term] += f.weight
			d.length += f.weight
		}
		if text = strings.TrimSpace(text); text != "" {
			embedded = append(embedded, text)
		}
	}
	if len(embedded) > 0 {
		passages, _ := (&fake{}).Passages(strings.Join(embedded, "\n"))
		for _, p := range passages {
			v, _ := fakeVector(string(p.Tokens))
			var vector []float64
			if n.precision == "float32" {
				d.exact = append(d.exact, binary32.Append(nil, v))
			} else {
				binary16.Floats(v, binary16.Append(nil, v))
			}
			for _, x := range v {
				vector = append(vector, float64(x))
			}
			d.vectors = append(d.vectors, vector)
		}
	}
	n.dirty = n.dirty || n.documents[d.id] != nil
	n.documents[d.id] = d
}

func (n *naive) bm25(q string, d *naiveDocument) (score float64) {
	total, repeated := 0.0, map[string]float64{}
	for _, other := range n.documents {
		total += other.length
	}
	average := total / float64(len(n.documents))
	if total == 0 {
		average = 1
	}
	for _, term := range search.Terms(q) {
		repeated[term]++
	}
	for term, times := range repeated {
		df := 0.0
		for _, other := range n.documents {
			if other.tf[term] > 0 {
				df++
			}
		}
		tf := d.tf[term]
		idf := math.Log(1 + (float64(len(n.documents))-df+0.5)/(df+0.5))
		score += times * idf * tf * 2.2 / (tf + 1.2*(0.25+0.75*d.length/average))
	}
	return score
}

// cosine is that of the nearest passage. Among texts of the same words float32
// alone decides which is nearer, so its own sums count.
func (d *naiveDocument) cosine(q string) float64 {
	v, _ := fakeVector(q)
	best := math.Inf(-1)
	for i, vector := range d.vectors {
		if d.exact != nil {
			best = max(best, float64(binary32.Dot(v, d.exact[i])))
			continue
		}
		sum := 0.0
		for i, x := range v {
			sum += float64(x) * vector[i]
		}
		best = max(best, sum)
	}
	return best
}

type naiveHit struct {
	d     *naiveDocument
	score float64
}

func sortHits(hits []naiveHit) {
	slices.SortFunc(hits, func(a, b naiveHit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.d.order, a.d.order))
	})
}

// search answers what a search with no limit has to.
func (n *naive) search(q, mode string, pass func(map[string]any) bool) (hits []naiveHit, found int) {
	var keyword, semantic []naiveHit
	either := 0
	for _, d := range n.documents {
		if !pass(d.members) {
			continue
		}
		if strings.TrimSpace(q) == "" {
			hits = append(hits, naiveHit{d, 0})
			continue
		}
		score := n.bm25(q, d)
		if score > 0 {
			keyword = append(keyword, naiveHit{d, score})
		}
		if d.vectors != nil {
			semantic = append(semantic, naiveHit{d, d.cosine(q)})
		}
		if score > 0 || d.vectors != nil {
			either++
		}
	}
	switch {
	case strings.TrimSpace(q) == "":
	case mode == "keyword":
		hits = keyword
	case mode == "semantic":
		hits = semantic
	default:
		hits = fuseNaively(semantic, keyword)
		sortHits(hits)
		return hits, either
	}
	sortHits(hits)
	return hits, len(hits)
}

func fuseNaively(semantic, keyword []naiveHit) (hits []naiveHit) {
	share := 0.6
	if len(keyword) == 0 {
		share = 1
	} else if len(semantic) == 0 {
		share = 0
	}
	scores := map[*naiveDocument]float64{}
	for i, list := range [][]naiveHit{semantic, keyword} {
		least, most := math.Inf(1), math.Inf(-1)
		for _, h := range list {
			least, most = min(least, h.score), max(most, h.score)
		}
		for _, h := range list {
			part := 1.0
			if most > least {
				part = (h.score - least) / (most - least)
			}
			scores[h.d] += []float64{share, 1 - share}[i] * part
		}
	}
	for d, score := range scores {
		hits = append(hits, naiveHit{d, score})
	}
	return hits
}

// condition is a filter as text and as a function over a document.
type condition struct {
	text string
	pass func(map[string]any) bool
}

func drawCondition(t *rapid.T, depth int) condition {
	if depth > 0 && rapid.IntRange(0, 2).Draw(t, "nest") == 0 {
		a := drawCondition(t, depth-1)
		switch rapid.IntRange(0, 3).Draw(t, "operator") {
		case 0:
			return condition{"not (" + a.text + ")", func(m map[string]any) bool { return !a.pass(m) }}
		case 1:
			b := drawCondition(t, depth-1)
			return condition{"(" + a.text + ") or (" + b.text + ")", func(m map[string]any) bool { return a.pass(m) || b.pass(m) }}
		case 2:
			b := drawCondition(t, 0)
			return condition{b.text + " AND (" + a.text + ")", func(m map[string]any) bool { return a.pass(m) && b.pass(m) }}
		default:
			b, c := drawCondition(t, 0), drawCondition(t, 0)
			return condition{a.text + " or " + b.text + " and not " + c.text, nil}.then(a, b, c)
		}
	}
	switch rapid.IntRange(0, 6).Draw(t, "test") {
	case 0:
		return drawNumbers(t, "year", rapid.SampledFrom([]string{"2019", "2020", "2020.5", "-1", "9007199254740993", "1e3"}))
	case 1:
		return drawNumbers(t, "price", rapid.SampledFrom([]string{"1.5", "2", "-0.5", "1e2"}))
	case 2:
		return drawWords(t, "color", colors)
	case 3:
		return drawWords(t, "tags", tags)
	case 4:
		return drawWords(t, "title", titles)
	case 5:
		return drawTimes(t)
	default:
		want := rapid.Bool().Draw(t, "truth")
		return condition{fmt.Sprintf("new = %v", want), func(m map[string]any) bool { return m["new"] == want }}
	}
}

// then follows the precedence of the language: or is weaker than and.
func (c condition) then(a, b, d condition) condition {
	c.pass = func(m map[string]any) bool { return a.pass(m) || b.pass(m) && !d.pass(m) }
	c.text = "(" + a.text + ") or " + b.text + " and not " + d.text
	return c
}

func drawNumbers(t *rapid.T, field string, literals *rapid.Generator[string]) condition {
	op := rapid.SampledFrom([]string{"=", "!=", "<", "<=", ">", ">=", "in", "not in", "exists", "not exists"}).Draw(t, "op")
	list := rapid.SliceOfN(literals, 1, 3).Draw(t, "literals")
	text := field + " " + op
	switch {
	case strings.HasSuffix(op, "in"):
		text += " [" + strings.Join(list, ", ") + "]"
	case !strings.HasSuffix(op, "exists"):
		list = list[:1]
		text += " " + list[0]
	}
	return condition{text, func(m map[string]any) bool {
		value, has := m[field]
		has = has && value != nil
		hit := false
		for _, literal := range list {
			if has {
				order := bigOf(fmt.Sprint(value)).Cmp(bigOf(literal))
				hit = hit || strings.HasPrefix(op, "<") && order < 0 || strings.HasPrefix(op, ">") && order > 0 || strings.HasSuffix(op, "=") && op != "!=" && order == 0 ||
					(op == "!=" || strings.HasSuffix(op, "in")) && order == 0
			}
		}
		switch op {
		case "exists":
			return has
		case "not exists":
			return !has
		case "!=", "not in":
			return !hit
		}
		return hit
	}}
}

func drawWords(t *rapid.T, field string, words []string) condition {
	op := rapid.SampledFrom([]string{"=", "!=", "<", ">=", "in", "not in", "exists"}).Draw(t, "op")
	list := rapid.SliceOfN(rapid.SampledFrom(words), 1, 2).Draw(t, "words")
	quoted := make([]string, len(list))
	for i, w := range list {
		quoted[i] = "'" + strings.ReplaceAll(w, "'", "''") + "'"
		if !strings.Contains(w, `"`) && i == 0 {
			quoted[i] = `"` + w + `"`
		}
	}
	text := field + " " + op
	switch {
	case strings.HasSuffix(op, "in"):
		text += "[" + strings.Join(quoted, ",") + "]"
	case op != "exists":
		list = list[:1]
		text += quoted[0]
	}
	return condition{text, func(m map[string]any) bool {
		var has []string
		switch v := m[field].(type) {
		case string:
			has = []string{v}
		case []string:
			has = v
		}
		if op == "exists" {
			return len(has) > 0
		}
		hit := slices.ContainsFunc(has, func(w string) bool {
			if len(w) > 64 && field == "title" {
				return false
			}
			return slices.ContainsFunc(list, func(other string) bool {
				switch op {
				case "<":
					return w < other
				case ">=":
					return w >= other
				}
				return w == other
			})
		})
		if op == "!=" || op == "not in" {
			return !hit
		}
		return hit
	}}
}

var (
	words  = []string{"winter", "coat", "coats", "summer", "Shorts", "the", "warm", "bicycle", "Fahrrad", "naïve", "x1", "running", "ran"}
	colors = []string{"red", "dark blue", "it's", `12"`, ""}
	tags   = []string{"a", "b", "c", "ü"}
	titles = []string{"winter coat", "summer", "bicycle", strings.Repeat("warm ", 14)}
)

func drawDocument(t *rapid.T) map[string]any {
	m := map[string]any{"id": rapid.SampledFrom([]string{"d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9"}).Draw(t, "id")}
	maybe := func(name string, value func() any) {
		if rapid.IntRange(0, 3).Draw(t, name+"?") > 0 {
			m[name] = value()
		}
	}
	maybe("title", func() any { return rapid.SampledFrom(titles).Draw(t, "title") })
	maybe("body", func() any { return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 60).Draw(t, "body"), " ") })
	maybe("color", func() any { return rapid.SampledFrom(colors).Draw(t, "color") })
	maybe("tags", func() any { return rapid.SliceOfN(rapid.SampledFrom(tags), 0, 3).Draw(t, "tags") })
	maybe("year", func() any {
		return rapid.SampledFrom([]int64{2019, 2020, 2021, -1, 1000, 9007199254740992, 9007199254740993}).Draw(t, "year")
	})
	maybe("price", func() any { return rapid.SampledFrom([]float64{1.5, 2, -0.5, 100}).Draw(t, "price") })
	maybe("at", func() any { return rapid.SampledFrom(times).Draw(t, "at") })
	maybe("new", func() any { return rapid.Bool().Draw(t, "new") })
	maybe("other", func() any { return map[string]any{"kept": true} })
	return m
}

// TestAgainstBruteForce runs random writes, merges and restarts and holds every
// search against the naive one: the matching set always, hits, scores, order
// and facets page by page where no row is dead.
func TestAgainstBruteForce(t *testing.T) {
	b := &bed{t: t, dir: filepath.Join(memory(t), "data"), model: &fake{}, options: search.Options{FlushRows: 7}}
	b.open()
	t.Cleanup(b.close)
	rapid.Check(t, func(rt *rapid.T) {
		b.do("DELETE", "/v1/collections/c", "")
		n := &naive{documents: map[string]*naiveDocument{}, precision: rapid.SampledFrom([]string{"int8", "float32"}).Draw(rt, "precision")}
		b.define("c", fmt.Sprintf(`%s,"precision":"%s"}`, strings.TrimSuffix(modelDefinition, "}"), n.precision))
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			b.step(rt, n)
		}
		b.compare(rt, "c", n)
	})
	b.do("DELETE", "/v1/collections/c", "").want(204)
	must(t, b.s.Sweep(background))
	b.check()
}

// step does one random thing to the collection and to the model.
func (b *bed) step(rt *rapid.T, n *naive) {
	switch rapid.IntRange(0, 11).Draw(rt, "step") {
	case 0, 1:
		m := drawDocument(rt)
		b.do("PUT", "/v1/collections/c/documents/"+m["id"].(string), jsonOf(m))
		n.put(m)
	case 2, 3:
		var lines []string
		for range rapid.IntRange(1, 12).Draw(rt, "lines") {
			m := drawDocument(rt)
			lines = append(lines, jsonOf(m))
			n.put(m)
		}
		b.post("c", lines...)
	case 4:
		id := rapid.SampledFrom([]string{"d1", "d2", "d3", "d4"}).Draw(rt, "id")
		status := 404
		if n.documents[id] != nil {
			status, n.dirty = 204, true
		}
		b.do("DELETE", "/v1/collections/c/documents/"+id, "").want(status)
		delete(n.documents, id)
	case 5:
		_, err := b.s.Maintain(background, 0) // seals the parts that are full
		must(b.t, err)
	case 6:
		must(b.t, b.s.Merge(background, b.acme, "c"))
		n.dirty = false
	case 7:
		b.reopen()
	case 8:
		b.purge(rt, n)
	case 9:
		b.listings(rt, n)
	default:
		b.compare(rt, "c", n)
	}
}

// compare asks one random question of both.
func (b *bed) compare(t *rapid.T, name string, n *naive) {
	c := condition{"", func(map[string]any) bool { return true }}
	if rapid.Bool().Draw(t, "filtered") {
		c = drawCondition(t, 2)
	}
	q := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 4).Draw(t, "q"), " ")
	mode := rapid.SampledFrom([]string{"keyword", "semantic", "hybrid"}).Draw(t, "mode")
	limit := rapid.IntRange(1, 4).Draw(t, "limit")
	exact := rapid.Bool().Draw(t, "exact")
	want, count := n.search(q, mode, c.pass)
	body := map[string]any{"q": q, "mode": mode, "filter": c.text, "limit": limit, "exact": exact, "facets": []string{"color", "tags", "year", "new"}}
	ranked := !n.dirty || mode == "semantic" || strings.TrimSpace(q) == ""
	missing := map[string]bool{}
	for _, w := range want {
		missing[w.d.id] = true
	}
	for at := 0; ; {
		f := b.search(name, jsonOf(body))
		if f.Found != count {
			t.Fatalf("%s found %d, expected was %d", jsonOf(body), f.Found, count)
		}
		if got, want := jsonOf(f.Facets), jsonOf(countNaively(want)); got != want {
			t.Fatalf("%s has the facets %s, expected was %s", jsonOf(body), got, want)
		}
		for _, h := range f.Hits {
			if !missing[h.ID] {
				t.Fatalf("%s finds %s, or a second time", jsonOf(body), h.ID)
			}
			delete(missing, h.ID)
			w := want[at]
			at++
			near := 1e-6
			if body["mode"] == "hybrid" {
				near = 1e-5 // fusion stretches differences where scores are close
			}
			if ranked && math.Abs(h.Score-w.score) > near {
				t.Fatalf("%s: hit %d is %s with %v, expected was %s with %v", jsonOf(body), at, h.ID, h.Score, w.d.id, w.score)
			}
			if jsonOf(h.Document) != jsonOf(normalised(n.documents[h.ID].members)) {
				t.Fatalf("%s is %s", h.ID, jsonOf(h.Document))
			}
		}
		if f.Next == nil {
			break
		}
		if len(f.Hits) != limit {
			t.Fatalf("%s has %d hits before its end", jsonOf(body), len(f.Hits))
		}
		body["cursor"] = *f.Next
	}
	if len(missing) > 0 {
		t.Fatalf("%s does not find %v", jsonOf(body), missing)
	}
}

type facetCount struct {
	Value json.RawMessage
	Count int
}

// countNaively counts values as facets do: each once a document, the most
// frequent first.
func countNaively(hits []naiveHit) map[string][]facetCount {
	all := map[string][]facetCount{}
	for _, field := range []string{"color", "tags", "year", "new"} {
		counts := map[string]int{}
		for _, h := range hits {
			var values []any
			switch v := h.d.members[field].(type) {
			case nil:
			case []string:
				for _, tag := range slices.Compact(slices.Sorted(slices.Values(v))) {
					values = append(values, tag)
				}
			default:
				values = append(values, v)
			}
			for _, v := range values {
				counts[jsonOf(v)]++
			}
		}
		all[field] = []facetCount{}
		for value, n := range counts {
			all[field] = append(all[field], facetCount{json.RawMessage(value), n})
		}
		slices.SortFunc(all[field], func(a, b facetCount) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), compareValues(a.Value, b.Value))
		})
	}
	return all
}

// compareValues orders numbers by what they are, and words by their bytes.
func compareValues(a, b json.RawMessage) int {
	var x, y string
	if json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil {
		return strings.Compare(x, y)
	}
	if a[0] == 't' || a[0] == 'f' {
		return strings.Compare(string(a), string(b))
	}
	return bigOf(string(a)).Cmp(bigOf(string(b)))
}

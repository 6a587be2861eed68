package search_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quintet/search"
)

// naive is search by brute force: a map of documents, and every question
// answered by looking at each of them.
type naive struct {
	documents map[string]*naiveDocument
	puts      int
}

type naiveDocument struct {
	id      string
	order   int // of its put: the version rises with it
	members map[string]any
	tf      map[string]float64
	length  float64
	codes   []int // nil = without a vector
	scale   float64
}

// The collection of the model: a text of weight 2 and one of weight 1, both
// embedded, and a field of each other kind.
const modelDefinition = `{"fields":[{"name":"title","type":"text","weight":2},{"name":"body","type":"text"},{"name":"color","type":"keyword"},
	{"name":"tags","type":"keyword[]"},{"name":"year","type":"int"},{"name":"price","type":"float"},{"name":"new","type":"bool"}],"embed":["title","body"]}`

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
		v, _ := fakeVector(strings.Join(embedded, "\n"))
		for i, x := range v {
			v[i] = search.Single(search.Half(x)) // as it is stored
		}
		d.codes, d.scale = naiveCodes(v)
	}
	n.documents[d.id] = d
}

// naiveCodes are the 8 bits of each number by the largest of them.
func naiveCodes(v []float32) (codes []int, scale float64) {
	most := 0.0
	for _, x := range v {
		most = max(most, math.Abs(float64(x)))
	}
	for _, x := range v {
		codes = append(codes, int(math.RoundToEven(float64(x)*127/most)))
	}
	return codes, float64(float32(most / 127))
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

func (d *naiveDocument) cosine(q string) float64 {
	v, _ := fakeVector(q)
	codes, scale := naiveCodes(v)
	sum := 0
	for i, c := range codes {
		sum += c * d.codes[i]
	}
	return float64(sum) * scale * d.scale
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
		if d.codes != nil {
			semantic = append(semantic, naiveHit{d, d.cosine(q)})
		}
		if score > 0 || d.codes != nil {
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
	switch rapid.IntRange(0, 5).Draw(t, "test") {
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
	maybe("body", func() any { return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 12).Draw(t, "body"), " ") })
	maybe("color", func() any { return rapid.SampledFrom(colors).Draw(t, "color") })
	maybe("tags", func() any { return rapid.SliceOfN(rapid.SampledFrom(tags), 0, 3).Draw(t, "tags") })
	maybe("year", func() any {
		return rapid.SampledFrom([]int64{2019, 2020, 2021, -1, 1000, 9007199254740992, 9007199254740993}).Draw(t, "year")
	})
	maybe("price", func() any { return rapid.SampledFrom([]float64{1.5, 2, -0.5, 100}).Draw(t, "price") })
	maybe("new", func() any { return rapid.Bool().Draw(t, "new") })
	maybe("other", func() any { return map[string]any{"kept": true} })
	return m
}

// TestAgainstBruteForce runs random writes and holds every search against the
// naive one: hits, scores, order and count, page by page.
func TestAgainstBruteForce(t *testing.T) {
	b := newBed(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		name := fmt.Sprintf("c%d", run)
		b.define(name, modelDefinition)
		n := &naive{documents: map[string]*naiveDocument{}}
		for range rapid.IntRange(1, 10).Draw(rt, "steps") {
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0, 1:
				m := drawDocument(rt)
				b.do("PUT", "/v1/collections/"+name+"/documents/"+m["id"].(string), jsonOf(m))
				n.put(m)
			case 2, 3:
				var lines []string
				for range rapid.IntRange(1, 12).Draw(rt, "lines") {
					m := drawDocument(rt)
					lines = append(lines, jsonOf(m))
					n.put(m)
				}
				b.post(name, lines...)
			case 4:
				id := rapid.SampledFrom([]string{"d1", "d2", "d3", "d4"}).Draw(rt, "id")
				status := 404
				if n.documents[id] != nil {
					status = 204
				}
				b.do("DELETE", "/v1/collections/"+name+"/documents/"+id, "").want(status)
				delete(n.documents, id)
			default:
				b.compare(rt, name, n)
			}
		}
		b.compare(rt, name, n)
		b.do("DELETE", "/v1/collections/"+name, "").want(204)
	})
	must(t, b.s.Sweep(background))
	b.check()
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
	want, count := n.search(q, mode, c.pass)
	body := map[string]any{"q": q, "mode": mode, "filter": c.text, "limit": limit}
	at := 0
	for page := 0; ; page++ {
		f := b.search(name, jsonOf(body))
		if f.Found != count {
			t.Fatalf("%s found %d, expected was %d", jsonOf(body), f.Found, count)
		}
		for _, h := range f.Hits {
			if at >= len(want) {
				t.Fatalf("%s has more than %d hits", jsonOf(body), len(want))
			}
			w := want[at]
			at++
			if h.ID != w.d.id && math.Abs(h.Score-w.score) > 1e-9 || math.Abs(h.Score-w.score) > 1e-6 {
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
	if at != len(want) {
		t.Fatalf("%s ends after %d hits, expected were %d", jsonOf(body), at, len(want))
	}
}

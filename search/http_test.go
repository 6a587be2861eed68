package search_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// scenario is one request, what its answer must hold and, behind a !, what not.
type scenario struct {
	name    string
	method  string
	path    string // below /v1/
	body    string
	headers []string
	status  int
	texts   []string
}

func (b *bed) run(t *testing.T, scenarios []scenario) {
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			r := b.do(sc.method, "/v1/"+sc.path, sc.body, b.withCurrent(sc)...)
			r.t = t
			r.want(sc.status, sc.texts...)
		})
	}
}

// current stands in the headers of a scenario for the ETag that its path has then.
const current = "current"

func (b *bed) withCurrent(sc scenario) (headers []string) {
	for _, h := range sc.headers {
		if strings.Contains(h, current) {
			h = strings.ReplaceAll(h, current, b.do("GET", "/v1/"+sc.path, "").header.Get("ETag"))
		}
		headers = append(headers, h)
	}
	return headers
}

// TestMadeAgain holds that the ETag of what was deleted is none of what is made
// under its name again.
func TestMadeAgain(t *testing.T) {
	b := newBed(t)
	b.define("first", `{}`)
	b.define("second", `{}`)
	for path, body := range map[string]string{"collections/c": `{}`, "aliases/a": `{"collection":"first"}`} {
		old := b.do("PUT", "/v1/"+path, body).want(201).header.Get("ETag")
		b.do("DELETE", "/v1/"+path, "", "If-Match", old).want(204)
		again := b.do("PUT", "/v1/"+path, body).want(201).header.Get("ETag")
		b.do("DELETE", "/v1/"+path, "", "If-Match", old).want(412, "etag_mismatch")
		b.reopen()
		b.do("GET", "/v1/"+path, "").want(200)
		b.do("DELETE", "/v1/"+path, "", "If-Match", again).want(204)
	}
}

func ifMatch(etag string) []string { return []string{"If-Match", etag} }

var lines = []string{"Content-Type", "application/x-ndjson"}

func TestCollectionRoutes(t *testing.T) {
	b := newBed(t)
	const c = "collections/books"
	const body = `{"fields":[{"name":"title","type":"text","weight":2},{"name":"year","type":"int"}]}`
	b.run(t, []scenario{
		{"ErrNone", "GET", c, "", nil, 404, []string{"collection_not_found"}},
		{"ErrIfMatchOfNone", "PUT", c, body, ifMatch(`"1"`), 412, []string{"etag_mismatch"}},
		{"OKNew", "PUT", c, body, nil, 201, []string{`"name":"books"`, `{"name":"title","type":"text","weight":2,"language":"english"},{"name":"year","type":"int"}`, `"language":"english"`, `"segments":0`, `"embed":["title"]`, `"metric":"cosine"`, `"precision":"int8"`, `"inferred":false`, `"documents":0`}},
		{"OKSame", "PUT", c, body, nil, 200, nil},
		{"ErrOther", "PUT", c, `{}`, nil, 409, []string{"collection_exists"}},
		{"ErrOtherOld", "PUT", c, `{}`, ifMatch(`"7"`), 412, nil},
		{"OKOtherCurrent", "PUT", c, `{"fields":[{"name":"title","type":"text"}],"embed":[]}`, ifMatch(current), 200, []string{`"embed":[]`, `!year`, "!precision"}},
		{"OKDocument", "PUT", c + "/documents/d", `{"title":"x"}`, nil, 201, []string{`{"id":"d","title":"x"}`}},
		{"ErrFilled", "PUT", c, `{}`, ifMatch(current), 409, []string{"collection_not_empty"}},
		{"OKSameFilled", "PUT", c, `{"fields":[{"name":"title","type":"text"}],"embed":[]}`, ifMatch(`*`), 200, []string{`"documents":1`}},
		{"ErrOtherTenant", "GET", c, "", []string{"Test-Tenant", "globex"}, 404, nil},
		{"OKOwn", "PUT", c, `{}`, []string{"Test-Tenant", "globex"}, 201, []string{`"inferred":true`, `"fields":[]`}},
		{"OKList", "GET", "collections?limit=1", "", nil, 200, []string{`"name":"books"`, `"next":null`}},

		{"ErrName", "PUT", "collections/Books", `{}`, nil, 422, []string{"invalid_name"}},
		{"ErrUnknown", "PUT", "collections/x", `{"field":[]}`, nil, 422, nil},
		{"ErrFacet", "PUT", "collections/x", `{"fields":[{"name":"a","type":"text","facet":true}]}`, nil, 422, []string{"invalid_definition", "body.fields[0]", "facet"}},
		{"OKFacetFalse", "PUT", "collections/facet", `{"fields":[{"name":"a","type":"int","facet":false}],"metric":"cosine"}`, nil, 201, []string{`"embed":[]`}},
		{"OKDate", "PUT", "collections/date", `{"fields":[{"name":"a","type":"date","facet":true}]}`, nil, 201, []string{`{"name":"a","type":"date","facet":true}`}},
		{"ErrDateWeight", "PUT", "collections/x", `{"fields":[{"name":"a","type":"date","weight":2}]}`, nil, 422, []string{"only a text field"}},
		{"ErrGeo", "PUT", "collections/x", `{"fields":[{"name":"a","type":"geo"}]}`, nil, 422, []string{"not_supported", "body.fields[0].type"}},
		{"ErrVectors", "PUT", "collections/x", `{"fields":[{"name":"a","type":"vector(3)"},{"name":"b","type":"vector(3)"}]}`, nil, 422, []string{"not_supported", "body.fields[1].type"}},
		{"ErrVectorAndEmbed", "PUT", "collections/x", `{"fields":[{"name":"a","type":"vector(3)"},{"name":"b","type":"text"}],"embed":["b"]}`, nil, 422, []string{"not_supported", "body.embed"}},
		{"ErrDimensions", "PUT", "collections/x", `{"fields":[{"name":"a","type":"vector(0)"}]}`, nil, 422, []string{"invalid_definition", "1 to 4096"}},
		{"ErrTooManyDimensions", "PUT", "collections/x", `{"fields":[{"name":"a","type":"vector(4097)"}]}`, nil, 422, []string{"invalid_definition"}},
		{"ErrMetric", "PUT", "collections/x", `{"metric":"manhattan"}`, nil, 422, []string{"body.metric"}},
		{"ErrPrecision", "PUT", "collections/x", `{"precision":"int4"}`, nil, 422, []string{"body.precision", "float32"}},
		{"ErrPrecisionOfNone", "PUT", "collections/x", `{"fields":[{"name":"a","type":"text"}],"embed":[],"precision":"float32"}`, nil, 422, []string{"invalid_definition", "body.precision", "no field is a vector"}},
		{"OKPrecision", "PUT", "collections/exact", `{"fields":[{"name":"a","type":"vector(3)"}],"precision":"float32"}`, nil, 201, []string{`"metric":"cosine","precision":"float32"`}},
		{"OKPrecisionSame", "PUT", "collections/exact", `{"fields":[{"name":"a","type":"vector(3)"}],"precision":"float32"}`, nil, 200, []string{`"precision":"float32"`}},
		{"ErrPrecisionOther", "PUT", "collections/exact", `{"fields":[{"name":"a","type":"vector(3)"}]}`, nil, 409, []string{"collection_exists"}},
		{"OKPrecisionInferred", "PUT", "collections/texts", `{"precision":"float32"}`, nil, 201, []string{`"precision":"float32"`}},
		{"OKPrecisionDefault", "PUT", "collections/eighth", `{"precision":"int8"}`, nil, 201, []string{`"precision":"int8"`}},
		{"OKPrecisionDefaultSame", "PUT", "collections/eighth", `{}`, nil, 200, nil},
		{"ErrLanguage", "PUT", "collections/x", `{"language":"klingon"}`, nil, 422, []string{"invalid_definition", "body.language", "german"}},
		{"ErrLanguageOfInt", "PUT", "collections/x", `{"fields":[{"name":"a","type":"int","language":"de"}]}`, nil, 422, []string{"invalid_definition", "language"}},
		{"ErrMetric", "PUT", "collections/x", `{"metric":"angle"}`, nil, 422, []string{"body.metric"}},
		{"ErrType", "PUT", "collections/x", `{"fields":[{"name":"a","type":"string"}]}`, nil, 422, []string{"invalid_definition", "body.fields[0]"}},
		{"ErrTwice", "PUT", "collections/x", `{"fields":[{"name":"a","type":"int"},{"name":"a","type":"text"}]}`, nil, 422, []string{"second time"}},
		{"ErrNoFields", "PUT", "collections/x", `{"fields":[]}`, nil, 422, []string{"body.fields"}},
		{"ErrID", "PUT", "collections/x", `{"fields":[{"name":"id","type":"keyword"}]}`, nil, 422, []string{"every document has one"}},
		{"ErrVectorName", "PUT", "collections/x", `{"fields":[{"name":"_vector","type":"keyword"}]}`, nil, 422, []string{"kept for the vectors"}},
		{"ErrWord", "PUT", "collections/x", `{"fields":[{"name":"In","type":"int"}]}`, nil, 422, []string{"word of the filter language"}},
		{"ErrWeight", "PUT", "collections/x", `{"fields":[{"name":"a","type":"text","weight":-1}]}`, nil, 422, []string{"weight"}},
		{"ErrWeightOfInt", "PUT", "collections/x", `{"fields":[{"name":"a","type":"int","weight":2}]}`, nil, 422, []string{"only a text field"}},
		{"ErrEmbed", "PUT", "collections/x", `{"fields":[{"name":"a","type":"int"}],"embed":["a"]}`, nil, 422, []string{"body.embed[0]"}},
		{"ErrEmbedTwice", "PUT", "collections/x", `{"fields":[{"name":"a","type":"text"}],"embed":["a","a"]}`, nil, 422, []string{"second time"}},
		{"ErrMany", "PUT", "collections/x", `{"fields":[` + strings.Repeat(`{"name":"a","type":"int"},`, 64) + `{"name":"b","type":"int"}]}`, nil, 422, []string{"1 to 64"}},

		{"ErrDeleteOld", "DELETE", c, "", ifMatch(`"1"`), 412, nil},
		{"OKDelete", "DELETE", c, "", ifMatch(current), 204, nil},
		{"ErrDeleteTwice", "DELETE", c, "", nil, 404, nil},
		{"OKAgain", "PUT", c, `{}`, nil, 201, []string{`"documents":0`}},
		{"ErrGoneDocument", "GET", c + "/documents/d", "", nil, 404, []string{"document_not_found"}},
	})
}

func TestDocumentRoutes(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"title","type":"text"},{"name":"color","type":"keyword"},{"name":"tags","type":"keyword[]"},{"name":"n","type":"int"},{"name":"f","type":"float"},{"name":"b","type":"bool"}]}`)
	const c = "collections/c/documents"
	long := strings.Repeat("x", 300)
	b.run(t, []scenario{
		{"OKOne", "PUT", c + "/d1", "{ \"title\": \"<b>\",\n\"other\": {\"a\":[1]} }", nil, 201, []string{`{"id":"d1","title":"<b>","other":{"a":[1]}}`}},
		{"OKReplace", "PUT", c + "/d1", `{"id":"d1","n":5}`, nil, 200, []string{`{"id":"d1","n":5}`}},
		{"OKGet", "GET", c + "/d1", "", nil, 200, []string{`{"id":"d1","n":5}`}},
		{"OKEmpty", "PUT", c + "/d2", `{}`, nil, 201, []string{`{"id":"d2"}`}},
		{"OKNull", "PUT", c + "/d2", `{"n":null,"tags":null}`, nil, 200, nil},
		{"OKLines", "POST", c, "{\"id\":\"a\"}\n\n{\"id\":\"b\",\"n\":1.5}\n{\"id\":\"c\"}\n", lines, 200, []string{`"accepted":2,"rejected":1`, `"line":3`, "whole number", "!ids"}},
		{"OKArray", "POST", c, `[{"id":"a"},[],{"title":"drawn"}]`, nil, 200, []string{`"accepted":2,"rejected":1`, `"line":2`, `"ids":["a","",`}},
		{"OKObject", "POST", c, "{\n\"id\":\n\"pretty\"}", nil, 200, []string{`"accepted":1`}},
		{"OKNothing", "POST", c, "\n", lines, 200, []string{`"accepted":0,"rejected":0,"errors":[]`}},
		{"OKTwiceInOne", "POST", c, "{\"id\":\"t\",\"n\":1}\n{\"id\":\"t\",\"n\":2}", lines, 200, []string{`"accepted":2`}},
		{"OKLast", "GET", c + "/t", "", nil, 200, []string{`"n":2`}},

		{"ErrType", "POST", c, `{"id":"a"}`, []string{"Content-Type", "text/plain"}, 422, []string{"content_type_missing"}},
		{"OKObjectBlanks", "POST", c, strings.Repeat(" \n", 5000) + `{"id":"blanks"}` + "\n", nil, 200, []string{`"accepted":1`}},
		{"OKArrayBlanks", "POST", c, strings.Repeat(" \n", 5000) + "[{\"id\":\n\"blanks\"}] \n", nil, 200, []string{`"accepted":1`}},
		{"ErrNumber", "POST", c, `7`, nil, 200, []string{`"rejected":1`}},
		{"ErrTwoObjects", "POST", c, `{"id":"a9"}, {"id":"a10"}`, nil, 400, []string{"malformed_json"}},
		{"ErrTwoLines", "POST", c, "{\"id\":\"a9\"}\n{\"id\":\"a10\"}", nil, 400, []string{"malformed_json"}},
		{"ErrTwoArrays", "POST", c, `[] []`, nil, 400, []string{"malformed_json"}},
		{"ErrObjectCut", "POST", c, `{"id":"a9"`, nil, 400, []string{"malformed_json"}},
		{"ErrNothing", "POST", c, ``, []string{"Content-Type", "application/json"}, 400, []string{"malformed_json"}},
		{"ErrBlanks", "POST", c, " \n", nil, 400, []string{"malformed_json"}},
		{"ErrObjectLarge", "POST", c, `{"x":"` + strings.Repeat("x", 180<<10) + `"}`, nil, 413, []string{"document_too_large"}},
		{"OKNoneOfThem", "GET", c + "/a9", "", nil, 404, nil},
		{"ErrCut", "POST", c, `[{"id":"a"}`, nil, 400, []string{"malformed_json"}},
		{"ErrIDOther", "PUT", c + "/d1", `{"id":"d2"}`, nil, 422, []string{"body.id"}},
		{"ErrIDNumber", "PUT", c + "/d1", `{"id":7}`, nil, 422, []string{"invalid_document"}},
		{"ErrID", "PUT", c + "/a%20b", `{}`, nil, 422, []string{"invalid_id"}},
		{"ErrIDEmpty", "POST", c, `[{"id":""}]`, nil, 200, []string{`"rejected":1`}},
		{"ErrArray", "PUT", c + "/d1", `[1]`, nil, 422, []string{"JSON object"}},
		{"ErrJSON", "PUT", c + "/d1", `{"a":1,"a":2}`, nil, 400, []string{"twice"}},
		{"ErrText", "PUT", c + "/d1", `{"title":["a"]}`, nil, 422, []string{"member title", "string"}},
		{"ErrKeyword", "PUT", c + "/d1", `{"color":1}`, nil, 422, []string{"member color"}},
		{"ErrKeywordLong", "PUT", c + "/d1", `{"color":"` + long + `"}`, nil, 422, []string{"256"}},
		{"ErrKeywords", "PUT", c + "/d1", `{"tags":"a"}`, nil, 422, []string{"array of strings"}},
		{"ErrKeywordsNull", "PUT", c + "/d1", `{"tags":["a",null]}`, nil, 422, []string{"array of strings"}},
		{"ErrKeywordsMany", "PUT", c + "/d1", `{"tags":[` + strings.Repeat(`"a",`, 256) + `"b"]}`, nil, 422, []string{"256"}},
		{"ErrInt", "PUT", c + "/d1", `{"n":9223372036854775808}`, nil, 422, []string{"64 bits"}},
		{"ErrFloat", "PUT", c + "/d1", `{"f":1e999}`, nil, 422, []string{"should be a number"}},
		{"ErrBool", "PUT", c + "/d1", `{"b":"true"}`, nil, 422, []string{"true or false"}},
		{"ErrLarge", "PUT", c + "/d1", `{"x":"` + strings.Repeat("x", 63<<10) + `"}`, nil, 413, []string{"document_too_large"}},
		{"ErrHuge", "PUT", c + "/d1", `{"x":"` + strings.Repeat("x", 180<<10) + `"}`, nil, 413, []string{"document_too_large"}},
		{"OKLarge", "PUT", c + "/large", `{"x":"` + strings.Repeat("x", 63<<10-30) + `"}`, nil, 201, nil},
		{"ErrLine", "POST", c, `{"x":"` + strings.Repeat("x", 180<<10) + `"}`, lines, 413, []string{"line_too_large"}},
		{"ErrNoCollection", "PUT", "collections/none/documents/d", `{}`, nil, 404, []string{"collection_not_found"}},
		{"ErrNoCollectionLines", "POST", "collections/none/documents", `{}`, nil, 404, []string{"collection_not_found"}},
		{"ErrOtherTenant", "GET", c + "/d1", "", []string{"Test-Tenant", "globex"}, 404, nil},
		{"ErrNone", "GET", c + "/none", "", nil, 404, []string{"document_not_found"}},
		{"ErrDeleteNone", "DELETE", c + "/none", "", nil, 404, []string{"document_not_found"}},
		{"ErrIfMatch", "PUT", c + "/d1", `{}`, ifMatch(`"x"`), 412, []string{"etag_mismatch"}},
		{"ErrIfMatchNone", "PUT", c + "/none", `{}`, ifMatch("*"), 412, nil},
		{"ErrDeleteIfMatch", "DELETE", c + "/d1", "", ifMatch(`"x"`), 412, nil},
	})
	etag := b.do("GET", "/v1/"+c+"/d1", "").want(200, `"n":5`).header.Get("ETag")
	next := b.do("PUT", "/v1/"+c+"/d1", `{"n":6}`, "If-Match", etag).want(200).header.Get("ETag")
	b.do("DELETE", "/v1/"+c+"/d1", "", "If-Match", etag).want(412)
	b.do("DELETE", "/v1/"+c+"/d1", "", "If-Match", next).want(204)
	b.check()
}

func TestSearchRoute(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.define("words", `{"fields":[{"name":"title","type":"text"}],"embed":[]}`)
	b.post("c",
		`{"id":"coat","title":"Warm winter coat","year":2021,"tags":["coat","wool"]}`,
		`{"id":"shorts","title":"Swimming shorts","year":2019,"price":2.5,"tags":["summer"]}`,
		`{"id":"plain","note":null,"extra":{"deep":"winter"}}`)
	b.post("words", `{"id":"a","title":"winter"}`)
	const c = "collections/c/search"
	vector, _ := fakeVector("Swimming shorts")
	f := func(body string, status int, texts ...string) scenario {
		return scenario{fmt.Sprintf("%.60s", body), "POST", c, body, nil, status, texts}
	}
	b.run(t, []scenario{
		f(`{"q":"winter coats","mode":"keyword"}`, 200, `"id":"coat"`, `"document":{"id":"coat","title":"Warm winter coat"`, `"scores":{"keyword":`, `"found":1,"mode":"keyword","degraded":false,"took_ms":`, `"next":null`),
		f(`{"q":"winter"}`, 200, `"mode":"hybrid"`, `"found":2`, `"semantic":`),
		f(`{"q":"winter","mode":"hybrid","filter":"year >= 2020 and tags in ['coat']","limit":5,"cursor":null,"exact":true,"facets":[],"sort":[],"highlight":false,"explain":false}`, 200, `"found":1`),
		f(`{"q":"\"winter* (","mode":"keyword","exact":false}`, 200, `"found":1`),
		f(`{"q":"the of","mode":"keyword"}`, 200, `"hits":[],"found":0`),
		f(`{}`, 200, `"hits":[{"id":"plain","score":0,`, `"found":3`, `"scores":{}`),
		f(`{"q":"  ","mode":"semantic","filter":"title exists"}`, 200, `"found":2`),
		f(`{"filter":"title = 'Swimming shorts'"}`, 200, `"id":"shorts"`, `"found":1`),
		f(`{"filter":"price < 3 or year in [2021, 2022]"}`, 200, `"found":2`),
		f(`{"vector":`+jsonOf(vector)+`,"limit":1}`, 200, `"id":"shorts"`, `"found":2`),
		f(`{"vector":`+jsonOf(vector)+`,"q":"coat","mode":"semantic","limit":1}`, 200, `"id":"shorts"`),

		f(`{"q":7}`, 422, "body.q"),
		f(`{"query":"x"}`, 422, "unknown field"),
		f(`{`, 400, "malformed_json"),
		f(`{"mode":"fuzzy"}`, 422, "body.mode"),
		f(`{"limit":1001}`, 422, "invalid_limit"),
		f(`{"limit":-1}`, 422, "invalid_limit"),
		f(`{"cursor":"abc"}`, 422, "invalid_cursor"),
		f(`{"facets":["tags"]}`, 200, `"facets":{"tags":[{"value":"coat","count":1},{"value":"summer","count":1},{"value":"wool","count":1}]}`),
		f(`{"facets":["year","tags"],"facet_limit":1,"filter":"year > 2019"}`, 200, `"year":[{"value":2021,"count":1}]`, `"tags":[{"value":"coat","count":1}]`),
		f(`{"facets":["none"]}`, 422, "body.facets[0]"),
		f(`{"facets":["title"]}`, 422, "body.facets[0]", "keyword"),
		f(`{"facets":["year"],"facet_limit":1001}`, 422, "body.facet_limit"),
		f(`{"sort":["-year"]}`, 200, `"hits":[{"id":"coat"`),
		f(`{"sort":["year"],"limit":1}`, 200, `"hits":[{"id":"shorts"`, `"next":"`),
		f(`{"sort":["-none"]}`, 422, "body.sort[0]"),
		f(`{"sort":["year","-year"]}`, 422, "body.sort[1]"),
		f(`{"sort":["year","price","tags","title","note"]}`, 422, "body.sort"),
		f(`{"q":"winters","mode":"keyword","highlight":true}`, 200, `"highlights":{"title":"Warm <mark>winter</mark> coat"}`),
		f(`{"q":"\"warm winter\" swim* wnter","mode":"keyword"}`, 200, `"found":2`),
		f(`{"q":"winter","explain":true}`, 200, `"fusion":{"method":"minmax","share":0.6,"depth":200}`, `"clauses":[{"kind":"term","word":"winter","terms":["winter"]`, `"segments":[{`, `"keyword_rank":1`),
		f(`{"q":"wimter","explain":true,"mode":"keyword"}`, 200, `"typos":true`, `"terms":["winter"]`, `"found":1`),
		f(`{"q":"winter","fusion":{"method":"rrf","depth":10}}`, 200, `"found":`),
		f(`{"fusion":{"method":"sum"}}`, 422, "body.fusion.method"),
		f(`{"fusion":{"share":1.5}}`, 422, "body.fusion.share"),
		f(`{"fusion":{"depth":1001}}`, 422, "body.fusion.depth"),
		f(`{"filter":"yeer = 1"}`, 422, "invalid_filter", `body.filter: at character 1 \"yeer\" stands where a field of the collection, not or ( is expected`),
		f(`{"filter":"year = 'x'"}`, 422, "invalid_filter", "where a number, as year has, is expected"),
		f(`{"vector":[1,2]}`, 422, "has 2 numbers"),
		f(`{"vector":`+jsonOf(make([]float32, 384))+`}`, 422, "is zero"),
		f(`{"q":"x","vector":`+jsonOf(vector)+`,"mode":"keyword"}`, 422, "body.vector"),
		f(`{"q":"`+strings.Repeat("x", 4097)+`"}`, 422, "body.q"),
		f(`{"q":"`+strings.Repeat("x", 170<<10)+`"}`, 413, "too_large"),

		{"OKWords", "POST", "collections/words/search", `{"q":"winter"}`, nil, 200, []string{`"mode":"keyword"`}},
		{"ErrWordsSemantic", "POST", "collections/words/search", `{"q":"winter","mode":"semantic"}`, nil, 422, []string{"not_embedded"}},
		{"ErrWordsVector", "POST", "collections/words/search", `{"vector":` + jsonOf(vector) + `}`, nil, 422, []string{"not_embedded"}},
		{"ErrNone", "POST", "collections/none/search", `{}`, nil, 404, []string{"collection_not_found"}},
		{"ErrOtherTenant", "POST", c, `{}`, []string{"Test-Tenant", "globex"}, 404, nil},
	})
	page := b.search("c", `{"limit":1}`)
	b.do("POST", "/v1/"+c, `{"limit":1,"q":"winter","cursor":"`+*page.Next+`"}`).want(422, "invalid_cursor")
	b.do("POST", "/v1/"+c, `{"limit":2,"cursor":"`+*page.Next+`"}`).want(200, `"id":"shorts"`, `"id":"coat"`, "!plain")
}

func TestEmbeddingsRoute(t *testing.T) {
	b := newBed(t)
	const e = "embeddings"
	b.run(t, []scenario{
		{"OKOne", "POST", e, `{"model":"minilm","input":"warm coat"}`, nil, 200, []string{`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[`, `"model":"minilm","usage":{"prompt_tokens":4,"total_tokens":4}`}},
		{"OKMany", "POST", e, `{"model":"minilm","input":["a","b c"],"encoding_format":"float","dimensions":384,"user":"u"}`, nil, 200, []string{`"index":1`, `"prompt_tokens":7`}},
		{"ErrModel", "POST", e, `{"model":"text-embedding-3-small","input":"a"}`, nil, 404, []string{"model_not_found"}},
		{"ErrNoModel", "POST", e, `{"input":"a"}`, nil, 422, []string{"body.model"}},
		{"ErrNoInput", "POST", e, `{"model":"minilm"}`, nil, 422, []string{"body.input"}},
		{"ErrNull", "POST", e, `{"model":"minilm","input":null}`, nil, 422, []string{"body.input"}},
		{"ErrNullIn", "POST", e, `{"model":"minilm","input":["a",null]}`, nil, 422, []string{"null is none"}},
		{"ErrEmpty", "POST", e, `{"model":"minilm","input":""}`, nil, 422, []string{"body.input"}},
		{"ErrNone", "POST", e, `{"model":"minilm","input":[]}`, nil, 422, []string{"1 to 2048"}},
		{"ErrMany", "POST", e, `{"model":"minilm","input":[` + strings.Repeat(`"a",`, 2048) + `"a"]}`, nil, 422, []string{"2049 texts"}},
		{"ErrLong", "POST", e, `{"model":"minilm","input":"` + strings.Repeat("x", 65537) + `"}`, nil, 422, []string{"65537 bytes"}},
		{"ErrTokens", "POST", e, `{"model":"minilm","input":[1,2]}`, nil, 422, []string{"tokens are not taken"}},
		{"ErrDimensions", "POST", e, `{"model":"minilm","input":"a","dimensions":256}`, nil, 422, []string{"not_supported"}},
		{"ErrFormat", "POST", e, `{"model":"minilm","input":"a","encoding_format":"hex"}`, nil, 422, []string{"body.encoding_format"}},
		{"ErrField", "POST", e, `{"model":"minilm","input":"a","n":1}`, nil, 422, []string{"unknown field"}},
	})
	var a struct{ Data []struct{ Embedding string } }
	b.do("POST", "/v1/embeddings", `{"model":"minilm","input":["warm coat"],"encoding_format":"base64"}`).want(200).into(&a)
	data, err := base64.StdEncoding.DecodeString(a.Data[0].Embedding)
	must(t, err)
	want, _ := fakeVector("warm coat")
	for i, x := range want {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])); got != x {
			t.Fatalf("number %d is %v, expected was %v", i, got, x)
		}
	}
	b.model.fail.Store(true)
	b.do("POST", "/v1/embeddings", `{"model":"minilm","input":"a"}`).want(503, "embedding_failed")
}

// TestScopes holds which scope each operation demands.
func TestScopes(t *testing.T) {
	b := newBed(t)
	want := map[string]string{
		"GET /v1/collections": "read", "GET /v1/collections/{collection}": "read", "PUT /v1/collections/{collection}": "write", "DELETE /v1/collections/{collection}": "admin",
		"POST /v1/collections/{collection}/documents": "write", "PUT /v1/collections/{collection}/documents/{id}": "write", "GET /v1/collections/{collection}/documents/{id}": "read",
		"DELETE /v1/collections/{collection}/documents/{id}": "write", "POST /v1/collections/{collection}/search": "read", "POST /v1/embeddings": "read",
		"POST /v1/collections/{collection}/similar": "read", "GET /v1/collections/{collection}/slow-searches": "read", "POST /v1/search": "read",
		"GET /v1/aliases": "read", "GET /v1/aliases/{alias}": "read", "PUT /v1/aliases/{alias}": "write", "DELETE /v1/aliases/{alias}": "admin",
		"POST /v1/aliases/{alias}/reindex": "write", "DELETE /v1/aliases/{alias}/reindex": "write",
		"GET /v1/collections/{collection}/documents": "read", "GET /v1/collections/{collection}/export": "read", "DELETE /v1/collections/{collection}/documents": "write",
		"PATCH /v1/collections/{collection}/documents/{id}": "write", "POST /v1/collections/{collection}/restore": "write",
		"GET /v1/collections/{collection}/snapshots": "read", "POST /v1/collections/{collection}/snapshots": "write",
		"GET /v1/collections/{collection}/snapshots/{id}": "read", "DELETE /v1/collections/{collection}/snapshots/{id}": "admin",
		"POST /v1/collections/{collection}/import": "write",
	}
	seen := 0
	for path, item := range b.document.Paths {
		for _, op := range operationsOf(item) {
			seen++
			if scope := want[op.Method+" "+path]; len(op.Security) != 1 || len(op.Security[0]["bearer"]) != 1 || op.Security[0]["bearer"][0] != "search:"+scope {
				t.Errorf("%s %s demands %v, expected was search:%s", op.Method, path, op.Security, scope)
			}
			if op.Summary == "" || op.Description == "" || op.Tags[0] != "search" {
				t.Errorf("%s %s is not described", op.Method, path)
			}
		}
	}
	if seen != len(want) {
		t.Errorf("%d operations, expected were %d", seen, len(want))
	}
}

// TestCursorOfAnother holds that a cursor serves the collection alone that
// gave it out, also where another one has its name now.
func TestCursorOfAnother(t *testing.T) {
	b := newBed(t)
	page := func() string {
		b.post("c", `{"id":"a"}`, `{"id":"b"}`)
		return jsonOf(map[string]any{"limit": 1, "cursor": *b.search("c", `{"limit":1}`).Next})
	}
	b.define("c", `{}`)
	b.define("d", `{}`)
	own := page()
	b.do("POST", "/v1/collections/c/search", own).want(200, `"id":"a"`)
	b.do("POST", "/v1/collections/d/search", own).want(422, "invalid_cursor")
	b.do("DELETE", "/v1/collections/c", "").want(204)
	b.define("c", `{}`)
	b.do("POST", "/v1/collections/c/search", own).want(422, "invalid_cursor")
	b.do("POST", "/v1/collections/c/search", page()).want(200, `"id":"a"`)
}

// conn is what an answer is written to: gone, or with the time that it has.
type conn struct {
	*httptest.ResponseRecorder
	gone     bool
	deadline time.Time // that was set before the first write
}

func (c *conn) Write(data []byte) (int, error) {
	if c.gone {
		return 0, syscall.EPIPE
	}
	return c.ResponseRecorder.Write(data)
}

func (c *conn) SetWriteDeadline(at time.Time) error {
	if c.Body.Len() == 0 {
		c.deadline = at
	}
	return nil
}

// send makes a call over c, and returns what its handler failed with.
func (b *bed) send(c *conn, method, path, body string) (failed error) {
	b.web.HTTPErrorHandler = func(err error, _ echo.Context) { failed = err }
	c.ResponseRecorder = httptest.NewRecorder()
	r := httptest.NewRequestWithContext(background, method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	b.web.ServeHTTP(c, r)
	return failed
}

// TestClientGone holds that it is no fault of a request that nobody reads its
// answer.
func TestClientGone(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	for _, call := range [][3]string{
		{"POST", "/v1/collections/c/documents", `[{"id":"a","t":"winter"}]`},
		{"PUT", "/v1/collections/c/documents/b", `{"t":"summer"}`},
		{"GET", "/v1/collections/c/documents/b", ""},
		{"POST", "/v1/collections/c/search", `{"q":"winter"}`},
		{"POST", "/v1/collections/c/similar", `{"id":"b"}`},
		{"GET", "/v1/collections/c/documents", ""},
		{"POST", "/v1/search", `{"searches":[{"collection":"c"}]}`},
		{"POST", "/v1/embeddings", `{"model":"minilm","input":"winter"}`},
	} {
		if err := b.send(&conn{gone: true}, call[0], call[1], call[2]); err != nil {
			t.Errorf("%s %s failed: %v", call[0], call[1], err)
		}
	}
}

// TestEmbeddingsPatience holds that an answer has time of its own to be
// written, however long the model took.
func TestEmbeddingsPatience(t *testing.T) {
	b := newBed(t)
	c, began := &conn{}, time.Now()
	must(t, b.send(c, "POST", "/v1/embeddings", `{"model":"minilm","input":["a","b"]}`))
	if c.Code != 200 || c.deadline.Before(began.Add(time.Minute)) {
		t.Errorf("status %d, written until %v", c.Code, c.deadline)
	}
}

// TestConditions holds which writes a condition lets pass.
func TestConditions(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	const c, d = "collections/c", "collections/c/documents/d"
	none := func(value string) []string { return []string{"If-None-Match", value} }
	etag := b.do("PUT", "/v1/"+d, `{}`).want(201).header.Get("ETag")
	b.run(t, []scenario{
		{"ErrEmpty", "PUT", d, `{}`, ifMatch(""), 422, []string{"header.If-Match"}},
		{"ErrBlank", "PUT", d, `{}`, ifMatch("  "), 422, []string{"header.If-Match"}},
		{"ErrWeak", "PUT", d, `{}`, ifMatch("W/" + etag), 412, nil},
		{"ErrOthers", "PUT", d, `{}`, ifMatch(`"x", "y"`), 412, []string{"etag_mismatch"}},
		{"ErrAnyInList", "PUT", d, `{}`, ifMatch(`"x", *`), 412, nil},
		{"ErrThere", "PUT", d, `{}`, none("*"), 412, []string{"document_exists"}},
		{"ErrNoneTag", "PUT", d, `{}`, none(etag), 422, []string{"not_supported", "header.If-None-Match"}},
		{"ErrNoneEmpty", "PUT", d, `{}`, none(""), 422, []string{"not_supported"}},
		{"ErrBoth", "PUT", d, `{}`, append(ifMatch(etag), none("*")...), 412, nil},
		{"OKUntouched", "GET", d, "", nil, 200, []string{`{"id":"d"}`}},
		{"OKNew", "PUT", c + "/documents/new", `{}`, none("*"), 201, nil},
		{"OKList", "PUT", d, `{"n":1}`, ifMatch(`"x",` + etag + ` , "y"`), 200, []string{`"n":1`}},

		{"ErrDeleteEmpty", "DELETE", d, "", ifMatch(""), 422, []string{"header.If-Match"}},
		{"ErrDeleteOthers", "DELETE", d, "", ifMatch(`"x", ` + etag), 412, nil},
		{"OKDelete", "DELETE", d, "", ifMatch("*"), 204, nil},
		{"ErrDefineEmpty", "PUT", c, `{}`, ifMatch(""), 422, []string{"header.If-Match"}},
		{"ErrDefineOthers", "PUT", c, `{}`, ifMatch(`"7", W/` + current), 412, nil},
		{"OKDefine", "PUT", c, `{}`, ifMatch(`"7", ` + current), 200, nil},
		{"ErrDropEmpty", "DELETE", c, "", ifMatch(""), 422, nil},
		{"ErrDropOthers", "DELETE", c, "", ifMatch(`"7", "8"`), 412, nil},
		{"OKDrop", "DELETE", c, "", ifMatch(`"7", ` + current), 204, nil},
	})
}

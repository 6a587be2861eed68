package search_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
	"quintet/engine/disk"
	"quintet/engine/enginetest"
	"quintet/search"
	"quintet/search/embed"
)

// noon is when the clock of a bed stands.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var background = context.Background()

// fake embeds a text as the sum of a random direction for each of its words:
// texts that share words point the same way. It costs microseconds.
type fake struct {
	hash  string
	fail  atomic.Bool
	texts atomic.Int64 // that were embedded
}

var _ search.Embedder = (*fake)(nil)

func (f *fake) Hash() string { return cmp.Or(f.hash, "fake") }

func (f *fake) Embed(ctx context.Context, texts []string) (vectors [][]float32, tokens []int, err error) {
	if f.fail.Load() {
		return nil, nil, errors.New("the model is out of order")
	}
	f.texts.Add(int64(len(texts)))
	for _, text := range texts {
		v, n := fakeVector(text)
		vectors, tokens = append(vectors, v), append(tokens, n+2)
	}
	return vectors, tokens, ctx.Err()
}

// Passages divides a text after each 20 words, of which the next has 4 again.
func (f *fake) Passages(text string) (passages []embed.Passage, cut bool) {
	var starts, ends []int
	for at := 0; at < len(text); {
		if text[at] <= ' ' {
			at++
			continue
		}
		starts = append(starts, at)
		for at < len(text) && text[at] > ' ' {
			at++
		}
		ends = append(ends, at)
	}
	for first := 0; first < len(starts); first += 16 {
		if len(passages) == embed.MaxPassages {
			return passages, true
		}
		last := min(first+20, len(starts))
		passages = append(passages, embed.Passage{Start: starts[first], End: ends[last-1], Tokens: f.keep(text[starts[first]:ends[last-1]])})
		if last == len(starts) {
			break
		}
	}
	return passages, false
}

// keep makes tokens of a text, which EmbedPassages turns back into it.
func (f *fake) keep(text string) (tokens []int32) {
	for _, r := range text {
		tokens = append(tokens, r)
	}
	return tokens
}

func (f *fake) EmbedPassages(ctx context.Context, passages []embed.Passage) ([][]float32, error) {
	vectors, _, err := f.Embed(ctx, textsOf(passages))
	return vectors, err
}

// textsOf are the texts that a fake made passages of.
func textsOf(passages []embed.Passage) (texts []string) {
	for _, p := range passages {
		texts = append(texts, string(p.Tokens))
	}
	return texts
}

func fakeVector(text string) (v []float32, words int) {
	sum := make([]float64, search.Dimensions)
	sum[0] = 1e-3 // a text without words has a direction, too
	for _, word := range strings.Fields(strings.ToLower(text)) {
		h := fnv.New64a()
		h.Write([]byte(word))
		rng := rand.New(rand.NewPCG(h.Sum64(), 1))
		for i := range sum {
			sum[i] += rng.NormFloat64()
		}
		words++
	}
	return unit(sum), words
}

func unit(sum []float64) []float32 {
	length := 0.0
	for _, x := range sum {
		length += x * x
	}
	v := make([]float32, len(sum))
	for i, x := range sum {
		v[i] = float32(x / math.Sqrt(length))
	}
	return v
}

// bed is a search on an engine of its own behind HTTP, with two tenants.
type bed struct {
	t        testing.TB
	dir      string
	e        *engine.Engine
	s        *search.Service
	model    *fake
	options  search.Options
	files    disk.FS // nil = dir
	maxStore int64   // 0 = the engine's
	registry *prometheus.Registry
	acme     engine.Tenant
	globex   engine.Tenant
	web      *echo.Echo
	document *huma.OpenAPI
}

// newBed opens a bed that the test's end closes.
func newBed(t testing.TB) *bed {
	t.Helper()
	b := &bed{t: t, dir: filepath.Join(memory(t), "data"), model: &fake{}}
	b.open()
	t.Cleanup(b.close)
	return b
}

// memory returns a folder that needs no disk where the system has one. Tests
// of real durability use a real disk.
func memory(t testing.TB) string {
	t.Helper()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		dir, err := os.MkdirTemp("/dev/shm", "quintet-search-")
		must(t, err)
		t.Cleanup(func() { os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// open starts everything but the sweeper: what deleted collections leave is
// removed when a test says so.
func (b *bed) open() {
	b.t.Helper()
	b.openEngine()
	must(b.t, b.s.StartIdle(background))
}

// openEngine opens everything and starts nothing.
func (b *bed) openEngine() {
	b.t.Helper()
	b.registry = prometheus.NewRegistry()
	e, err := engine.Open(background, engine.Options{
		Dir: b.dir, FS: b.files, Clock: enginetest.NewClock(noon), Registerer: b.registry, Reserve: 1 << 20, MaxStore: b.maxStore, SegmentBytes: 64 << 10,
	})
	must(b.t, err)
	b.e, b.acme, b.globex = e, tenantIn(b.t, e, "acme"), tenantIn(b.t, e, "globex")
	options := b.options
	if options.Embedder == nil {
		options.Embedder = b.model
	}
	b.s = search.New(e, options)
	b.web = b.newWeb()
}

func (b *bed) close() {
	if b.e == nil {
		return
	}
	if err := errors.Join(b.s.Stop(background), b.e.Close()); err != nil {
		b.t.Error(err)
	}
	b.e = nil
}

func (b *bed) reopen() {
	b.t.Helper()
	b.close()
	b.open()
}

// check runs the engine's check, and compares the indexes with rebuilt ones.
func (b *bed) check() {
	b.t.Helper()
	problems, err := b.e.Check(background, func(string, int64, int64) {})
	must(b.t, err)
	for _, p := range problems {
		b.t.Error(p)
	}
	b.wantIndex()
}

// wantIndex compares the indexes with rebuilt ones.
func (b *bed) wantIndex() {
	b.t.Helper()
	if diff := b.s.IndexDiff(background); diff != "" {
		b.t.Errorf("an index and the store differ: %s", diff)
	}
}

func tenantIn(t testing.TB, e *engine.Engine, name string) engine.Tenant {
	t.Helper()
	if tenant, err := e.Tenants.Lookup(name); err == nil {
		return tenant
	}
	tenant, err := e.Tenants.Create(background, name, nothing)
	must(t, err)
	return tenant
}

func nothing(*engine.Tx) error { return nil }

// newWeb does what the server does around a capability: it knows the caller by
// headers that name the tenant and what the key is bound to, and renders errors.
func (b *bed) newWeb() *echo.Echo {
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		p := problemOf(err)
		c.Response().Header().Set("Content-Type", "application/problem+json")
		_ = c.JSON(p.Status, p)
	}
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			t, err := b.e.Tenants.Lookup(cmp.Or(c.Request().Header.Get("Test-Tenant"), "acme"))
			if err != nil {
				return err
			}
			sent := c.Request().Header
			p := engine.Principal{Tenant: t, Subject: cmp.Or(sent.Get("Test-Key"), "apikey:1"), Kind: engine.KindAPIKey}
			p.Scopes = strings.Fields(cmp.Or(sent.Get("Test-Scopes"), "search:read search:write search:admin"))
			p.Collections = strings.Fields(sent.Get("Test-Collections"))
			p.Filters = strings.FieldsFunc(sent.Get("Test-Filters"), func(r rune) bool { return r == 0 })
			c.SetRequest(c.Request().WithContext(engine.WithPrincipal(c.Request().Context(), p)))
			return next(c)
		}
	})
	config := huma.DefaultConfig("test", "1")
	config.CreateHooks = nil
	api := humaecho.New(e, config)
	b.s.Routes(api, e)
	b.document = api.OpenAPI()
	return e
}

type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (p *problem) Error() string  { return p.Code }
func (p *problem) GetStatus() int { return p.Status }

var statusOf = map[engine.Kind]int{
	engine.Malformed: 400, engine.Unauthenticated: 401, engine.Forbidden: 403, engine.NotFound: 404, engine.Conflict: 409, engine.Precondition: 412,
	engine.TooLarge: 413, engine.Invalid: 422, engine.Busy: 429, engine.Unavailable: 503, engine.Full: 507,
}

func problemOf(err error) *problem {
	if own, ok := errors.AsType[*engine.Error](err); ok && own.Kind != engine.Internal {
		p := &problem{Status: statusOf[own.Kind], Code: own.Code, Detail: own.Detail}
		for _, f := range own.Fields {
			p.Detail += " [" + f.Location + " " + f.Message + "]"
		}
		return p
	}
	return &problem{Status: 500, Code: "internal", Detail: err.Error()}
}

func TestMain(m *testing.M) {
	huma.NewError = func(status int, message string, faults ...error) huma.StatusError {
		for _, f := range faults {
			if own, ok := errors.AsType[*engine.Error](f); ok {
				return problemOf(own)
			}
		}
		return &problem{Status: status, Code: "validation_failed", Detail: fmt.Sprint(message, ": ", errors.Join(faults...))}
	}
	os.Exit(m.Run())
}

// reply is the answer to one call.
type reply struct {
	t      testing.TB
	call   string
	status int
	header http.Header
	body   []byte
}

// do makes a call. Headers follow the body in pairs.
func (b *bed) do(method, path, body string, headers ...string) *reply {
	b.t.Helper()
	r := httptest.NewRequestWithContext(background, method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.web.ServeHTTP(w, r)
	return &reply{b.t, method + " " + path, w.Code, w.Header(), w.Body.Bytes()}
}

// want demands a status and that the body holds, or with a leading ! does not
// hold, each of the texts, white space aside.
func (r *reply) want(status int, texts ...string) *reply {
	r.t.Helper()
	shown := r.body[:min(len(r.body), 2000)]
	if r.status != status {
		r.t.Fatalf("%s: status %d, expected was %d\n%s", r.call, r.status, status, shown)
	}
	var plain bytes.Buffer
	if json.Compact(&plain, r.body) != nil {
		plain.Write(r.body)
	}
	for _, text := range texts {
		unwanted, not := strings.CutPrefix(text, "!")
		if not == strings.Contains(plain.String(), unwanted) {
			r.t.Fatalf("%s: expected was %s in\n%s", r.call, text, shown)
		}
	}
	return r
}

// into decodes the body.
func (r *reply) into(v any) {
	r.t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		r.t.Fatalf("%s: %v in\n%s", r.call, err, r.body)
	}
}

// define makes a collection.
func (b *bed) define(name, body string) {
	b.t.Helper()
	b.do("PUT", "/v1/collections/"+name, body).want(201)
}

// post stores documents, each a line, and demands that all are taken.
func (b *bed) post(name string, lines ...string) {
	b.t.Helper()
	b.do("POST", "/v1/collections/"+name+"/documents", strings.Join(lines, "\n"), "Content-Type", "application/x-ndjson").
		want(200, fmt.Sprintf(`"accepted":%d,"rejected":0`, len(lines)))
}

// found is an answer to a search.
type found struct {
	Hits []struct {
		ID       string
		Score    float64
		Document map[string]any
		Scores   struct{ Keyword, Semantic *float64 }
	}
	Found   int
	Facets  map[string][]facetCount
	Explain struct {
		Precision string
		Segments  []struct{ Vectors string }
	}
	Mode     string
	Degraded bool
	Next     *string
}

func (b *bed) search(name, body string) (f found) {
	b.t.Helper()
	b.do("POST", "/v1/collections/"+name+"/search", body).want(200).into(&f)
	return f
}

// ids lists the hits of an answer.
func (f found) ids() string {
	var ids []string
	for _, h := range f.Hits {
		ids = append(ids, h.ID)
	}
	return strings.Join(ids, " ")
}

// wantIDs demands the hits of a search, in order.
func (b *bed) wantIDs(name, body, ids string) found {
	b.t.Helper()
	f := b.search(name, body)
	if f.ids() != ids {
		b.t.Fatalf("%s %s found %q, expected was %q", name, body, f.ids(), ids)
	}
	return f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func jsonOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// counting counts what another embedder embeds.
type counting struct {
	search.Embedder
	texts int
}

func (c *counting) EmbedPassages(ctx context.Context, passages []embed.Passage) ([][]float32, error) {
	c.texts += len(passages)
	return c.Embedder.EmbedPassages(ctx, passages)
}

func (c *counting) Embed(ctx context.Context, texts []string) ([][]float32, []int, error) {
	c.texts += len(texts)
	return c.Embedder.Embed(ctx, texts)
}

// normalised is a value as encoding/json gives it back.
func normalised(v any) (out any) {
	if err := json.Unmarshal([]byte(jsonOf(v)), &out); err != nil {
		panic(err)
	}
	return out
}

// bigOf reads a number without rounding it.
func bigOf(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic("not a number: " + text)
	}
	return r
}

func operationsOf(item *huma.PathItem) (all []*huma.Operation) {
	for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
		if op != nil {
			all = append(all, op)
		}
	}
	return all
}

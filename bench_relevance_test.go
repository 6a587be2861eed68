package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runRelevance runs the command like runBench.
func runRelevance(t *testing.T, code int, flags ...string) (stdout, stderr string) {
	t.Helper()
	var out, progress bytes.Buffer
	environ := append(os.Environ(), actAs+"=1", "QUINTET_IR=")
	got := Main(t.Context(), Terminal{Args: append([]string{"bench", "relevance"}, flags...), Environ: environ, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &progress})
	if got != code {
		t.Fatalf("exit code %d; want %d\n%s%s", got, code, &out, &progress)
	}
	return out.String(), progress.String()
}

func relevanceOf(t *testing.T, stdout string) (r relevanceReport) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil || decoder.More() {
		t.Fatalf("no single report: %v\n%s", err, stdout)
	}
	return r
}

// TestRelevance judges two tiny sets on a server of its own. Their ids are none
// that documents may have.
func TestRelevance(t *testing.T) {
	beir := written(t, map[string]string{
		"corpus.jsonl":  `{"_id":"doc/1 ä","title":"Lens","text":"The lens of an eye."}` + "\n" + `{"_id":"doc/2","text":"Blood and oxygen."}` + "\n" + `{"_id":"doc/3","text":"A harbour for ships."}` + "\n",
		"queries.jsonl": `{"_id":"q1","text":"lens"}` + "\n" + `{"_id":"q2","text":"oxygen in blood"}` + "\n",
		"qrels.tsv":     "query-id\tcorpus-id\tscore\nq1\tdoc/1 ä\t1\nq2\tdoc/2\t2\n",
	})
	sets := written(t, map[string]string{
		"medline/MED.ALL": ".I 1\n.W\nsnow and ice\n.I 2\n.W\na desert of sand\n",
		"medline/MED.QRY": ".I 1\n.W\nsand\n",
		"medline/MED.REL": "1 0 2 1\n",
	})
	folder := t.TempDir()
	flags := []string{"--sets", sets, "--beir", beir, "--folder", folder}
	stdout, stderr := runRelevance(t, exitOK, append(flags, "--json")...)
	r := relevanceOf(t, stdout)
	if len(r.Sets) != 2 || r.Depth != 1000 || r.Sets[0].Name != "medline" || r.Sets[1].Name != filepath.Base(beir) || r.Sets[1].Documents != 3 || r.Sets[1].Queries != 2 {
		t.Fatalf("the report is %s", stdout)
	}
	for _, s := range append(r.Sets, &setReport{Modes: r.Mean.Modes}) {
		for _, m := range s.Modes { // nothing else stands in the texts, or means the same
			checkQuality(t, *m.Quality, quality{1, 1, 1, 1})
		}
	}
	for _, all := range [][]*fusionReport{r.Sets[0].Fusions, r.Sets[1].Fusions, r.Mean.Fusions} {
		if len(all) != 10 {
			t.Fatalf("%d fusions are judged", len(all))
		}
		for _, f := range all {
			if math.Abs(f.NDCG10-1) > 1e-9 || math.Abs(f.Recall100-1) > 1e-9 {
				t.Errorf("%s is judged as %+v", f, f)
			}
		}
	}
	if h := r.Sets[1].Hybrid; h == nil || h.Against != "keyword" || h.interval != (interval{}) || r.Mean.GainOfMeans != 0 {
		t.Errorf("hybrid search is compared as %+v, %+v", h, r.Mean)
	}
	if len(r.Bars) != 3 || r.Bars[0].Name != "medline: keyword" || *r.Bars[0].Bar.AtLeast != 0.676 || !r.Bars[2].Bar.Met {
		t.Errorf("the bars are %+v", r.Bars)
	}
	if !strings.Contains(stderr, "medline: importing 2 documents") || !strings.Contains(stderr, "medline: 1 queries, hybrid") {
		t.Errorf("no progress is told:\n%s", stderr)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("the command left %v, %v", left, err)
	}
}

// TestRelevanceRunning judges a collection of a server that is busy at first,
// answers page by page and has no vectors.
func TestRelevanceRunning(t *testing.T) {
	calls := 0
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/collections/products/search", func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Q, Mode, Cursor string
			Limit           int
		}
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &q); err != nil || r.Header.Get("Authorization") != "Bearer qk_key" {
			t.Errorf("asked %s with %v: %v", body, r.Header, err)
		}
		switch calls++; {
		case q.Mode != "keyword":
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"code":"no_vectors","detail":"nothing is embedded"}`)
		case len(q.Q) != 4096 || q.Limit != 100 && q.Cursor == "" || q.Limit != 98 && q.Cursor != "":
			t.Errorf("asked with limit %d, cursor %q for %d bytes", q.Limit, q.Cursor, len(q.Q))
		case q.Cursor == "":
			fmt.Fprint(w, `{"hits":[{"id":"x","score":2},{"id":"y","score":1}],"next":"more"}`)
		case q.Cursor == "more" && calls == 2:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			fmt.Fprint(w, `{"hits":[{"id":"right","score":0.5}],"next":null}`)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	files := written(t, map[string]string{
		"queries.jsonl": `{"_id":"q","text":"` + strings.Repeat("é", 3000) + `"}` + "\n", "qrels.tsv": "q\td\ts\nq\tright\t1\n", "key": "qk_key\n",
	})
	flags := []string{"--server", server.URL + "/", "--key-file", filepath.Join(files, "key"), "--collection", "products", "--beir", files, "--depth", "100"}
	stdout, _ := runRelevance(t, exitOK, append(flags, "--json")...)
	r := relevanceOf(t, stdout)
	m := r.Sets[0].Modes
	checkQuality(t, *m[0].Quality, quality{0.5, 1. / 3, 1. / 3, 1})
	if m[1].Quality != nil || !strings.Contains(m[2].NotMeasured, "nothing is embedded") || r.Sets[0].Hybrid != nil || r.Mean != nil || len(r.Bars) != 0 || calls != 5 {
		t.Errorf("%d calls, and the report is %s", calls, stdout)
	}
	stdout, _ = runRelevance(t, exitOK, flags...)
	for _, want := range []string{": 1 queries\n", "nDCG@10", "  keyword   0.500    0.333", "  semantic  not measured: the server says: nothing", "first 100 hits"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the table is\n%s\nwant %q in it", stdout, want)
		}
	}
}

// TestRelevanceFusions judges fusions that find different things, on a server
// whose answers end early.
func TestRelevanceFusions(t *testing.T) {
	calls := 0
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/collections/c/search", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"hits":[{"id":"right"}],"next":null}`)
	})
	mux.HandleFunc("POST /v1/search", func(w http.ResponseWriter, r *http.Request) {
		calls++
		var request struct {
			Searches []fusedSearch
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		var results []string
		for _, q := range request.Searches {
			switch {
			case q.Collection != "c" || q.Q != "text" || q.Mode != "hybrid":
				t.Errorf("asked for %+v", q)
			case q.Cursor != nil && (*q.Cursor != "more" || q.Limit != 99 || q.Fusion.Depth != 100):
				t.Errorf("asked to go on for %+v", q)
			case q.Cursor != nil || q.Fusion.Method == "rrf":
				results = append(results, `{"hits":[{"id":"right"}],"next":null}`)
			case q.Fusion.Depth == 100:
				results = append(results, `{"hits":[{"id":"wrong"}],"next":"more"}`)
			default:
				results = append(results, `{"hits":[{"id":"wrong"}],"next":null}`)
			}
		}
		fmt.Fprintf(w, `{"results":[%s]}`, strings.Join(results, ","))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	files := written(t, map[string]string{"queries.jsonl": `{"_id":"q","text":"text"}`, "qrels.tsv": "q\tright\t1\n", "key": "k"})
	flags := []string{"--server", server.URL, "--key-file", filepath.Join(files, "key"), "--collection", "c", "--beir", files}
	stdout, _ := runRelevance(t, exitOK, append(flags, "--json")...)
	for _, f := range relevanceOf(t, stdout).Sets[0].Fusions {
		want := fusionReport{fusion: f.fusion}
		switch {
		case f.Method == "rrf":
			want.NDCG10, want.Recall100 = 1, 1
		case f.Depth == 100:
			want.NDCG10, want.Recall100 = 1/math.Log2(3), 1
		}
		if *f != want {
			t.Errorf("%s is judged as %+v, want %+v", f, f, want)
		}
	}
	if calls != 2 {
		t.Errorf("%d requests were sent", calls)
	}
	stdout, _ = runRelevance(t, exitOK, flags...)
	for _, want := range []string{"recall@100 001 ", " minmax, 0.6 of the vectors, depth 100 0.631 1.000 ", " depth 200 (default) 0.000 0.000 ", " rrf, depth 200 1.000 1.000 "} {
		if !strings.Contains(strings.Join(strings.Fields(stdout), " "), want) {
			t.Errorf("the table is\n%s\nwant %q in it", stdout, want)
		}
	}
}

// TestRelevanceFails takes neither keyword search for hybrid nor a collection
// that is not there for one that finds nothing.
func TestRelevanceFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, `{"hits":[],"next":null,"degraded":%v}`, bytes.Contains(body, []byte("hybrid")))
	}))
	defer server.Close()
	files := written(t, map[string]string{"queries.jsonl": `{"_id":"q","text":"t"}`, "qrels.tsv": "q\td\t1\n", "key": "k"})
	_, stderr := runRelevance(t, exitFailed, "--server", server.URL, "--key-file", filepath.Join(files, "key"), "--collection", "c", "--beir", files)
	if !strings.Contains(stderr, "query q: the server cannot use the vectors") {
		t.Errorf("it says %s", stderr)
	}
	server.Config.Handler = http.NotFoundHandler()
	if _, stderr := runRelevance(t, exitFailed, "--server", server.URL, "--key-file", filepath.Join(files, "key"), "--collection", "a/b", "--beir", files); !strings.Contains(stderr, "/v1/collections/a%2Fb/search: 404") {
		t.Errorf("of a collection that is not there it says %s", stderr)
	}
}

// TestRelevanceTable has figures that differ.
func TestRelevanceTable(t *testing.T) {
	one := func(mode string, ndcg ...float64) *modeReport {
		m := &modeReport{Mode: mode, each: ndcg, Quality: &quality{MRR: 0.25}}
		for _, v := range ndcg {
			m.Quality.NDCG10 += v / float64(len(ndcg))
		}
		return m
	}
	r := &relevanceReport{Depth: 100, Sets: []*setReport{
		{Name: "a", Documents: 3, Queries: 2, Modes: []*modeReport{one("keyword", 0.25, 0.25), one("semantic", 0.5, 0.5), one("hybrid", 0.75, 0.75)}},
		{Name: "b", Queries: 1, Modes: []*modeReport{one("keyword", 0.8), one("semantic", 0.5), one("hybrid", 0.6)}},
		{Name: "c", Queries: 1, Modes: []*modeReport{one("keyword", 0), one("semantic", 0), one("hybrid", 0)}},
	}}
	for _, s := range r.Sets {
		s.compare()
	}
	r.summarise([]*judgedSet{{bm25: 0.3}, {bm25: 0.8}, {bm25: 0.01}})
	var table strings.Builder
	if err := r.writeTable(&table); err != nil {
		t.Fatal(err)
	}
	// Means .35, .333, .45: +28.6 %. Gains of +50 %, -25 % and none: +8.3 %.
	for _, want := range []string{
		"a: 2 queries, 3 documents\n", "  hybrid − semantic: +0.250 nDCG@10, 95 % from +0.250 to +0.250\n", "  hybrid − keyword: -0.200",
		"mean of 3 sets\n", "  hybrid    0.450    0.250  0.000", "+28.6 % of the means, +8.3 % as",
		"a: keyword                     0.250  ≥ 0.295  missed\n", "b: keyword                     0.800  ≥ 0.795  met\n",
		"a: hybrid, not below semantic  0.750  ≥ 0.500  met\n", "b: hybrid, not below keyword   0.600  ≥ 0.800  missed\n", "mean of the three: hybrid      0.450  ≥ 0.555  missed\n",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table is\n%s\nwant %q in it", table.String(), want)
		}
	}
}

func TestRelevanceRefuses(t *testing.T) {
	for want, flags := range map[string][]string{
		"names what is to be judged": nil,
		"depth":                      {"--depth", "10"},
		"needs --key-file":           {"--server", "http://localhost", "--beir", "x"},
		"belong to it":               {"--collection", "c", "--beir", "x"},
		"from one --beir":            {"--server", "http://localhost", "--key-file", "k", "--collection", "c", "--beir", "x", "--sets", "y"},
	} {
		if _, stderr := runRelevance(t, exitUsage, flags...); !strings.Contains(stderr, want) {
			t.Errorf("%v is refused with %s; want %q", flags, stderr, want)
		}
	}
	runRelevance(t, exitFailed, "--sets", t.TempDir())
	if _, stderr := runRelevance(t, exitOK, "--help"); !strings.Contains(stderr, "--key-file") {
		t.Errorf("the help is %s", stderr)
	}
}

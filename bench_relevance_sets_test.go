package main

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// write makes files below a new folder, by their paths.
func written(t *testing.T, files map[string]string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, text := range files {
		name = filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestReadClassics reads what is odd about the three sets.
func TestReadClassics(t *testing.T) {
	folder := written(t, map[string]string{
		"cranfield/cran.all.1400": ".I 1\n.T\na wing\n.A\nsomebody\n.W\na wing\nin a stream .\n.I 2\n.T\nempty\n.W\n.I 3\n.T\ntwice\n.W\nfirst\n.W\nsecond\n",
		"cranfield/cran.qry":      ".I 001\n.W\nwhat wing\n.I 004\n.W\nnobody answers\n.I 007\n.W\nthe third\n", // numbers have gaps
		"cranfield/cranqrel":      "1 1 2 \n1 3 -1\n2 1 -1\n3 3 4\n",
		"cisi/CISI.ALL":           ".I 1\n.T\nlibraries\n.W\ntheir books\n.X\n1 5 1\n",
		"cisi/CISI.QRY":           ".I 7\n.T\na title\n.W\nbooks?\n.B\n(Journal)\n\n.I 8\n.W\nnot judged\n",
		"cisi/CISI.REL":           "     7     1\t0\t0.000000\n",
	})
	sets, err := readClassics(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []*judgedSet{
		{name: "cranfield", bm25: 0.386,
			documents: []judgedDocument{{"1", "a wing\n", "a wing\nin a stream .\n"}, {"2", "empty\n", ""}, {"3", "twice\n", "first\nsecond\n"}},
			queries:   []judgedQuery{{"1", "what wing\n", grades{"1": 1}}, {"3", "the third\n", grades{"3": 1}}}},
		{name: "cisi", bm25: 0.393,
			documents: []judgedDocument{{"1", "libraries\n", "their books\n"}},
			queries:   []judgedQuery{{"7", "books?\n", grades{"1": 1}}}},
	}
	if !reflect.DeepEqual(sets, want) {
		t.Errorf("read\n%+v %+v\nwant\n%+v %+v", sets[0], sets[1], want[0], want[1])
	}
}

// TestReadMedline has the document in the third column.
func TestReadMedline(t *testing.T) {
	sets, err := readClassics(written(t, map[string]string{
		"medline/MED.ALL": ".I 1\n.W\nthe lens\n.I 2\n.W\nthe blood\n",
		"medline/MED.QRY": ".I 1\n.W\n lenses\n",
		"medline/MED.REL": "1 0 2 1\n",
	}))
	if err != nil || len(sets) != 1 || !maps.Equal(sets[0].queries[0].grades, grades{"2": 1}) || sets[0].documents[1].title != "" {
		t.Errorf("read %+v, %v", sets, err)
	}
}

func TestReadClassicsRefuses(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"holds none of cranfield": {"other/file": ""},
		"does not begin with .I":  {"medline/MED.ALL": "text\n"},
		"too few columns":         {"medline/MED.ALL": ".I 1\n.W\na\n", "medline/MED.QRY": ".I 1\n.W\na\n", "medline/MED.REL": "1 0\n"},
		"no query has an answer":  {"medline/MED.ALL": ".I 1\n.W\na\n", "medline/MED.QRY": ".I 1\n.W\na\n", "medline/MED.REL": "\n"},
	} {
		if _, err := readClassics(written(t, files)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want %q", files, err, want)
		}
	}
}

const (
	beirCorpus  = `{"_id":"a b","title":"Lens","text":"The crystalline lens."}` + "\n\n" + `{"_id":"c","text":"Blood.","metadata":{"url":"x"}}` + "\n"
	beirQueries = `{"_id":"q1","text":"lenses"}` + "\n" + `{"_id":"q2","text":"nobody judged"}` + "\n" + `{"_id":"q3","text":"all wrong"}` + "\n"
	beirQrels   = "query-id\tcorpus-id\tscore\nq1\ta b\t2\nq1\tc\t0\r\nq3\tc\t0\n"
)

func TestReadBEIR(t *testing.T) {
	want := &judgedSet{documents: []judgedDocument{{"a b", "Lens", "The crystalline lens."}, {"c", "", "Blood."}},
		queries: []judgedQuery{{"q1", "lenses", grades{"a b": 2, "c": 0}}}}
	for _, qrels := range []string{"qrels.tsv", "qrels/test.tsv"} {
		folder := written(t, map[string]string{"corpus.jsonl": beirCorpus, "queries.jsonl": beirQueries, qrels: beirQrels})
		got, err := readBEIR(folder, true)
		if want.name = filepath.Base(folder); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read %+v, %v; want %+v", qrels, got, err, want)
		}
	}
	if got, err := readBEIR(written(t, map[string]string{"queries.jsonl": beirQueries, "qrels.tsv": beirQrels}), false); err != nil || got.documents != nil || len(got.queries) != 1 {
		t.Errorf("without a corpus: %+v, %v", got, err)
	}
}

func TestReadBEIRRefuses(t *testing.T) {
	files := func(corpus, queries, qrels string) map[string]string {
		return map[string]string{"corpus.jsonl": corpus, "queries.jsonl": queries, "qrels.tsv": qrels}
	}
	for want, files := range map[string]map[string]string{
		"test.tsv":                 {"corpus.jsonl": beirCorpus, "queries.jsonl": beirQueries},
		"queries.jsonl":            {"qrels.tsv": beirQrels},
		"corpus.jsonl":             {"queries.jsonl": beirQueries, "qrels.tsv": beirQrels},
		"corpus.jsonl:2: there":    files(`{"_id":"a"}`+"\n"+`{"title":"t"}`, beirQueries, beirQrels),
		"queries.jsonl:1: ":        files(beirCorpus, "nonsense", beirQrels),
		`qrels.tsv:2: "q1 a 1"`:    files(beirCorpus, beirQueries, "q\td\ts\nq1 a 1\n"),
		"qrels.tsv:1: ":            files(beirCorpus, beirQueries, "q1\t1\n"),
		"qrels.tsv:2: \"q1\\ta\\t": files(beirCorpus, beirQueries, "q\td\ts\nq1\ta\t0.5\n"),
		"has an answer":            files(beirCorpus, beirQueries, "q3\tc\t0\n"),
	} {
		if _, err := readBEIR(written(t, files), true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want %q", files, err, want)
		}
	}
}

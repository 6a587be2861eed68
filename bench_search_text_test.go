package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func made(t *testing.T) *generated {
	t.Helper()
	g, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGeneratedWords(t *testing.T) {
	seen := map[string]bool{}
	for rank, word := range made(t).words {
		if seen[word] || len(word) < 4 || len(word) > 6 || strings.Trim(word, "abdfgiklmnoprstuvz") != "" {
			t.Fatalf("the word of rank %d is %q", rank, word)
		}
		seen[word] = true
	}
}

// TestGeneratedFrequencies counts how often the most frequent words stand in
// the text.
func TestGeneratedFrequencies(t *testing.T) {
	g := made(t)
	count, all := map[string]int{}, 0
	for i := range 2_000 {
		for _, word := range g.text(draws(streamDocuments, i), documentWords) {
			count[word]++
			all++
		}
	}
	sum := 0.0
	for rank := range vocabulary {
		sum += math.Pow(float64(rank+1), -zipfExponent)
	}
	for rank, word := range g.words[:10] {
		want := math.Pow(float64(rank+1), -zipfExponent) / sum
		if got := float64(count[word]) / float64(all); got < 0.9*want || got > 1.1*want {
			t.Errorf("the word of rank %d makes up %.4f of the text; Zipf says %.4f", rank, got, want)
		}
	}
}

func TestGeneratedDocuments(t *testing.T) {
	g := made(t)
	var d struct {
		ID, Title, Text, Kind string
		Year                  int
		Place                 []float64
	}
	read := func(line []byte) {
		t.Helper()
		if err := json.Unmarshal(line, &d); err != nil || bytes.Count(line, []byte("\n")) != 1 || !bytes.HasSuffix(line, []byte("\n")) {
			t.Fatalf("%v in the line %s", err, line)
		}
	}
	read(g.document(nil, 17))
	if d.ID != "d17" || len(strings.Fields(d.Title+" "+d.Text)) != documentWords || !strings.HasPrefix(d.Kind, "k") || d.Year < 1900 {
		t.Errorf("document 17 is %+v", d)
	}
	if again, other := g.document(nil, 17), g.document(nil, 18); !bytes.Equal(again, made(t).document(nil, 17)) || bytes.Equal(again[10:], other[10:]) {
		t.Errorf("documents 17 and 18 are\n%s%s", again, other)
	}
	if read(g.vectorDocument(nil, 3)); len(d.Place) != searchVector || d.ID != "d3" {
		t.Errorf("document 3 has %d numbers", len(d.Place))
	}
	for i := range 50 {
		if read(g.modelDocument(nil, i)); len(g.model.Tokens(d.Text)) != embeddedTokens {
			t.Errorf("document %d has %d tokens", i, len(g.model.Tokens(d.Text)))
		}
	}
}

func TestGeneratedQueries(t *testing.T) {
	g := made(t)
	seen := map[string]bool{}
	for i := range 1_000 {
		var q struct{ Q, Mode string }
		if err := json.Unmarshal([]byte(g.query(i, "keyword")), &q); err != nil || q.Mode != "keyword" {
			t.Fatalf("query %d is %+v, %v", i, q, err)
		}
		words := strings.Fields(q.Q)
		if len(words) < 2 || len(words) > 4 || seen[q.Q] {
			t.Errorf("query %d is %q", i, q.Q)
		}
		seen[q.Q] = true
	}
}

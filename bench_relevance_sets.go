package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// judgedSet is a collection of texts with queries and what answers them.
type judgedSet struct {
	name      string
	documents []judgedDocument
	queries   []judgedQuery

	bm25 float64 // nDCG@10 of plain BM25 with a crude stemmer; 0 = nobody measured it
}

type judgedDocument struct{ id, title, text string }

// judgedQuery is a query to which at least one document is an answer.
type judgedQuery struct {
	id, text string
	grades   grades
}

// classic is one of the three sets that information retrieval was measured on
// for decades. Their judgements are read as binary.
type classic struct {
	name                          string
	documents, queries, judgments string // files
	document, grade               int    // columns of a judgement; grade −1 = each line is an answer
	ordinal                       bool   // judgements count the queries from 1 and pass over their .I
	bm25                          float64
}

var classics = []classic{
	// Grades from 1 on are answers, the best is 1; -1 is none.
	{"cranfield", "cran.all.1400", "cran.qry", "cranqrel", 1, 2, true, 0.386},
	{"cisi", "CISI.ALL", "CISI.QRY", "CISI.REL", 1, -1, false, 0.393},
	{"medline", "MED.ALL", "MED.QRY", "MED.REL", 2, -1, false, 0.681},
}

// readClassics reads those of the three sets that stand below a folder, each in
// one of its own name.
func readClassics(folder string) (sets []*judgedSet, err error) {
	for _, c := range classics {
		set, err := c.read(filepath.Join(folder, c.name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	if sets == nil {
		return nil, fmt.Errorf("%s holds none of cranfield, cisi and medline", folder)
	}
	return sets, nil
}

func (c classic) read(folder string) (*judgedSet, error) {
	set := &judgedSet{name: c.name, bm25: c.bm25}
	documents, err := readMarked(filepath.Join(folder, c.documents))
	if err != nil {
		return nil, err
	}
	for _, d := range documents {
		set.documents = append(set.documents, judgedDocument{d.id, d.sections['T'], d.sections['W']})
	}
	queries, err := readMarked(filepath.Join(folder, c.queries))
	if err != nil {
		return nil, err
	}
	judged, err := c.readJudgments(filepath.Join(folder, c.judgments))
	if err != nil {
		return nil, err
	}
	for i, q := range queries {
		if c.ordinal {
			q.id = strconv.Itoa(i + 1)
		}
		if judged[q.id].relevant() > 0 {
			set.queries = append(set.queries, judgedQuery{q.id, q.sections['W'], judged[q.id]})
		}
	}
	if len(set.queries) == 0 {
		return nil, fmt.Errorf("%s: no query has an answer", folder)
	}
	return set, nil
}

// readJudgments reads lines of numbers, of which the first is the query.
func (c classic) readJudgments(file string) (map[string]grades, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	judged, line := map[string]grades{}, 0
	for text := range strings.Lines(string(text)) {
		line++
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		if len(fields) <= max(c.document, c.grade) {
			return nil, fmt.Errorf("%s:%d: %q has too few columns", file, line, text)
		}
		if c.grade >= 0 && strings.HasPrefix(fields[c.grade], "-") {
			continue
		}
		if judged[fields[0]] == nil {
			judged[fields[0]] = grades{}
		}
		judged[fields[0]][fields[c.document]] = 1
	}
	return judged, nil
}

// marked is a part of a file of SMART (Salton 1971): it begins with ".I" and a
// number, and its sections with a dot and a letter.
type marked struct {
	id       string
	sections map[byte]string
}

func readMarked(file string) (parts []marked, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	section := byte(0)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, " \r\n")
		id, begins := strings.CutPrefix(line, ".I ")
		switch {
		case begins:
			parts = append(parts, marked{strings.TrimSpace(id), map[byte]string{}})
		case len(parts) == 0:
			return nil, fmt.Errorf("%s does not begin with .I", file)
		case len(line) == 2 && line[0] == '.' && 'A' <= line[1] && line[1] <= 'Z':
			section = line[1]
		default: // a section that comes twice goes on
			parts[len(parts)-1].sections[section] += line + "\n"
		}
	}
	return parts, nil
}

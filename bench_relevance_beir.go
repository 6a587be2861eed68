package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// readBEIR reads a folder as the collections of BEIR have it (Thakur et al.
// 2021): corpus.jsonl and queries.jsonl, one object a line, and the judgements
// in qrels.tsv or qrels/test.tsv. The corpus is left out where the documents
// are on a server already.
func readBEIR(folder string, corpus bool) (*judgedSet, error) {
	set := &judgedSet{name: filepath.Base(filepath.Clean(folder))}
	judged, err := readQrels(filepath.Join(folder, "qrels.tsv"))
	if errors.Is(err, os.ErrNotExist) {
		judged, err = readQrels(filepath.Join(folder, "qrels", "test.tsv"))
	}
	if err != nil {
		return nil, err
	}
	err = eachObject(filepath.Join(folder, "queries.jsonl"), func(o beirObject) {
		if judged[o.ID].relevant() > 0 {
			set.queries = append(set.queries, judgedQuery{o.ID, o.Text, judged[o.ID]})
		}
	})
	if err == nil && len(set.queries) == 0 {
		err = fmt.Errorf("%s: no query of queries.jsonl has an answer in the judgements", folder)
	}
	if err == nil && corpus {
		err = eachObject(filepath.Join(folder, "corpus.jsonl"), func(o beirObject) {
			set.documents = append(set.documents, judgedDocument{o.ID, o.Title, o.Text})
		})
	}
	return set, err
}

// beirObject is a document or a query. Other members do not matter.
type beirObject struct {
	ID    string `json:"_id"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

// longestObject is how long a line may be, in bytes.
const longestObject = 64 << 20

func eachObject(file string, each func(beirObject)) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestObject)
	for line := 1; lines.Scan(); line++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var o beirObject
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return fmt.Errorf("%s:%d: %w", file, line, err)
		}
		if o.ID == "" {
			return fmt.Errorf("%s:%d: there is no _id", file, line)
		}
		each(o)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// readQrels reads query, document and grade, apart by tabs, below one line of
// their names.
func readQrels(file string) (map[string]grades, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	judged, line := map[string]grades{}, 0
	for text := range strings.Lines(string(text)) {
		line++
		text = strings.TrimRight(text, "\r\n")
		if text == "" {
			continue
		}
		fields := strings.Split(text, "\t")
		grade, err := strconv.Atoi(fields[len(fields)-1])
		switch {
		case err != nil && line == 1: // the names
		case err != nil || len(fields) != 3:
			return nil, fmt.Errorf("%s:%d: %q is not query, document and a whole number, apart by tabs", file, line, text)
		default:
			if judged[fields[0]] == nil {
				judged[fields[0]] = grades{}
			}
			judged[fields[0]][fields[1]] = grade
		}
	}
	return judged, nil
}

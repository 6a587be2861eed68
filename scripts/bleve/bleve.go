package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/whitespace"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
	index "github.com/blevesearch/bleve_index_api"
)

// bleveIndex is a bleve index of one segment, ranked by BM25, with the same
// analysis as ours: words as they are, with positions.
type bleveIndex struct{ bleve.Index }

func buildBleve(folder string, text [][]string) (*bleveIndex, error) {
	mapping := bleve.NewIndexMapping()
	if err := mapping.AddCustomAnalyzer("words", map[string]any{"type": custom.Name, "tokenizer": whitespace.Name}); err != nil {
		return nil, err
	}
	field := bleve.NewTextFieldMapping()
	field.Analyzer, field.Store, field.IncludeInAll, field.DocValues = "words", false, false, false
	document := bleve.NewDocumentStaticMapping()
	document.AddFieldMappingsAt("text", field)
	mapping.DefaultMapping, mapping.ScoringModel = document, index.BM25Scoring
	x, err := bleve.New(filepath.Join(folder, "index"), mapping)
	if err != nil {
		return nil, err
	}
	batch := x.NewBatch()
	for row, words := range text {
		if err := batch.Index(strconv.Itoa(row), map[string]string{"text": strings.Join(words, " ")}); err != nil {
			return nil, err
		}
		if batch.Size() == 5_000 || row == len(text)-1 {
			if err := x.Batch(batch); err != nil {
				return nil, err
			}
			batch.Reset()
		}
	}
	advanced, err := x.Advanced()
	if err != nil {
		return nil, err
	}
	engine, ok := advanced.(*scorch.Scorch)
	if !ok {
		return nil, fmt.Errorf("bleve's index is a %T", advanced)
	}
	return &bleveIndex{x}, engine.ForceMerge(context.Background(), &mergeplan.SingleSegmentMergePlanOptions)
}

func (x *bleveIndex) search(words []string) (found int, err error) {
	any := bleve.NewDisjunctionQuery()
	for _, word := range words {
		term := bleve.NewTermQuery(word)
		term.SetField("text")
		any.AddQuery(term)
	}
	result, err := x.Search(bleve.NewSearchRequestOptions(any, 10, 0, false))
	if err != nil {
		return 0, err
	}
	return int(result.Total), nil
}

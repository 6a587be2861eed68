package search

import (
	"bytes"
	"context"
	_ "embed" // of the demo's files
	"errors"
	"fmt"
	"strings"

	"quintet/engine"
)

// The demo collection: the countries of the world. demo/PROVENANCE.md tells
// where it comes from.
var (
	//go:embed demo/documents.ndjson
	demoDocuments []byte
	//go:embed demo/vectors.f16
	demoVectors []byte
	//go:embed demo/vectors.model
	demoModel string
)

// demoDefinition is how its documents are read.
func demoDefinition() Definition {
	return Definition{
		Fields: []Field{
			{Name: "name", Type: Text, Weight: 3}, {Name: "text", Type: Text, Weight: 1},
			{Name: "region", Type: Keyword}, {Name: "capital", Type: Keyword}, {Name: "languages", Type: Keywords}, {Name: "borders", Type: Keywords},
			{Name: "population", Type: Int}, {Name: "area_km2", Type: Float}, {Name: "coastline_km", Type: Float}, {Name: "landlocked", Type: Bool},
		},
		Embed: []string{"name", "text"},
	}
}

// SeedDemo makes the demo collection under a name and stores what is missing
// of its documents. Nothing is embedded: the vectors came with the documents.
// A collection of that name with another definition is left alone.
func (s *Service) SeedDemo(ctx context.Context, t engine.Tenant, name string) error {
	if _, _, err := s.Define(ctx, t, name, demoDefinition(), ""); err != nil {
		if errors.Is(err, errCollectionExists) {
			return nil
		}
		return err
	}
	var puts []*Put
	for i, line := range demoLines() {
		p, err := s.read(ctx, t, name, line, "")
		if err != nil {
			return fmt.Errorf("demo document %d: %w", i+1, err)
		}
		switch _, err := s.Document(ctx, t, name, p.ID()); {
		case errors.Is(err, errDocumentNotFound):
			s.giveDemoVector(p, i)
			puts = append(puts, p)
		case err != nil:
			return err
		}
	}
	for len(puts) > 0 {
		n := min(sliceDocuments, len(puts))
		if err := s.write(ctx, puts[:n]); err != nil {
			return err
		}
		if err := s.Stored(ctx, puts[:n]...); err != nil {
			return err
		}
		puts = puts[n:]
	}
	return nil
}

// giveDemoVector spares the model, unless it is not the one that made them.
func (s *Service) giveDemoVector(p *Put, i int) {
	if strings.TrimSpace(demoModel) != s.options.Embedder.Hash() || len(demoVectors) < (i+1)*2*Dimensions {
		return
	}
	p.document.hash = contentHash(p.text)
	p.document.vector = demoVectors[i*2*Dimensions : (i+1)*2*Dimensions]
}

func demoLines() [][]byte {
	return bytes.Split(bytes.TrimSpace(demoDocuments), []byte{'\n'})
}

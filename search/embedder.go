package search

import (
	"context"
	"sync"
	"time"

	"quintet/engine"
)

// Embedder turns texts into unit vectors of Dimensions numbers, which point
// the same way where texts mean the same. Equal texts have equal vectors. It
// is safe for concurrent use.
type Embedder interface {
	// Embed returns a vector, and the number of tokens, for each text.
	Embed(ctx context.Context, texts []string) (vectors [][]float32, tokens []int, err error)
	// Hash names the model: vectors of two models cannot be compared.
	Hash() string
}

// embedUnit is how many texts are embedded in one turn.
const embedUnit = 8

// embed embeds texts of a tenant, many of them with several processors.
func (s *Service) embed(ctx context.Context, t engine.Tenant, texts []string) (vectors [][]float32, tokens []int, err error) {
	vectors, tokens = make([][]float32, len(texts)), make([]int, len(texts))
	bulk := len(texts) > 1
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	units := make(chan int)
	var workers sync.WaitGroup
	for range min(s.gate.bulk, (len(texts)+embedUnit-1)/embedUnit) {
		workers.Go(func() {
			for from := range units {
				to := min(from+embedUnit, len(texts))
				if err := s.embedTurn(ctx, t, texts[from:to], vectors[from:to], tokens[from:to], bulk); err != nil {
					cancel(err)
				}
			}
		})
	}
	for from := 0; from < len(texts) && ctx.Err() == nil; from += embedUnit {
		units <- from
	}
	close(units)
	workers.Wait()
	return vectors, tokens, context.Cause(ctx)
}

// embedTurn fills vectors and tokens.
func (s *Service) embedTurn(ctx context.Context, t engine.Tenant, texts []string, vectors [][]float32, tokens []int, bulk bool) error {
	leave, err := s.gate.enter(ctx, t, bulk)
	if err != nil {
		return err
	}
	defer leave()
	began := time.Now()
	made, counts, err := s.options.Embedder.Embed(ctx, texts)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil || len(made) != len(texts) || len(counts) != len(texts) {
		return errEmbedder.With(err)
	}
	copy(vectors, made)
	copy(tokens, counts)
	s.metrics.embedded(len(texts), time.Since(began))
	return nil
}

// checkModel refuses to compare vectors of different models.
func (s *Service) checkModel(sc *schema) error {
	if sc.embeds() && sc.Model != s.options.Embedder.Hash() {
		return errModelChanged
	}
	return nil
}

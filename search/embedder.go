package search

import (
	"context"
	"sync"
	"time"

	"quintet/engine"
	"quintet/search/embed"
)

// Embedder turns texts into unit vectors of Dimensions numbers, which point
// the same way where texts mean the same. Equal texts have equal vectors. It
// is safe for concurrent use.
type Embedder interface {
	// Embed returns a vector, and the number of tokens, for each text.
	Embed(ctx context.Context, texts []string) (vectors [][]float32, tokens []int, err error)
	// Passages divides a text into parts that the model can read at once, at
	// most embed.MaxPassages of them; cut tells that the rest is left out. A
	// text of nothing that it knows has none.
	Passages(text string) (passages []embed.Passage, cut bool)
	// EmbedPassages returns a vector for each passage.
	EmbedPassages(ctx context.Context, passages []embed.Passage) ([][]float32, error)
	// Hash names the model: vectors of two models cannot be compared.
	Hash() string
}

// embedUnit is how many texts are embedded in one turn.
const embedUnit = 8

// embed embeds texts of a tenant, many of them with several processors. Bulk
// waits behind queries.
func (s *Service) embed(ctx context.Context, t engine.Tenant, texts []string, bulk bool) (vectors [][]float32, tokens []int, err error) {
	vectors, tokens = make([][]float32, len(texts)), make([]int, len(texts))
	err = s.inTurns(ctx, t, len(texts), bulk, func(ctx context.Context, from, to int) error {
		made, counts, err := s.options.Embedder.Embed(ctx, texts[from:to])
		if err != nil || len(made) != to-from || len(counts) != to-from {
			return errEmbedder.With(err)
		}
		copy(vectors[from:], made)
		copy(tokens[from:], counts)
		return nil
	})
	return vectors, tokens, err
}

// embedPassages embeds passages of documents of a tenant, likewise; several are
// bulk in any case.
func (s *Service) embedPassages(ctx context.Context, t engine.Tenant, passages []embed.Passage, bulk bool) (vectors [][]float32, err error) {
	vectors = make([][]float32, len(passages))
	err = s.inTurns(ctx, t, len(passages), bulk || len(passages) > 1, func(ctx context.Context, from, to int) error {
		made, err := s.options.Embedder.EmbedPassages(ctx, passages[from:to])
		if err != nil || len(made) != to-from {
			return errEmbedder.With(err)
		}
		for i, v := range made {
			if len(v) != Dimensions {
				return errEmbedder
			}
			vectors[from+i] = v
		}
		return nil
	})
	return vectors, err
}

// inTurns does n texts of a tenant in units, each when its turn at the model
// comes, several at once where there are many.
func (s *Service) inTurns(ctx context.Context, t engine.Tenant, n int, bulk bool, do func(ctx context.Context, from, to int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	units := make(chan int)
	var workers sync.WaitGroup
	for range min(s.gate.bulk, (n+embedUnit-1)/embedUnit) {
		workers.Go(func() {
			for from := range units {
				if err := s.turn(ctx, t, from, min(from+embedUnit, n), bulk, do); err != nil {
					cancel(err)
				}
			}
		})
	}
	for from := 0; from < n && ctx.Err() == nil; from += embedUnit {
		units <- from
	}
	close(units)
	workers.Wait()
	return context.Cause(ctx)
}

func (s *Service) turn(ctx context.Context, t engine.Tenant, from, to int, bulk bool, do func(ctx context.Context, from, to int) error) error {
	leave, err := s.gate.enter(ctx, t, bulk)
	if err != nil {
		return err
	}
	defer leave()
	began := time.Now()
	err = do(ctx, from, to)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil {
		s.metrics.embedded(to-from, time.Since(began))
	}
	return err
}

// checkModel refuses to compare vectors of different models.
func (s *Service) checkModel(sc *schema) error {
	if sc.embeds() && sc.Model != s.options.Embedder.Hash() {
		return errModelChanged
	}
	return nil
}

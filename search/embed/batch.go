package embed

import (
	"context"
	"sync"
	"sync/atomic"
)

// Embed returns for each text its unit vector, Dim long, and how many of its
// tokens were used, [CLS] and [SEP] included: MaxTokens means that it may have
// been cut. A text's vector does not depend on the others, nor on who computes
// it. Texts go to at most GOMAXPROCS cores, for all callers together; between
// two texts a core goes to whoever has waited longest, and ctx is looked at.
// On an error nothing is returned: ctx's, or that the weights are damaged.
func (m *Model) Embed(ctx context.Context, texts []string) (vectors [][]float32, tokens []int, err error) {
	if len(texts) == 0 {
		return nil, nil, ctx.Err()
	}
	b := &batch{model: m, texts: texts, vectors: make([][]float32, len(texts)), tokens: make([]int, len(texts))}
	if b.words, err = m.words(); err != nil {
		return nil, nil, err
	}
	if b.net, err = m.net(); err != nil {
		return nil, nil, err
	}
	if workers := min(len(texts), cap(m.cores)); workers > 1 {
		b.share(ctx, workers)
	} else {
		b.work(ctx)
	}
	if b.err != nil {
		return nil, nil, b.err
	}
	return b.vectors, b.tokens, nil
}

// A batch is the texts of one call. Its workers take the next text from it
// until none is left or one has failed.
type batch struct {
	model   *Model
	words   *vocabulary
	net     *network
	texts   []string
	vectors [][]float32
	tokens  []int
	next    atomic.Int64
	failed  atomic.Bool
	once    sync.Once
	err     error // of the first that failed; read when all workers are gone
}

func (b *batch) share(ctx context.Context, workers int) {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() { b.work(ctx) })
	}
	all.Wait()
}

func (b *batch) work(ctx context.Context) {
	for !b.failed.Load() {
		i := int(b.next.Add(1)) - 1
		if i >= len(b.texts) {
			return
		}
		if err := b.embed(ctx, i); err != nil {
			b.once.Do(func() { b.err = err })
			b.failed.Store(true)
		}
	}
}

func (b *batch) embed(ctx context.Context, i int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case b.model.cores <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-b.model.cores }()
	d := b.model.takeDesk()
	if d == nil {
		d = newDesk(b.net, b.words)
	}
	defer b.model.returnDesk(d)
	d.cutIDs = d.cut(b.texts[i], d.cutIDs)
	b.tokens[i], b.vectors[i] = len(d.cutIDs), make([]float32, Dim)
	return b.net.pass(d.cutIDs, d, b.vectors[i])
}

// takeDesk returns the idle desk that was used last, or nil.
func (m *Model) takeDesk() *desk {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.desks)
	if n == 0 {
		return nil
	}
	d := m.desks[n-1]
	m.desks = m.desks[:n-1]
	return d
}

func (m *Model) returnDesk(d *desk) {
	m.mu.Lock()
	m.desks = append(m.desks, d)
	m.mu.Unlock()
}

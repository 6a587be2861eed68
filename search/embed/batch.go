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
	b := &batch{texts: texts, vectors: make([][]float32, len(texts)), tokens: make([]int, len(texts))}
	if err := b.run(ctx, m); err != nil {
		return nil, nil, err
	}
	return b.vectors, b.tokens, nil
}

// A batch is the texts or the passages of one call. Its workers take the next
// one from it until none is left or one has failed.
type batch struct {
	model    *Model
	words    *vocabulary
	net      *network
	texts    []string
	passages []Passage // instead of texts
	vectors  [][]float32
	tokens   []int // of texts
	next     atomic.Int64
	failed   atomic.Bool
	once     sync.Once
	err      error // of the first that failed; read when all workers are gone
}

func (b *batch) run(ctx context.Context, m *Model) (err error) {
	b.model = m
	if b.words, err = m.words(); err != nil {
		return err
	}
	if b.net, err = m.net(); err != nil {
		return err
	}
	if workers := min(len(b.vectors), cap(m.cores)); workers > 1 {
		b.share(ctx, workers)
	} else {
		b.work(ctx)
	}
	return b.err
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
		if i >= len(b.vectors) {
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
	if b.passages != nil {
		d.framed = frame(b.passages[i].Tokens, d.framed)
	} else {
		d.cut(b.texts[i], mostTokens)
		d.framed = frame(d.ids, d.framed)
		b.tokens[i] = len(d.framed)
	}
	b.vectors[i] = make([]float32, Dim)
	return b.net.pass(d.framed, d, b.vectors[i])
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

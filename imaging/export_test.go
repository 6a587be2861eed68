package imaging

import (
	"context"

	"quintet/engine"
)

// Occupy takes memory that work would need, until the result is called.
func (s *Images) Occupy(t engine.Tenant, n int64) (release func()) {
	release, err := s.work.take(context.Background(), t, n)
	if err != nil {
		panic(err)
	}
	return release
}

// InUse returns the bytes of work and uploads, and how many wait.
func (s *Images) InUse() (work, uploads int64, waiting int) {
	work, a := s.work.state()
	uploads, b := s.uploads.state()
	return work, uploads, a + b
}

// Budget is a budget alone.
type Budget struct{ b *budget }

func NewBudget(total int64, slots, queue int, share int64) Budget {
	return Budget{newBudget(total, slots, queue, share)}
}

func (b Budget) Take(ctx context.Context, t engine.Tenant, n int64) (func(), error) {
	return b.b.take(ctx, t, n)
}

func (b Budget) State() (int64, int) { return b.b.state() }

// Cache is a cache alone, whose renditions have numbers.
type Cache struct{ c *cache }

func NewCache(limit int64) Cache { return Cache{newCache(limit)} }

func cacheKey(t engine.Tenant, n int) renditionKey {
	return renditionKey{imageKey: imageKey{t.UID(), ID{byte(n >> 8), byte(n)}}}
}

func (c Cache) Do(ctx context.Context, t engine.Tenant, n int, work func(context.Context) (*Rendition, error)) (*Rendition, error) {
	return c.c.do(ctx, cacheKey(t, n), work)
}

func (c Cache) Purge(t engine.Tenant, n int) { c.c.purge(cacheKey(t, n).imageKey) }

func (c Cache) Clear() { c.c.clear() }

// Has reports whether a rendition is there, without using it.
func (c Cache) Has(t engine.Tenant, n int) bool {
	c.c.mu.Lock()
	defer c.c.mu.Unlock()
	return c.c.entries[cacheKey(t, n)] != nil
}

// Sound reports the bytes, as counted and as they are.
func (c Cache) Sound() (counted, held int64) {
	c.c.mu.Lock()
	defer c.c.mu.Unlock()
	for _, e := range c.c.entries {
		held += e.size()
	}
	for _, s := range c.c.shelves {
		counted += s.bytes
	}
	if counted != c.c.bytes || len(c.c.entries) != c.c.used.Len() {
		return -1, held
	}
	return counted, held
}

// Content returns the whole original.
func (s *Images) Content(ctx context.Context, t engine.Tenant, id ID) ([]byte, error) {
	r, err := s.find(ctx, t, id)
	if err != nil {
		return nil, err
	}
	return s.read(ctx, t, r)
}

package imaging

import (
	"container/list"
	"context"
	"fmt"
	"sync"

	"quintet/engine"
)

// renditionKey names a rendition for the lifetime of the process.
type renditionKey struct {
	imageKey
	recipe recipe
}

type imageKey struct {
	tenant engine.UID
	image  ID
}

// cache keeps renditions in memory, those used last, up to a number of bytes
// of all tenants and of each. What several ask for at once it has made once.
// Safe for concurrent use.
type cache struct {
	limit, share int64

	mu      sync.Mutex
	entries map[renditionKey]*entry
	images  map[imageKey]map[*entry]bool
	used    list.List // of *entry, used last first
	shelves map[engine.UID]*shelf
	bytes   int64
	flights map[renditionKey]*flight
	running sync.WaitGroup

	hits, misses, joined, evicted uint64
}

// shelf holds one tenant's entries, used last first.
type shelf struct {
	used  list.List
	bytes int64
}

type entry struct {
	key           renditionKey
	rendition     *Rendition
	all, ofTenant *list.Element
}

// entryExtra is about what an entry takes beside the rendition.
const entryExtra = 512

func (e *entry) size() int64 { return int64(len(e.rendition.Body)) + entryExtra }

// flight is a rendition in the making.
type flight struct {
	done    chan struct{} // closed when result and err are there
	result  *Rendition
	err     error
	waiters int
	cancel  context.CancelFunc
	stale   bool // the image was deleted meanwhile
}

func newCache(limit int64) *cache {
	c := &cache{limit: limit, share: limit / 2}
	c.init()
	return c
}

func (c *cache) init() {
	c.entries, c.images, c.shelves = map[renditionKey]*entry{}, map[imageKey]map[*entry]bool{}, map[engine.UID]*shelf{}
	c.flights = map[renditionKey]*flight{}
	c.used.Init()
	c.bytes = 0
}

// do returns the rendition of a key: from memory, from whoever makes it just
// now, or from work. A caller whose ctx ends leaves; work is cancelled when
// all have left. Errors are not kept.
func (c *cache) do(ctx context.Context, key renditionKey, work func(context.Context) (*Rendition, error)) (*Rendition, error) {
	c.mu.Lock()
	if e := c.entries[key]; e != nil {
		c.hits++
		c.used.MoveToFront(e.all)
		c.shelves[key.tenant].used.MoveToFront(e.ofTenant)
		c.mu.Unlock()
		return e.rendition, nil
	}
	f := c.flights[key]
	if f == nil {
		c.misses++
		f = c.launch(ctx, key, work)
	} else {
		c.joined++
	}
	f.waiters++
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.result, f.err
	case <-ctx.Done():
		c.leave(key, f)
		return nil, ctx.Err()
	}
}

// launch begins work that outlives its first caller. The lock is held.
func (c *cache) launch(ctx context.Context, key renditionKey, work func(context.Context) (*Rendition, error)) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{done: make(chan struct{}), cancel: cancel}
	c.flights[key] = f
	c.running.Go(func() {
		defer cancel()
		f.result, f.err = guarded(ctx, work)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.flights[key] == f {
			delete(c.flights, key)
		}
		if f.err == nil && !f.stale {
			c.put(key, f.result)
		}
		close(f.done)
	})
	return f
}

// guarded makes a panic of work an error: no server stands around it.
func guarded(ctx context.Context, work func(context.Context) (*Rendition, error)) (r *Rendition, err error) {
	defer func() {
		if v := recover(); v != nil {
			r, err = nil, fmt.Errorf("imaging: making a rendition panicked: %v", v)
		}
	}()
	return work(ctx)
}

func (c *cache) leave(key renditionKey, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiters--; f.waiters > 0 {
		return
	}
	f.cancel()
	if c.flights[key] == f {
		delete(c.flights, key) // whoever comes now begins anew
	}
}

// put keeps a rendition. The lock is held.
func (c *cache) put(key renditionKey, r *Rendition) {
	e := &entry{key: key, rendition: r}
	if e.size() > c.share || c.entries[key] != nil {
		return
	}
	s := c.shelves[key.tenant]
	if s == nil {
		s = &shelf{}
		c.shelves[key.tenant] = s
	}
	for s.bytes+e.size() > c.share {
		c.evict(s.used.Back())
	}
	for c.bytes+e.size() > c.limit {
		c.evict(c.used.Back())
	}
	c.shelves[key.tenant] = s // evict removes an empty one
	e.all, e.ofTenant = c.used.PushFront(e), s.used.PushFront(e)
	s.bytes += e.size()
	c.bytes += e.size()
	c.entries[key] = e
	if c.images[key.imageKey] == nil {
		c.images[key.imageKey] = map[*entry]bool{}
	}
	c.images[key.imageKey][e] = true
}

func (c *cache) evict(place *list.Element) {
	c.evicted++
	c.remove(place.Value.(*entry))
}

func (c *cache) remove(e *entry) {
	s := c.shelves[e.key.tenant]
	s.used.Remove(e.ofTenant)
	c.used.Remove(e.all)
	s.bytes -= e.size()
	c.bytes -= e.size()
	if s.used.Len() == 0 {
		delete(c.shelves, e.key.tenant)
	}
	delete(c.entries, e.key)
	delete(c.images[e.key.imageKey], e)
	if len(c.images[e.key.imageKey]) == 0 {
		delete(c.images, e.key.imageKey)
	}
}

// purge forgets the renditions of an image, also those in the making.
func (c *cache) purge(key imageKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := range c.images[key] {
		c.remove(e)
	}
	for k, f := range c.flights {
		if k.imageKey == key {
			f.stale = true
			delete(c.flights, k)
		}
	}
}

// clear forgets everything.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.flights {
		f.stale = true
	}
	c.init()
}

// counts returns what the metrics show.
func (c *cache) counts() (hits, misses, joined, evicted uint64, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits, c.misses, c.joined, c.evicted, c.bytes
}

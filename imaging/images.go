package imaging

import (
	"context"
	"runtime"
	"sync"
	"time"

	"quintet/engine"
)

// Images is the capability: all images of all tenants. Its methods are safe
// for concurrent use once Start has returned.
type Images struct {
	engine    *engine.Engine
	config    Config
	metrics   *metrics
	work      *budget // decoding, resizing, encoding
	uploads   *budget // bodies
	originals *budget // files that are being sent
	cache     *cache
	signers   signers

	mu      sync.Mutex
	started bool
}

var _ engine.Service = (*Images)(nil)

// New returns the images of an engine, which serve nothing before Start. It
// registers their metrics and their part of the engine's check.
func New(e *engine.Engine, c Config) *Images {
	c = c.withDefaults()
	s := &Images{
		engine: e, config: c,
		work:      newBudget(int64(c.Memory), max(2, runtime.GOMAXPROCS(0)), c.Queue, 0),
		uploads:   newBudget(int64(c.Uploads), 0, c.Queue, max(int64(c.Uploads)/2, int64(c.MaxBytes))),
		originals: newBudget(maxOriginals, 0, c.Queue, maxOriginals/2),
		cache:     newCache(int64(c.Cache)),
	}
	s.metrics = newMetrics(e.Metrics, s)
	e.AddCheck(engine.Checker{Name: s.Name(), Check: s.check})
	return s
}

// Name names the capability in the log of starts and stops.
func (s *Images) Name() string { return "imaging" }

// Start reads the signing keys and begins to follow what is deleted.
func (s *Images) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return nil
	}
	err := s.engine.Store.Observe(ctx, &engine.Observer{Name: s.Name(), Rebuild: s.rebuild, Apply: s.observe})
	s.started = err == nil
	return err
}

// Stop waits for renditions in the making. Requests must have ended. It is
// idempotent.
func (s *Images) Stop(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		s.cache.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rebuild derives anew what stands in memory.
func (s *Images) rebuild(v *engine.View) error {
	s.cache.clear()
	s.signers.clear()
	for _, t := range s.engine.Tenants.List() {
		for kid, value := range v.Of(t).Scan(bucketKeys, nil, nil) {
			k, err := decodeKey(kid, value)
			if err != nil {
				return err
			}
			s.signers.add(t.UID(), k)
		}
	}
	return nil
}

// observe follows one commit, also those that sweep a deleted tenant.
func (s *Images) observe(c engine.Commit) {
	for _, w := range c.Writes {
		switch {
		case w.Bucket == bucketImages && w.Deleted:
			s.cache.purge(imageKey{w.Tenant.UID(), ID(w.Key())})
		case w.Bucket == bucketKeys && w.Deleted:
			s.signers.remove(w.Tenant.UID(), string(w.Key()))
		case w.Bucket == bucketKeys:
			k, err := decodeKey(w.Key(), w.Value)
			if err != nil {
				panic(err) // the engine rebuilds, and reports it
			}
			s.signers.add(w.Tenant.UID(), k)
		}
	}
}

// publish tells the bus what happened to an image.
func (s *Images) publish(t engine.Tenant, what string, id ID) {
	s.engine.Bus.Publish(engine.Event{
		Tenant: t, Time: s.now(), Capability: s.Name(), Type: what, Subject: id.String(), Count: 1,
	})
}

// now is the wall clock, as exact as what is stored.
func (s *Images) now() time.Time { return s.engine.Clock.Now().UTC().Truncate(time.Millisecond) }

// find reads the record of an image, or errNotFound.
func (s *Images) find(ctx context.Context, t engine.Tenant, id ID) (r *record, err error) {
	var value []byte
	err = s.engine.Store.View(ctx, t, func(v *engine.View) error {
		value = v.Get(bucketImages, id[:])
		return nil
	})
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, errNotFound
	}
	return decodeRecord(value)
}

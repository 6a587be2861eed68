package engine

import (
	"context"
	"errors"
	"sync"
	"time"
)

// chores are what the engine does by itself, every minute and tenant by
// tenant: removing blobs that nothing refers to, and answers that were kept
// long enough.
type chores struct {
	e     *Engine
	quit  chan struct{}
	ended sync.WaitGroup
}

func startChores(e *Engine) *chores {
	c := &chores{e: e, quit: make(chan struct{})}
	c.ended.Go(c.run)
	return c
}

func (c *chores) stop() {
	close(c.quit)
	c.ended.Wait()
}

func (c *chores) run() {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-c.quit:
			return
		case <-tick.C:
		}
		for _, t := range append(c.e.Tenants.List(), c.e.Tenants.Platform()) {
			ctx := context.Background()
			err := errors.Join(c.e.Blobs.collect(ctx, t), c.e.Answers.Expire(ctx, t))
			if err != nil && !errors.Is(err, ErrTenantGone) {
				c.e.Log.Warn("removing what is no longer needed failed; the next round tries again", "tenant", t, "error", err)
			}
		}
	}
}

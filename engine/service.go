package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Service is something that runs. Start returns when it is ready and undoes
// what it did when it fails. Stop returns when everything that Start began
// has ended or ctx is over; stopping twice, or before a start, does nothing.
type Service interface {
	Name() string
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// Group starts services in order and stops them in reverse. It logs the
// seconds of each step.
type Group struct {
	log *slog.Logger

	mu      sync.Mutex
	running []Service // in the order of their start
}

// NewGroup returns an empty group.
func NewGroup(log *slog.Logger) *Group { return &Group{log: log} }

// Start starts each service after the one before it is ready. When one fails,
// those already running are stopped and the error names the service.
func (g *Group) Start(ctx context.Context, services ...Service) error {
	for _, s := range services {
		began := time.Now()
		if err := s.Start(ctx); err != nil {
			return errors.Join(fmt.Errorf("start %s: %w", s.Name(), err), g.Stop(context.WithoutCancel(ctx)))
		}
		g.mu.Lock()
		g.running = append(g.running, s)
		g.mu.Unlock()
		g.log.Info("started", "service", s.Name(), "seconds", time.Since(began).Seconds())
	}
	return nil
}

// Stop stops what runs, last started first, also past a failure or the end
// of ctx: every service gets its turn. It is idempotent.
func (g *Group) Stop(ctx context.Context) error {
	g.mu.Lock()
	running := g.running
	g.running = nil
	g.mu.Unlock()
	var failed []error
	for i := len(running) - 1; i >= 0; i-- {
		s, began := running[i], time.Now()
		if err := s.Stop(ctx); err != nil {
			failed = append(failed, fmt.Errorf("stop %s: %w", s.Name(), err))
		}
		g.log.Info("stopped", "service", s.Name(), "seconds", time.Since(began).Seconds())
	}
	return errors.Join(failed...)
}

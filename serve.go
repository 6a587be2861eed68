package main

import (
	"context"
	"errors"
	"time"

	"quintet/engine"
	"quintet/engine/telemetry"
)

// serve runs the server until ctx ends, and then stops it in reverse order.
func serve(ctx context.Context, c Console, cfg *Config, _ []string) (err error) {
	began := time.Now()
	log, err := telemetry.NewLog(c.Stderr, cfg.Log)
	if err != nil {
		return err
	}
	defer log.Close()
	registry := telemetry.NewRegistry()
	e, err := engine.Open(ctx, cfg.engineOptions(log, registry))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	log.Info("ready", "data", cfg.Data, "seconds", time.Since(began).Seconds())
	<-ctx.Done()
	log.Info("stopping")
	return nil
}

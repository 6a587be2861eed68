package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
	"quintet/engine/config"
	"quintet/engine/telemetry"
	"quintet/gateway"
	"quintet/imaging"
	"quintet/scheduler"
	"quintet/search"
	"quintet/search/embed"
	"quintet/stream"
	"quintet/web"
)

// server is everything that runs.
type server struct {
	config   *Config
	log      *telemetry.Log
	registry *prometheus.Registry

	web       *web.Server
	engine    *engine.Engine
	search    *search.Service
	stream    *stream.Streams
	gateway   *gateway.Gateway
	scheduler *scheduler.Scheduler
	imaging   *imaging.Images
	running   *engine.Group
	demo      *demo
}

// serve runs the server until ctx ends or it can no longer accept connections.
func serve(ctx context.Context, c Terminal, cfg *Config, _ []string) (err error) {
	began := time.Now()
	log, err := telemetry.NewLog(c.Stderr, cfg.Log)
	if err != nil {
		return err
	}
	defer log.Close()
	go tuneCollector(ctx)
	s := &server{config: cfg, log: log, registry: telemetry.NewRegistry(), running: engine.NewGroup(log.Logger)}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.start(ctx); err != nil {
		return err
	}
	s.printConsoleLink(ctx, c.Stderr)
	log.Info("ready", "url", "http://"+s.web.Addr().String(), "data", cfg.Data, "seconds", time.Since(began).Seconds())
	for {
		select {
		case <-ctx.Done():
			log.Info("stopping")
			return nil
		case err := <-s.web.Failed():
			return err
		case <-c.Reload:
			s.reload()
		}
	}
}

// reload reads the configuration again and takes over what may change while
// the server runs. A faulty one changes nothing.
func (s *server) reload() {
	next, err := loadConfig(s.config.input)
	if err != nil {
		s.log.Warn("the configuration was not reloaded; mend it and send SIGHUP again", "error", err)
		return
	}
	merged := *s.config
	changes, err := config.Reload(&merged, next)
	if err == nil {
		err = s.log.Reload(merged.Log)
	}
	if err != nil {
		s.log.Warn("the configuration was not reloaded", "error", err)
		return
	}
	s.config = &merged
	s.log.Info("configuration reloaded", "applied", changes.Applied, "need_restart", changes.NeedRestart)
}

// start brings everything up, from the ground floor to the door. The door is
// open early: until all is up it answers that the server is starting.
func (s *server) start(ctx context.Context) error {
	cfg := s.config
	firstRun, err := isEmpty(cfg.Data)
	if err != nil {
		return err
	}
	s.web = web.New(web.Options{
		Listen: cfg.Listen, Version: Version(), Log: s.log.Logger, AccessLog: s.log.Unlimited(), Registry: s.registry,
		SecureCookies: strings.HasPrefix(cfg.PublicURL, "https://"),
	})
	if err := s.web.Listen(); err != nil {
		return err
	}
	demo := firstRun && isLoopback(s.web.Addr()) && cfg.loaded.File == ""
	if firstRun {
		if err := gateway.WriteKeyFiles(cfg.Data, demo); err != nil {
			return err
		}
	}
	if s.engine, err = engine.Open(ctx, cfg.engineOptions(s.log, s.registry)); err != nil {
		return err
	}
	if err := s.furnish(); err != nil {
		return err
	}
	if err := s.ensureKeys(ctx, demo); err != nil {
		return err
	}
	if err := s.running.Start(ctx, s.gateway, s.stream, s.scheduler, s.search, s.imaging); err != nil {
		return err
	}
	if s.demo != nil {
		s.demo.start(ctx)
	}
	return s.open(ctx)
}

// furnish makes the capabilities. They serve nothing before they start.
func (s *server) furnish() error {
	model, err := embed.Open()
	if err != nil {
		return err
	}
	s.log.Info("embedding model", "name", embed.Name, "kernel", model.Kernel())
	options := s.config.Search.Options()
	options.Embedder = model
	s.search = search.New(s.engine, options)
	s.stream = stream.New(s.engine, s.config.Stream)
	s.gateway = gateway.New(s.engine, gateway.Options{PublicURL: s.config.publicURL(s.web.Addr())})
	s.scheduler = scheduler.New(s.engine, s.config.Scheduler.Options())
	s.imaging = imaging.New(s.engine, s.config.Imaging)
	return nil
}

// open mounts the routes and lets requests in.
func (s *server) open(ctx context.Context) error {
	s.web.OnShutdown(s.stream.Goodbye)
	s.web.OnShutdown(s.scheduler.Goodbye)
	err := s.web.Mount(web.House{
		Bus: s.engine.Bus, Authenticator: s.gateway, Limiter: s.gateway, Backup: s.engine, Sessions: s.gateway,
		Checks: []web.Check{
			{Name: "engine", Ask: func(context.Context) error { return s.engine.Failed() }},
		},
		Transactions: s.transactions(),
		Capabilities: []web.Capability{s.search, s.stream, s.gateway, s.scheduler, s.imaging},
	})
	if err != nil {
		return err
	}
	return s.running.Start(ctx, s.web)
}

// stop takes everything down again, the door first. The engine is closed
// properly even when the steps before it run out of time.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.ShutdownTimeout)
	defer cancel()
	var errs []error
	if s.demo != nil {
		s.demo.stop()
	}
	errs = append(errs, s.running.Stop(ctx))
	if s.web != nil {
		errs = append(errs, s.web.Stop(ctx)) // does nothing where the group has stopped it
	}
	if s.engine != nil {
		began := time.Now()
		errs = append(errs, s.engine.Close())
		s.log.Info("stopped", "service", "engine", "seconds", time.Since(began).Seconds())
	}
	return errors.Join(errs...)
}

// ensureKeys makes the admin key, and on a developer's first run the demo. The
// demo's keys are public knowledge to whoever reads its folder, so with it no
// address but loopback is bound.
func (s *server) ensureKeys(ctx context.Context, demo bool) error {
	if err := s.gateway.EnsureAdminKey(ctx, s.config.Data); err != nil {
		return err
	}
	pending, err := s.gateway.DemoPending(ctx, s.config.Data)
	if err != nil {
		return err
	}
	if demo || pending {
		if err := s.gateway.SeedDemo(ctx, s.config.Data); err != nil {
			return err
		}
	}
	t, err := s.engine.Tenants.Lookup(gateway.DemoTenant)
	if errors.Is(err, engine.ErrTenantGone) {
		return nil
	}
	if err != nil {
		return err
	}
	if !isLoopback(s.web.Addr()) {
		return fmt.Errorf("%s is not a loopback address, and the demo tenant exists: run first: quintet demo remove", s.config.Listen)
	}
	s.demo = newDemo(s, t)
	return nil
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// isEmpty reports whether a folder has nothing in it, or is not there.
func isEmpty(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	return len(entries) == 0, err
}

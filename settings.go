package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
	"quintet/engine/config"
	"quintet/engine/telemetry"
	"quintet/imaging"
	"quintet/scheduler"
	"quintet/search"
	"quintet/stream"
)

// Config is every setting of the program. docs/configuration.md is made of
// its tags.
type Config struct {
	Listen          string              `name:"listen" default:"127.0.0.1:8080" doc:"Address and port to serve on. An address that is not loopback is refused while the demo tenant exists; see the command demo remove."`
	Data            string              `name:"data" default:"data" doc:"The data folder. It is made with mode 0700 when missing. One process at a time may use it."`
	MasterKey       config.Secret       `name:"master-key" doc:"Wraps the keyring of the data folder, so that the folder alone opens nothing. At least 32 characters, given as file:/path or env:NAME. Without it the ring key stands in the keyring file. It must be given at the first start and ever after."`
	PublicURL       string              `name:"public-url" doc:"The URL that clients reach the server by; issuer and audience of the tokens that it gives out. Without it: http:// and the listen address."`
	DemoTraffic     string              `name:"demo-traffic" default:"on" doc:"Whether the demo tenant, where there is one, gets a few events and jobs now and then: on or off. See also the command demo remove."`
	RevokeKeys      bool                `name:"revoke-keys" doc:"For the command restore: revoke every API key and client that the backup holds. The next start writes a new admin.key."`
	ShutdownTimeout time.Duration       `name:"shutdown-timeout" default:"20s" doc:"How long a stop waits for requests and jobs in progress. The store is closed properly even when they run out of it."`
	Log             telemetry.LogConfig `name:"log" doc:"Log lines on standard error."`
	Stream          stream.Config       `name:"stream" doc:"PulseStream: limits of the event streams."`
	Search          search.Config       `name:"search" doc:"NeuroSearch: segments and slow searches."`
	Scheduler       scheduler.Config    `name:"scheduler" doc:"ChronosDistribute: how long ended jobs are kept."`
	Imaging         imaging.Config      `name:"imaging" doc:"EdgeLens: limits of images, and memory for them."`

	input  config.Input // where the settings came from
	loaded *config.Loaded
}

// loadConfig reads and checks every setting.
func loadConfig(in config.Input) (*Config, error) {
	cfg := &Config{}
	loaded, err := config.Load(cfg, in)
	cfg.input, cfg.loaded = in, loaded
	return cfg, err
}

// Validate reports what the kinds of the settings allow and the program does not.
func (c *Config) Validate() (problems []config.Problem) {
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" {
		problems = append(problems, config.Problem{Field: "listen", Problem: "is not an address and a port", Hint: "such as 127.0.0.1:8080, or :8080 for every address"})
	}
	if c.MasterKey.IsSet() && len(c.MasterKey.Reveal()) < 32 {
		problems = append(problems, config.Problem{Field: "master-key", Problem: "has fewer than 32 characters", Hint: "make one with: openssl rand -hex 32"})
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.TrimSuffix(u.Path, "/") != "" {
			problems = append(problems, config.Problem{Field: "public-url", Problem: "is not the URL of a server", Hint: "such as https://quintet.example.com"})
		}
	}
	if c.DemoTraffic != "on" && c.DemoTraffic != "off" {
		problems = append(problems, config.Problem{Field: "demo-traffic", Problem: "is neither on nor off"})
	}
	if c.ShutdownTimeout <= 0 {
		problems = append(problems, config.Problem{Field: "shutdown-timeout", Problem: "is not a positive duration", Hint: "such as 20s"})
	}
	return problems
}

// publicURL is the setting, or the address that the server listens on.
func (c *Config) publicURL(listening net.Addr) string {
	if c.PublicURL != "" {
		return strings.TrimSuffix(c.PublicURL, "/")
	}
	return "http://" + listening.String()
}

// engineOptions turns the settings into the engine's.
func (c *Config) engineOptions(log *telemetry.Log, registry prometheus.Registerer) engine.Options {
	o := engine.Options{Dir: c.Data, Log: log.Logger, Registerer: registry}
	if c.MasterKey.IsSet() {
		o.MasterKey = []byte(c.MasterKey.Reveal())
	}
	return o
}

// offlineSegment is the length of a file of the log that a command may make: it
// appends little, and must do so on a disk that is nearly full.
const offlineSegment = 64 << 10

// openEngine opens the data folder for a command that does not serve.
func (c *Config) openEngine(ctx context.Context, stderr io.Writer) (*engine.Engine, error) {
	log, err := telemetry.NewLog(stderr, c.Log)
	if err != nil {
		return nil, err
	}
	o := c.engineOptions(log, nil)
	o.SegmentBytes = offlineSegment
	e, err := engine.Open(ctx, o)
	if errors.Is(err, engine.ErrLocked) {
		return nil, errors.Join(err, errors.New("stop the server first"))
	}
	return e, err
}

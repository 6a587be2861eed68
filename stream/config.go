package stream

import (
	"time"

	"quintet/engine/config"
)

// Config bounds what the streams may use. The zero value of each setting means
// its default.
type Config struct {
	InFlight          config.Size   `name:"in-flight" default:"64MiB" doc:"Bytes of event bodies, and of what is counted from them, that may be in memory at once on their way to the disk. Beyond it, events are answered 429 before their body is read. The process needs about three times as much."`
	InFlightTenant    config.Size   `name:"in-flight-tenant" default:"32MiB" doc:"The share of in-flight that one tenant may use."`
	Memory            config.Size   `name:"memory" default:"256MiB" doc:"Bytes of all windows in memory. Beyond it the largest stream keeps fewer of them, and queries read the rest from the log."`
	Window            time.Duration `name:"window" default:"1h" doc:"How far back each stream keeps its windows of one second in memory. A start reads that much of the log."`
	Series            int           `name:"series" default:"10000" doc:"Series that one stream may have in its windows. Further combinations of dimension values are counted together."`
	SeriesTenant      int           `name:"series-tenant" default:"50000" doc:"Series that all streams of one tenant may have together."`
	Streams           int           `name:"streams" default:"1000" doc:"Streams that one tenant may define."`
	Subscribers       int           `name:"subscribers" default:"10000" doc:"Live connections at once."`
	SubscribersTenant int           `name:"subscribers-tenant" default:"5000" doc:"Live connections of one tenant."`
}

// Limits that are not settings.
const (
	maxEventBytes  = 64 << 10
	maxEvents      = 10_000 // of one request, as of every bulk body
	maxAhead       = 10 * time.Minute
	maxDimensions  = 16
	maxMeasures    = 16
	maxDimension   = 256 // bytes of one value
	maxMembers     = 256 // of one event
	defaultRaw     = 7 * 24 * time.Hour
	shortestRaw    = 24 * time.Hour
	longestRaw     = 10 * 365 * 24 * time.Hour
	maxFeeds       = 64   // different live queries of one stream
	maxFrameSeries = 1000 // in one live frame
)

// Validate reports windows that queries could not be answered with.
func (c *Config) Validate() (problems []config.Problem) {
	if c.Window != 0 && (c.Window < time.Minute || c.Window > 6*time.Hour || c.Window%time.Second != 0) {
		problems = append(problems, config.Problem{Field: "window", Problem: "is not whole seconds from 1m to 6h", Hint: "such as 1h"})
	}
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"series", int64(c.Series)}, {"series-tenant", int64(c.SeriesTenant)}, {"streams", int64(c.Streams)},
		{"subscribers", int64(c.Subscribers)}, {"subscribers-tenant", int64(c.SubscribersTenant)},
	} {
		if limit.value < 0 {
			problems = append(problems, config.Problem{Field: limit.name, Problem: "is negative", Hint: "0 means the default"})
		}
	}
	return problems
}

func (c Config) withDefaults() Config {
	c.InFlight = or(c.InFlight, 64<<20)
	c.InFlightTenant = or(c.InFlightTenant, 32<<20)
	c.Memory = or(c.Memory, 256<<20)
	c.Window = or(c.Window, time.Hour)
	c.Series = or(c.Series, 10_000)
	c.SeriesTenant = or(c.SeriesTenant, 50_000)
	c.Streams = or(c.Streams, 1000)
	c.Subscribers = or(c.Subscribers, 10_000)
	c.SubscribersTenant = or(c.SubscribersTenant, 5000)
	return c
}

func or[T int | config.Size | time.Duration](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

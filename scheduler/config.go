package scheduler

import (
	"time"

	"quintet/engine/config"
)

// Config is what a server may set about jobs that have ended.
type Config struct {
	Keep     time.Duration `name:"keep" default:"24h" doc:"How long done and cancelled jobs are kept, where the job does not say."`
	KeepDead time.Duration `name:"keep-dead" default:"336h" doc:"How long dead letters are kept, where the job does not say."`
	KeepMost int           `name:"keep-most" default:"100000" doc:"Jobs that have ended and are kept in one queue. Beyond it the oldest are removed before their time, dead letters last."`
}

// Validate reports what would remove jobs at once.
func (c *Config) Validate() (problems []config.Problem) {
	for _, f := range []struct {
		name string
		span time.Duration
	}{{"keep", c.Keep}, {"keep-dead", c.KeepDead}} {
		if f.span < time.Second || f.span > maxRetention {
			problems = append(problems, config.Problem{Field: f.name, Problem: "is not from 1s to 366 days", Hint: "such as 24h"})
		}
	}
	if c.KeepMost < 1 {
		problems = append(problems, config.Problem{Field: "keep-most", Problem: "is not a positive number", Hint: "such as 100000"})
	}
	return problems
}

// Options are the options that the settings make; the rest is default.
func (c *Config) Options() Options {
	return Options{Keep: c.Keep, KeepDead: c.KeepDead, MaxFinished: c.KeepMost}
}

package search

import (
	"time"

	"quintet/engine/config"
)

// Config is what a server may set about searches.
type Config struct {
	Slow       time.Duration `name:"slow" default:"500ms" doc:"A search that takes longer is kept in its collection's list of slow searches, and logged, at most once a second."`
	FlushRows  int           `name:"flush-rows" default:"5000" doc:"So many documents are indexed in memory before they become a segment."`
	FlushAfter time.Duration `name:"flush-after" default:"30s" doc:"And for so long at most. What no segment has is indexed again after a start."`
	Memory     config.Size   `name:"memory" default:"4GiB" doc:"What the indexes of all collections take in memory, about. Beyond it those that were not used for the longest time are put away until they are used again; when none can be, no document is stored and no index loaded."`
}

// Validate reports what would write a segment for every document, or none.
func (c *Config) Validate() (problems []config.Problem) {
	if c.Slow < time.Millisecond {
		problems = append(problems, config.Problem{Field: "slow", Problem: "is below 1ms", Hint: "such as 500ms"})
	}
	if c.FlushRows < 100 || c.FlushRows > 100_000 {
		problems = append(problems, config.Problem{Field: "flush-rows", Problem: "is not from 100 to 100,000", Hint: "such as 5000"})
	}
	if c.FlushAfter < time.Second || c.FlushAfter > time.Hour {
		problems = append(problems, config.Problem{Field: "flush-after", Problem: "is not from 1s to 1h", Hint: "such as 30s"})
	}
	if c.Memory < 64<<20 {
		problems = append(problems, config.Problem{Field: "memory", Problem: "is below 64MiB", Hint: "such as 4GiB"})
	}
	return problems
}

// Options are the options that the settings make; the rest is default.
func (c *Config) Options() Options {
	return Options{SlowSearch: c.Slow, FlushRows: c.FlushRows, FlushAfter: c.FlushAfter, Memory: int64(c.Memory)}
}

package telemetry

import (
	"fmt"
	"log/slog"
	"strings"

	"quintet/engine/config"
)

// LogConfig says what is logged and how. The zero value logs from INFO up, as
// text on a terminal and JSON elsewhere, without a rate limit.
type LogConfig struct {
	Format string     `name:"format" default:"auto" doc:"Form of the log lines on stderr: json, text, or auto, which is text on a terminal and JSON elsewhere."`
	Level  slog.Level `name:"level" default:"INFO" reload:"true" doc:"Level from which lines are logged: DEBUG, INFO, WARN or ERROR. See also log.levels, which sets it for one capability."`
	Levels []string   `name:"levels" reload:"true" doc:"Levels of single capabilities, such as stream=DEBUG,gateway=WARN. The others follow log.level."`
	Burst  int        `name:"burst" default:"100" doc:"Lines that one line of source may log in 10 seconds. The rest are dropped, and one line then says how many. 0 means no limit. The access log is exempt."`
}

// Formats of a log line.
const (
	formatAuto = "auto"
	formatJSON = "json"
	formatText = "text"
)

// Validate lists what is wrong.
func (c *LogConfig) Validate() []config.Problem {
	var problems []config.Problem
	switch c.Format {
	case "", formatAuto, formatJSON, formatText:
	default:
		problems = append(problems, config.Problem{Field: "format", Problem: "is not a log format", Hint: "write auto, json or text"})
	}
	if _, err := parseLevels(c.Levels); err != nil {
		problems = append(problems, config.Problem{Field: "levels", Problem: err.Error(), Hint: "write stream=DEBUG,gateway=WARN"})
	}
	if c.Burst < 0 {
		problems = append(problems, config.Problem{Field: "burst", Problem: "is negative", Hint: "0 means no limit"})
	}
	return problems
}

// parseLevels reads items such as stream=DEBUG.
func parseLevels(items []string) (map[string]slog.Level, error) {
	levels := make(map[string]slog.Level, len(items))
	for _, item := range items {
		name, text, ok := strings.Cut(item, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not capability=level", item)
		}
		if _, twice := levels[name]; twice {
			return nil, fmt.Errorf("the capability %q stands twice", name)
		}
		var level slog.Level
		if err := level.UnmarshalText([]byte(text)); err != nil {
			return nil, fmt.Errorf("%q is not a level", text)
		}
		levels[name] = level
	}
	return levels, nil
}

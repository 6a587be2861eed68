package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
)

// Log writes the server's log. All loggers derived from it share its levels and
// its rate limit. It is safe for concurrent use.
//
// A package says which capability it is by its logger, once:
//
//	logger := log.With("capability", "stream")
type Log struct {
	*slog.Logger
	unlimited *slog.Logger
	levels    *levels
	limiter   *limiter
}

// NewLog writes to w, one Write per line. The error names the first problem of
// c; a LogConfig that config.Load accepted has none.
func NewLog(w io.Writer, c LogConfig) (*Log, error) {
	l := &Log{levels: &levels{}}
	if err := l.Reload(c); err != nil {
		return nil, err
	}
	lines := lineHandler(w, c.Format)
	l.limiter = newLimiter(c.Burst, lines)
	l.Logger = slog.New(&handler{lines: lines, levels: l.levels, limiter: l.limiter})
	l.unlimited = slog.New(&handler{lines: lines, levels: l.levels})
	return l, nil
}

// Unlimited is the logger without the rate limit, for the access log, whose
// lines all come from one line of source.
func (l *Log) Unlimited() *slog.Logger { return l.unlimited }

// Reload takes over the levels of c. Format and Burst stay as they were.
func (l *Log) Reload(c LogConfig) error {
	for _, p := range c.Validate() {
		return fmt.Errorf("telemetry: log %s: %s: %s", p.Field, p.Problem, p.Hint)
	}
	perCapability, err := parseLevels(c.Levels)
	if err != nil {
		return err
	}
	l.levels.table.Store(&levelTable{base: c.Level, perCapability: perCapability})
	return nil
}

// Close writes the counts of lines that the rate limit still holds back. Lines
// logged later are written as before. It never fails; w stays open.
func (l *Log) Close() { l.limiter.flush() }

// lineHandler writes every record that reaches it: levels are decided before.
func lineHandler(w io.Writer, format string) slog.Handler {
	options := &slog.HandlerOptions{Level: slog.Level(-1 << 31)}
	if format == formatText || format != formatJSON && isTerminal(w) {
		return slog.NewTextHandler(w, options)
	}
	return slog.NewJSONHandler(w, options)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// levels is the table of levels in force.
type levels struct {
	table atomic.Pointer[levelTable]
}

type levelTable struct {
	base          slog.Level
	perCapability map[string]slog.Level
}

func (l *levels) of(capability string) slog.Level {
	t := l.table.Load()
	if level, ok := t.perCapability[capability]; ok {
		return level
	}
	return t.base
}

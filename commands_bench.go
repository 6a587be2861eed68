package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"quintet/engine/config"
)

// benchSettings are the flags of the command bench. They are none of the
// server's, which the command starts itself.
type benchSettings struct {
	JSON    bool     `name:"json" doc:"Print one JSON object instead of a table."`
	Seconds float64  `name:"seconds" default:"4" doc:"How long each load runs."`
	Jobs    int      `name:"jobs" default:"1000000" doc:"How many jobs wait while lists are read and the server restarts; a tenth of them is purged."`
	Only    []string `name:"only" doc:"The measures to take, such as enqueue,life-cycle. All of them if empty."`
	Folder  string   `name:"folder" doc:"Where the temporary data folder is made: on the disk to measure. The system's folder for temporary files if empty."`
}

func (s *benchSettings) Validate() (problems []config.Problem) {
	if s.Seconds <= 0 || s.Seconds > 600 {
		problems = append(problems, config.Problem{Field: "seconds", Problem: "is not between 0 and 600"})
	}
	if s.Jobs < 100 || s.Jobs > 100_000_000 {
		problems = append(problems, config.Problem{Field: "jobs", Problem: "is not between 100 and 100,000,000"})
	}
	for _, name := range s.Only {
		if !slices.Contains(benchMeasureNames(), name) {
			problems = append(problems, config.Problem{Field: "only", Problem: fmt.Sprintf("there is no measure %q", name), Hint: "one of " + strings.Join(benchMeasureNames(), ", ")})
		}
	}
	return problems
}

func (s *benchSettings) time() time.Duration { return time.Duration(s.Seconds * float64(time.Second)) }

// benchmark measures one capability over HTTP, through a server of its own in
// a temporary folder.
func benchmark(ctx context.Context, c Terminal, _ *Config, args []string) error {
	var settings benchSettings
	loaded, err := config.Load(&settings, config.Input{Args: args, MaxArgs: 1})
	if errors.Is(err, config.ErrHelp) {
		fmt.Fprint(c.Stderr, "usage: quintet bench scheduler [flags]\n\nflags:\n")
		return config.Usage(c.Stderr, &settings)
	}
	if err != nil {
		return err
	}
	if len(loaded.Args) != 1 || loaded.Args[0] != "scheduler" {
		return fmt.Errorf("scheduler is what can be measured: %w", errUsage)
	}
	b := &bench{settings: settings, terminal: c}
	err = b.run(ctx)
	if b.report == nil {
		return err
	}
	write := b.report.writeTable
	if settings.JSON {
		write = b.report.writeJSON
	}
	return errors.Join(err, write(c.Stdout))
}

// bench is one run of the command.
type bench struct {
	settings benchSettings
	terminal Terminal
	dir      string       // below it everything of the run
	server   *benchServer // of the measure that runs
	report   *benchReport
	measure  *benchMeasure // of the report, that runs
}

// run takes each measure on a fresh server, so that none pays for what another
// left behind. A measure that fails stands in the report, and the others run.
func (b *bench) run(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp(b.settings.Folder, "quintet-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	before, err := syncP50(b.dir)
	if err != nil {
		return err
	}
	report := &benchReport{Machine: thisMachine(), Seconds: b.settings.Seconds, Jobs: b.settings.Jobs, PayloadBytes: benchPayload}
	report.Machine.SyncBefore = milliseconds(before)
	var errs []error
	b.report = report
	for _, m := range benchMeasures() {
		if len(b.settings.Only) > 0 && !slices.Contains(b.settings.Only, m.name) {
			continue
		}
		fmt.Fprintf(b.terminal.Stderr, "%s: %s\n", m.name, m.title)
		b.measure = &benchMeasure{Name: m.name, Title: m.title, Figures: []benchFigure{}}
		if err := b.onServer(ctx, m.run); err != nil {
			b.measure.NotMeasured = err.Error()
			errs = append(errs, fmt.Errorf("%s: %w", m.name, err))
		}
		report.Measures = append(report.Measures, b.measure)
		if ctx.Err() != nil {
			break
		}
	}
	after, err := syncP50(b.dir)
	report.Machine.SyncAfter = milliseconds(after)
	report.judge()
	return errors.Join(append(errs, err)...)
}

// onServer runs one measure between start and stop of a server.
func (b *bench) onServer(ctx context.Context, run func(context.Context, *bench) error) (err error) {
	if b.server, err = newBenchServer(ctx, b.terminal.Environ, b.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.server.remove()) }()
	return run(ctx, b)
}

func (r *benchReport) writeJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

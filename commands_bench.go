package main

import (
	"context"
	"errors"
	"fmt"
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
	Runs    int      `name:"runs" default:"1" doc:"How often each measure is taken, on a fresh server each time. The median of three is what a bar is held to."`
	Jobs    int      `name:"jobs" default:"1000000" doc:"How many jobs wait while lists are read and the server restarts; a tenth of them is purged."`
	Delayed int      `name:"delayed" default:"0" doc:"How many jobs wait for their time while the server restarts. It is not measured without a number."`
	Only    []string `name:"only" doc:"The measures to take, such as enqueue,life-cycle. All of them if empty."`
	Folder  string   `name:"folder" doc:"Where the temporary data folder is made: on the disk to measure. The system's folder for temporary files if empty."`
}

func (s *benchSettings) Validate() (problems []config.Problem) {
	if s.Seconds <= 0 || s.Seconds > 600 {
		problems = append(problems, config.Problem{Field: "seconds", Problem: "is not between 0 and 600"})
	}
	if s.Runs < 1 || s.Runs > 100 {
		problems = append(problems, config.Problem{Field: "runs", Problem: "is not between 1 and 100"})
	}
	if s.Jobs < 100 || s.Jobs > 100_000_000 {
		problems = append(problems, config.Problem{Field: "jobs", Problem: "is not between 100 and 100,000,000"})
	}
	if s.Delayed != 0 && (s.Delayed < 100 || s.Delayed > 100_000_000) {
		problems = append(problems, config.Problem{Field: "delayed", Problem: "is not between 100 and 100,000,000"})
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

// run takes each measure on fresh servers, so that none pays for what another
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
	b.report = &benchReport{Machine: thisMachine(), Seconds: b.settings.Seconds, Runs: b.settings.Runs, Jobs: b.settings.Jobs, PayloadBytes: benchPayload, Measures: []*benchMeasure{}}
	b.report.Machine.SyncBefore = milliseconds(before)
	var errs []error
	for _, m := range benchMeasures() {
		if ctx.Err() != nil || len(b.settings.Only) > 0 && !slices.Contains(b.settings.Only, m.name) {
			continue
		}
		measure, err := b.take(ctx, m)
		b.report.Measures = append(b.report.Measures, measure)
		errs = append(errs, err)
	}
	after, err := syncP50(b.dir)
	b.report.Machine.SyncAfter = milliseconds(after)
	b.report.judge()
	return errors.Join(append(errs, err, ctx.Err())...)
}

// take runs one measure as often as it is asked to.
func (b *bench) take(ctx context.Context, m benchPlan) (*benchMeasure, error) {
	var runs []*benchMeasure
	for i := range b.settings.Runs {
		fmt.Fprintf(b.terminal.Stderr, "%s, %d of %d: %s\n", m.name, i+1, b.settings.Runs, m.title)
		b.measure = &benchMeasure{Name: m.name, Title: m.title, Figures: []benchFigure{}}
		if err := b.onServer(ctx, m.run); err != nil {
			b.measure.NotMeasured = err.Error()
			return b.measure, fmt.Errorf("%s: %w", m.name, err)
		}
		runs = append(runs, b.measure)
	}
	return medianOf(runs), nil
}

// onServer runs one measure between start and stop of a server.
func (b *bench) onServer(ctx context.Context, run func(context.Context, *bench) error) (err error) {
	if b.server, err = newBenchServer(ctx, b.terminal.Environ, b.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.server.remove()) }()
	return run(ctx, b)
}

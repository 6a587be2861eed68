package main

import (
	"context"
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
	JSON      bool     `name:"json" doc:"Print one JSON object instead of a table."`
	Seconds   float64  `name:"seconds" default:"4" doc:"How long each load runs."`
	Runs      int      `name:"runs" default:"1" doc:"How often each measure is taken, on a fresh server each time. The median of three is what a bar is held to."`
	Only      []string `name:"only" doc:"The measures to take, such as enqueue,life-cycle. All of them if empty."`
	Folder    string   `name:"folder" doc:"Where the temporary data folder is made: on the disk to measure. The system's folder for temporary files if empty."`
	Jobs      int      `name:"jobs" default:"1000000" doc:"Of the scheduler: how many jobs wait while lists are read and the server restarts; a tenth of them is purged."`
	Delayed   int      `name:"delayed" default:"0" doc:"Of the scheduler: how many jobs wait for their time while the server restarts. It is not measured without a number."`
	Documents int      `name:"documents" default:"100000" doc:"Of search: how many documents are indexed, searched, and there at a restart."`
	Embedded  int      `name:"embedded" default:"2000" doc:"Of search: how many documents of 128 tokens the model embeds while they are indexed."`
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
	if s.Documents < 100 || s.Documents > 10_000_000 {
		problems = append(problems, config.Problem{Field: "documents", Problem: "is not between 100 and 10,000,000"})
	}
	if s.Embedded < 1 || s.Embedded > 1_000_000 {
		problems = append(problems, config.Problem{Field: "embedded", Problem: "is not between 1 and 1,000,000"})
	}
	return problems
}

func (s *benchSettings) time() time.Duration { return time.Duration(s.Seconds * float64(time.Second)) }

// benchSubject is one capability that can be measured.
type benchSubject struct {
	name     string
	measures []benchPlan
	flags    []string // that no other subject has
}

func benchSubjects() []benchSubject {
	return []benchSubject{
		{"scheduler", schedulerMeasures(), []string{"jobs", "delayed"}},
		{"search", searchMeasures(), []string{"documents", "embedded"}},
	}
}

// check refuses what another subject has.
func (s benchSubject) check(settings *benchSettings, sources config.Sources) error {
	var problems []config.Problem
	for _, other := range benchSubjects() {
		for _, flag := range other.flags {
			if other.name != s.name && sources[flag] != "default" {
				problems = append(problems, config.Problem{Field: flag, Source: sources[flag], Problem: "is of bench " + other.name})
			}
		}
	}
	var names []string
	for _, m := range s.measures {
		names = append(names, m.name)
	}
	for _, name := range settings.Only {
		if !slices.Contains(names, name) {
			problems = append(problems, config.Problem{Field: "only", Problem: fmt.Sprintf("there is no measure %q", name), Hint: "one of " + strings.Join(names, ", ")})
		}
	}
	if problems == nil {
		return nil
	}
	return &config.Error{Problems: problems}
}

// benchmark measures one capability over HTTP, through a server of its own in
// a temporary folder, or judges how good search is.
func benchmark(ctx context.Context, c Terminal, _ *Config, args []string) error {
	if len(args) > 0 && args[0] == "relevance" {
		return relevance(ctx, c, args[1:])
	}
	var settings benchSettings
	loaded, err := config.Load(&settings, config.Input{Args: args, MaxArgs: 1})
	if errors.Is(err, config.ErrHelp) {
		return benchUsage(c.Stderr)
	}
	if err != nil {
		return err
	}
	all := benchSubjects()
	i := slices.IndexFunc(all, func(s benchSubject) bool { return len(loaded.Args) == 1 && loaded.Args[0] == s.name })
	if i < 0 {
		return fmt.Errorf("scheduler, search and relevance are what can be measured: %w", errUsage)
	}
	if err := all[i].check(&settings, loaded.Sources); err != nil {
		return err
	}
	b := &bench{settings: settings, terminal: c}
	err = b.run(ctx, all[i])
	if b.report == nil {
		return err
	}
	write := b.report.writeTable
	if settings.JSON {
		write = b.report.writeJSON
	}
	return errors.Join(err, write(c.Stdout))
}

func benchUsage(out io.Writer) error {
	fmt.Fprint(out, "usage: quintet bench scheduler|search [flags]\n\nflags:\n")
	if err := config.Usage(out, &benchSettings{}); err != nil {
		return err
	}
	fmt.Fprint(out, "\nusage: quintet bench relevance [flags]\n\nflags:\n")
	return config.Usage(out, &relevanceSettings{})
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
func (b *bench) run(ctx context.Context, subject benchSubject) (err error) {
	if b.dir, err = os.MkdirTemp(b.settings.Folder, "quintet-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	before, err := syncP50(b.dir)
	if err != nil {
		return err
	}
	b.report = &benchReport{Machine: thisMachine(), Seconds: b.settings.Seconds, Runs: b.settings.Runs, Measures: []*benchMeasure{}}
	if subject.name == "search" {
		b.report.Documents, b.report.Embedded = b.settings.Documents, b.settings.Embedded
	} else {
		b.report.Jobs, b.report.PayloadBytes = b.settings.Jobs, benchPayload
	}
	b.report.Machine.SyncBefore = milliseconds(before)
	var errs []error
	for _, m := range subject.measures {
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

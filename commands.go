package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"quintet/engine"
	"quintet/engine/config"
)

// Console is what a command reads and writes, so that tests run the real one.
type Console struct {
	Args           []string
	Environ        []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Exit codes: 0 done, 1 it failed, 2 the call or the configuration is wrong.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

// command is one sub-command. Arguments beyond args are refused.
type command struct {
	name, args, help string
	run              func(ctx context.Context, c Console, cfg *Config, args []string) error
}

func commands() []command {
	return []command{
		{"serve", "", "run the server (the default)", serve},
		{"check", "", "verify everything in the data folder; no server may be using it", check},
		{"backup", "FILE", "write a backup of the data folder to FILE, or to standard output for -", backup},
		{"restore", "FILE", "fill an empty data folder from a backup", restore},
		{"config", "print|check|docs", "show the configuration as it takes effect, check it, or document it", showConfig},
		{"version", "", "print the version", version},
	}
}

// Main runs one command and returns the exit code.
func Main(ctx context.Context, c Console) int {
	name := "serve"
	if len(c.Args) > 0 && !strings.HasPrefix(c.Args[0], "-") {
		name, c.Args = c.Args[0], c.Args[1:]
	}
	all := commands()
	i := slices.IndexFunc(all, func(cmd command) bool { return cmd.name == name })
	if i < 0 {
		usage(c, all)
		if name == "help" {
			return exitOK
		}
		fmt.Fprintf(c.Stderr, "\nquintet: there is no command %q\n", name)
		return exitUsage
	}
	var cfg Config
	loaded, err := config.Load(&cfg, config.Input{
		Args: c.Args, Environ: c.Environ, MaxArgs: len(strings.Fields(all[i].args)),
		OtherEnv: []string{"QUINTET_LONG", "QUINTET_IR", "QUINTET_SEED", "QUINTET_SEEDS", "QUINTET_KILLS"},
	})
	if errors.Is(err, config.ErrHelp) {
		usage(c, all)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(c.Stderr, "quintet: %v\n", err)
		return exitUsage
	}
	cfg.loaded = loaded
	if len(loaded.Args) < len(strings.Fields(all[i].args)) {
		fmt.Fprintf(c.Stderr, "quintet %s: %s is missing\n", name, all[i].args)
		return exitUsage
	}
	return exitCode(c, name, all[i].run(ctx, c, &cfg, loaded.Args))
}

func exitCode(c Console, name string, err error) int {
	var wrong *config.Error
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &wrong), errors.Is(err, errUsage):
		fmt.Fprintf(c.Stderr, "quintet %s: %v\n", name, err)
		return exitUsage
	}
	fmt.Fprintf(c.Stderr, "quintet %s: %v\n", name, err)
	return exitFailed
}

// errUsage marks a failure that the caller mends by another call: exit code 2.
var errUsage = errors.New("see quintet help")

func usage(c Console, all []command) {
	fmt.Fprint(c.Stderr, "usage: quintet [command] [flags]\n\ncommands:\n")
	for _, cmd := range all {
		fmt.Fprintf(c.Stderr, "  %-24s %s\n", strings.TrimSpace(cmd.name+" "+cmd.args), cmd.help)
	}
	fmt.Fprint(c.Stderr, "\nflags:\n")
	if err := config.Usage(c.Stderr, &Config{}); err != nil {
		fmt.Fprintln(c.Stderr, err)
	}
}

// check verifies the folder offline and lists what is wrong.
func check(ctx context.Context, c Console, cfg *Config, _ []string) (err error) {
	e, err := cfg.openEngine(ctx, c.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	problems, err := e.Check(ctx, progressOn(c.Stderr))
	if err != nil {
		return err
	}
	for _, p := range problems {
		fmt.Fprintln(c.Stdout, p)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%d problems in %s", len(problems), cfg.Data)
	}
	fmt.Fprintf(c.Stdout, "%s is sound\n", cfg.Data)
	return nil
}

func backup(ctx context.Context, c Console, cfg *Config, args []string) (err error) {
	e, err := cfg.openEngine(ctx, c.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if args[0] == "-" {
		return e.Backup(ctx, c.Stdout, progressOn(c.Stderr))
	}
	f, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(e.Backup(ctx, f, progressOn(c.Stderr)), f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(args[0]))
	}
	fmt.Fprintf(c.Stderr, "%s holds everything, and the keys that open it: keep it as safe as the data\n", args[0])
	return nil
}

func restore(ctx context.Context, c Console, cfg *Config, args []string) (err error) {
	in := c.Stdin
	if args[0] != "-" {
		f, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	if err := engine.Restore(ctx, cfg.Data, in, progressOn(c.Stderr)); err != nil {
		return err
	}
	e, err := cfg.openEngine(ctx, c.Stderr) // raises the counters
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	fmt.Fprintf(c.Stdout, "%s is restored; these tenants live again:\n", cfg.Data)
	for _, t := range e.Tenants.List() {
		fmt.Fprintf(c.Stdout, "  %s\n", t.Name())
	}
	return nil
}

func showConfig(_ context.Context, c Console, cfg *Config, args []string) error {
	switch args[0] {
	case "print":
		return config.Print(c.Stdout, cfg, cfg.loaded.Sources)
	case "check": // Load has found no problem
		fmt.Fprintln(c.Stdout, "the configuration is valid")
		return nil
	case "docs":
		return config.Docs(c.Stdout, &Config{})
	}
	return fmt.Errorf("%q is not print, check or docs: %w", args[0], errUsage)
}

func version(_ context.Context, c Console, _ *Config, _ []string) error {
	_, err := fmt.Fprintf(c.Stdout, "quintet %s %s %s/%s\n", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// Version is the module's version, or the commit that the binary was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// progressOn prints at most one line a second for what takes longer.
func progressOn(w io.Writer) engine.Progress {
	last := time.Now()
	return func(step string, done, total int64) {
		if time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		if total > 0 {
			fmt.Fprintf(w, "%s: %d of %d (%d %%)\n", step, done, total, done*100/total)
		} else {
			fmt.Fprintf(w, "%s: %d\n", step, done)
		}
	}
}

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

// Terminal is what a command reads and writes, so that tests run the real one.
type Terminal struct {
	Args           []string
	Environ        []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Reload         <-chan os.Signal // each makes a running server read its configuration again
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
	run              func(ctx context.Context, c Terminal, cfg *Config, args []string) error
}

// arity returns how many arguments the command takes. One in brackets may be
// left out, one that ends in … repeated.
func (cmd command) arity() (least, most int) {
	for arg := range strings.FieldsSeq(cmd.args) {
		most++
		if !strings.HasPrefix(arg, "[") {
			least++
		}
		if strings.HasSuffix(arg, "…]") {
			most = 100
		}
	}
	return least, most
}

func commands() []command {
	return []command{
		{"serve", "", "run the server (the default)", serve},
		{"check", "", "verify everything in the data folder; no server may be using it", check},
		{"backup", "FILE", "write a backup to FILE, or to standard output for -; asks the server where one is running", backup},
		{"restore", "FILE", "fill an empty data folder from a backup", restore},
		{"apikey", "TENANT NAME [SCOPE…]", "make an API key, with all of the tenant's scopes if none is given", apikey},
		{"login", "[TENANT]", "print a link that opens the console of demo, or of _platform; asks the server, which must be running", login},
		{"demo", "remove", "delete the tenant demo, its data and its key", removeDemo},
		{"healthcheck", "", "exit 0 if the server is ready", healthcheck},
		{"config", "print|check|docs", "show the configuration as it takes effect, check it, or document it", showConfig},
		{"bench", "scheduler|search|relevance", "measure a server of its own over HTTP, or how well search answers judged queries; its flags: quintet bench --help", benchmark},
		{"version", "", "print the version", version},
	}
}

// Main runs one command and returns the exit code.
func Main(ctx context.Context, c Terminal) int {
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
	if name == "bench" { // its flags are its own: it starts a server and is none
		return exitCode(c, name, benchmark(ctx, c, nil, c.Args))
	}
	least, most := all[i].arity()
	cfg, err := loadConfig(config.Input{
		Args: c.Args, Environ: c.Environ, MaxArgs: most,
		OtherEnv: []string{"QUINTET_LONG", "QUINTET_IR", "QUINTET_SEED", "QUINTET_SEEDS", "QUINTET_KILLS", "QUINTET_BROWSER", "QUINTET_OPENAI", "QUINTET_SCREENSHOTS"},
	})
	if errors.Is(err, config.ErrHelp) {
		usage(c, all)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(c.Stderr, "quintet: %v\n", err)
		return exitUsage
	}
	args := cfg.loaded.Args
	if len(args) < least {
		fmt.Fprintf(c.Stderr, "quintet %s: %s is missing\n", name, all[i].args)
		return exitUsage
	}
	return exitCode(c, name, all[i].run(ctx, c, cfg, args))
}

func exitCode(c Terminal, name string, err error) int {
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

func usage(c Terminal, all []command) {
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
func check(ctx context.Context, c Terminal, cfg *Config, _ []string) (err error) {
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

func showConfig(_ context.Context, c Terminal, cfg *Config, args []string) error {
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

func version(_ context.Context, c Terminal, _ *Config, _ []string) error {
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

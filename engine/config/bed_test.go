package config_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"time"

	"quintet/engine/config"
)

// settings is the root struct of these tests: every kind, and two levels of
// sections.
type settings struct {
	Listen  string        `name:"listen" default:"127.0.0.1:8080" doc:"Address that the server listens on."`
	Key     config.Secret `name:"master-key" doc:"Key that wraps the keyring."`
	Level   slog.Level    `name:"level" default:"INFO" reload:"true" doc:"Level of the log."`
	Stream  streamSection `name:"stream" doc:"The event log."`
	Open    bool          `name:"open" doc:"Whether anybody may read."`
	skipped string
	Ignored chan int `name:"-"`
}

type streamSection struct {
	MaxInFlight int            `name:"max-in-flight" default:"64" reload:"true" doc:"Batches that may wait."`
	Offset      int64          `name:"offset" doc:"First offset."`
	Workers     uint           `name:"workers" default:"2" doc:"Goroutines that encode."`
	Ratio       float64        `name:"ratio" default:"0.5" doc:"Share of the memory."`
	Flush       time.Duration  `name:"flush" default:"2s" doc:"Time between flushes."`
	Segment     config.Size    `name:"segment" default:"64MiB" doc:"Bytes of one segment."`
	Hosts       []string       `name:"hosts" default:"a,b" reload:"true" doc:"Names that are served."`
	Backup      backupSettings `name:"backup" doc:"Copies elsewhere."`
}

type backupSettings struct {
	DSN   string `name:"dsn" secret:"true" doc:"Where to copy to, a password included."`
	Every int    `name:"every" default:"5" doc:"Minutes between copies."`
}

// Validate refuses what the kinds of the fields allow.
func (s *streamSection) Validate() []config.Problem {
	var problems []config.Problem
	if s.MaxInFlight < 1 {
		problems = append(problems, config.Problem{Field: "max-in-flight", Problem: "is less than 1", Hint: "1 is one batch at a time"})
	}
	if s.Flush > time.Hour {
		problems = append(problems, config.Problem{Field: "flush", Problem: "is more than an hour", Hint: "events would be lost"})
	}
	return problems
}

// Validate refuses a setting that is a secret by its tag.
func (b backupSettings) Validate() []config.Problem {
	if b.DSN != "" && !strings.Contains(b.DSN, "@") {
		return []config.Problem{{Field: "dsn", Value: b.DSN, Problem: "names no host", Hint: "user:password@host"}}
	}
	return nil
}

// files is a file system for Input.ReadFile.
type files map[string]string

func (f files) read(path string) ([]byte, error) {
	content, ok := f[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(content), nil
}

// mustLoad loads in, which has no problem.
func mustLoad(t *testing.T, in config.Input) (settings, *config.Loaded) {
	t.Helper()
	var s settings
	loaded, err := config.Load(&s, in)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return s, loaded
}

// problemsOf loads in and gives its problems.
func problemsOf(t *testing.T, in config.Input) []config.Problem {
	t.Helper()
	_, err := config.Load(new(settings), in)
	var invalid *config.Error
	if !errors.As(err, &invalid) {
		t.Fatalf("Load gave %v, want a *config.Error", err)
	}
	return invalid.Problems
}

// wantProblem checks that in has exactly one problem, whose parts contain the
// parts of want.
func wantProblem(t *testing.T, in config.Input, want config.Problem) {
	t.Helper()
	problems := problemsOf(t, in)
	if len(problems) != 1 {
		t.Fatalf("%d problems, want 1: %+v", len(problems), problems)
	}
	got := problems[0]
	if got.Field != want.Field {
		t.Errorf("Field = %q, want %q", got.Field, want.Field)
	}
	if got.Value != want.Value {
		t.Errorf("Value = %q, want %q", got.Value, want.Value)
	}
	if got.Source != want.Source {
		t.Errorf("Source = %q, want %q", got.Source, want.Source)
	}
	if !strings.Contains(got.Problem, want.Problem) {
		t.Errorf("Problem = %q, want it to contain %q", got.Problem, want.Problem)
	}
	if !strings.Contains(got.Hint, want.Hint) {
		t.Errorf("Hint = %q, want it to contain %q", got.Hint, want.Hint)
	}
}

// withFile is the input that reads content as quintet.yaml.
func withFile(content string) config.Input {
	return withNamedFile("quintet.yaml", content)
}

func withNamedFile(name, content string) config.Input {
	return config.Input{Args: []string{"--config", name}, ReadFile: files{name: content}.read}
}

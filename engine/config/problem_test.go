package config_test

import (
	"errors"
	"strings"
	"testing"

	"quintet/engine/config"
)

// TestErrorTellsAll holds that one run reports every problem, in one block.
func TestErrorTellsAll(t *testing.T) {
	file := `
listn: x
stream:
  workers: -1
  flush: 2h
  flush: 3h
`
	_, err := config.Load(new(settings), config.Input{
		Args:     []string{"--config=quintet.yaml", "--level=LOUD", "--opne", "now"},
		Environ:  []string{"QUINTET_STREAM_SEGMENT=64M", "QUINTET_STREM_RATIO=1", "QUINTET_MASTER_KEY=file:/absent"},
		ReadFile: files{"quintet.yaml": file}.read,
	})
	want := `configuration: 8 problems
  --opne
    is not a flag
    hint: did you mean --open?
  listn (file quintet.yaml:2)
    is not a setting
    hint: did you mean listen?
  stream.flush (file quintet.yaml:6)
    stands twice, first on line 5
    hint: keep one
  master-key = "[redacted]" (env QUINTET_MASTER_KEY)
    cannot be read: open /absent: file does not exist
    hint: check the path and its permissions
  level = "LOUD" (flag --level)
    slog: level string "LOUD": unknown name
  stream.workers = "-1" (file quintet.yaml:4)
    is not a whole number from 0 up
    hint: digits only, such as 100
  stream.segment = "64M" (env QUINTET_STREAM_SEGMENT)
    has an unknown unit
    hint: a whole number and its unit, such as 512B, 64KiB, 64MiB, 10GB
  QUINTET_STREM_RATIO
    is not a variable of this program
    hint: did you mean QUINTET_STREAM_RATIO?`
	// "now" may be the value of --opne, so it is not reported as well.
	if err == nil || err.Error() != strings.TrimSpace(want) {
		t.Errorf("got:\n%v\n\nwant:\n%s", err, want)
	}
}

func TestErrorText(t *testing.T) {
	f := func(name string, p config.Problem, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			err := &config.Error{Problems: []config.Problem{p}}
			if got := err.Error(); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
	f("OK minimal",
		config.Problem{Field: "listen", Problem: "is missing"},
		"configuration: 1 problem\n  listen\n    is missing")
	f("OK full",
		config.Problem{Field: "listen", Value: "x", Source: "default", Problem: "is no address", Hint: "host:port"},
		"configuration: 1 problem\n  listen = \"x\" (default)\n    is no address\n    hint: host:port")
	f("OK control characters",
		config.Problem{Field: "listen", Value: "\x1b[2J", Problem: "is no address"},
		"configuration: 1 problem\n  listen = \"\\x1b[2J\"\n    is no address")
	f("OK control characters in a name",
		config.Problem{Field: "--\x1b[2J", Problem: "is not a flag"},
		"configuration: 1 problem\n  \"--\\x1b[2J\"\n    is not a flag")
	f("OK long value",
		config.Problem{Field: "listen", Value: strings.Repeat("a", 79) + "é" + strings.Repeat("b", 1000), Problem: "is no address"},
		"configuration: 1 problem\n  listen = \""+strings.Repeat("a", 79)+"…\"\n    is no address")
}

func TestErrorIsFound(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		_, err := config.Load(new(settings), config.Input{Args: []string{"--nonsense"}})
		var invalid *config.Error
		if !errors.As(err, &invalid) || len(invalid.Problems) != 1 {
			t.Errorf("err = %v, want a *config.Error of one problem", err)
		}
	})
}

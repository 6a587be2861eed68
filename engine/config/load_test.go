package config_test

import (
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"quintet/engine/config"
)

func TestLoadPrecedence(t *testing.T) {
	const file = "listen: from-file\nstream:\n  workers: 3\n"
	f := func(name string, args, environ []string, wantListen, wantSource string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			s, loaded := mustLoad(t, config.Input{
				Args:     args,
				Environ:  environ,
				ReadFile: files{"quintet.yaml": file}.read,
			})
			if s.Listen != wantListen {
				t.Errorf("Listen = %q, want %q", s.Listen, wantListen)
			}
			if got := loaded.Sources["listen"]; got != wantSource {
				t.Errorf("source = %q, want %q", got, wantSource)
			}
		})
	}
	environ := []string{"QUINTET_LISTEN=from-env", "HOME=/root"}
	withConfig := append(slices.Clone(environ), "QUINTET_CONFIG=quintet.yaml")

	f("OK default", nil, nil, "127.0.0.1:8080", "default")
	f("OK file over default", []string{"--config=quintet.yaml"}, nil, "from-file", "file quintet.yaml:1")
	f("OK file named by the environment", nil, []string{"QUINTET_CONFIG=quintet.yaml"}, "from-file", "file quintet.yaml:1")
	f("OK env over file", nil, withConfig, "from-env", "env QUINTET_LISTEN")
	f("OK flag over env", []string{"--listen", "from-flag"}, withConfig, "from-flag", "flag --listen")
	f("OK empty env over file", nil, []string{"QUINTET_LISTEN=", "QUINTET_CONFIG=quintet.yaml"}, "", "env QUINTET_LISTEN")
	f("OK --config over QUINTET_CONFIG", []string{"--config=quintet.yaml"}, []string{"QUINTET_CONFIG=absent"}, "from-file", "file quintet.yaml:1")
}

func TestLoadDefaults(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		s, loaded := mustLoad(t, config.Input{})
		want := settings{
			Listen: "127.0.0.1:8080",
			Level:  slog.LevelInfo,
			Stream: streamSection{
				MaxInFlight: 64,
				Workers:     2,
				Ratio:       0.5,
				Flush:       2 * time.Second,
				Segment:     64 << 20,
				Hosts:       []string{"a", "b"},
				Backup:      backupSettings{Every: 5},
			},
		}
		if !reflect.DeepEqual(s, want) {
			t.Errorf("got  %+v\nwant %+v", s, want)
		}
		if loaded.File != "" || loaded.Args != nil {
			t.Errorf("File = %q, Args = %q, want none", loaded.File, loaded.Args)
		}
	})
	t.Run("OK replace what dst held", func(t *testing.T) {
		s := settings{Listen: "old", Open: true}
		if _, err := config.Load(&s, config.Input{}); err != nil {
			t.Fatal(err)
		}
		if s.Listen != "127.0.0.1:8080" || s.Open {
			t.Errorf("Listen = %q, Open = %v, want the defaults", s.Listen, s.Open)
		}
	})
	t.Run("Err leaves dst alone", func(t *testing.T) {
		s := settings{Listen: "old"}
		if _, err := config.Load(&s, config.Input{Args: []string{"--listen=new", "--nonsense"}}); err == nil {
			t.Fatal("no error")
		}
		if s.Listen != "old" {
			t.Errorf("Listen = %q, want it untouched", s.Listen)
		}
	})
}

func TestLoadArguments(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		_, loaded := mustLoad(t, config.Input{
			Args:    []string{"archive.tar", "--open", "--", "--listen"},
			MaxArgs: 2,
		})
		if want := []string{"archive.tar", "--listen"}; !slices.Equal(loaded.Args, want) {
			t.Errorf("Args = %q, want %q", loaded.Args, want)
		}
	})
	t.Run("ErrStray", func(t *testing.T) {
		wantProblem(t, config.Input{Args: []string{"one", "two"}, MaxArgs: 1}, config.Problem{
			Field:   "arguments",
			Value:   "two",
			Problem: "is not expected here",
			Hint:    "--name=value",
		})
	})
	t.Run("ErrStray bool", func(t *testing.T) {
		wantProblem(t, config.Input{Args: []string{"--open", "false"}}, config.Problem{
			Field:   "arguments",
			Value:   "false",
			Problem: "is not expected here",
			Hint:    "--name=false",
		})
	})
}

func TestLoadHelp(t *testing.T) {
	for _, arg := range []string{"-h", "--help"} {
		t.Run("OK "+arg, func(t *testing.T) {
			_, err := config.Load(new(settings), config.Input{Args: []string{"--nonsense", arg}})
			if !errors.Is(err, config.ErrHelp) {
				t.Errorf("err = %v, want ErrHelp", err)
			}
		})
	}
	t.Run("OK as a value", func(t *testing.T) {
		s, _ := mustLoad(t, config.Input{Args: []string{"--listen=--help"}})
		if s.Listen != "--help" {
			t.Errorf("Listen = %q", s.Listen)
		}
	})
}

func TestLoadValidates(t *testing.T) {
	t.Run("ErrSetting", func(t *testing.T) {
		wantProblem(t, config.Input{Args: []string{"--stream.max-in-flight=0"}}, config.Problem{
			Field:   "stream.max-in-flight",
			Value:   "0",
			Source:  "flag --stream.max-in-flight",
			Problem: "is less than 1",
			Hint:    "one batch",
		})
	})
	t.Run("ErrSecret", func(t *testing.T) {
		wantProblem(t, config.Input{Environ: []string{"QUINTET_STREAM_BACKUP_DSN=hunter2"}}, config.Problem{
			Field:   "stream.backup.dsn",
			Value:   "[redacted]",
			Source:  "env QUINTET_STREAM_BACKUP_DSN",
			Problem: "names no host",
			Hint:    "user:password@host",
		})
	})
	t.Run("Err only once for a setting", func(t *testing.T) {
		problems := problemsOf(t, config.Input{Args: []string{"--stream.max-in-flight=0", "--stream.max-in-flight=x"}})
		for _, p := range problems {
			if p.Problem == "is less than 1" {
				t.Errorf("validated a value that nobody wrote: %+v", p)
			}
		}
	})
	t.Run("Err section", func(t *testing.T) {
		_, err := config.Load(new(whole), config.Input{})
		if err == nil || !strings.Contains(err.Error(), "\n  part = \"a and b\"\n    exclude each other") {
			t.Errorf("err = %v", err)
		}
	})
}

// whole has a section whose problem belongs to no single setting.
type whole struct {
	Part part `name:"part"`
}

type part struct {
	A int `name:"a"`
}

func (part) Validate() []config.Problem {
	return []config.Problem{{Value: "a and b", Problem: "exclude each other"}}
}

package telemetry_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quintet/engine/config"
	"quintet/engine/telemetry"
)

func TestLogFormat(t *testing.T) {
	f := func(name, format, wantStart string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			log, out := newLog(t, telemetry.LogConfig{Format: format})
			log.Info("ready", "seconds", 2)
			if got := out.String(); !strings.HasPrefix(got, wantStart) || !strings.HasSuffix(got, "\n") {
				t.Errorf("line %q, want it to begin with %q", got, wantStart)
			}
		})
	}
	f("OK JSON", "json", `{"time":"`)
	f("OK text", "text", "time=")
	f("OK auto is JSON off a terminal", "auto", `{"time":"`)
	f("OK zero is auto", "", `{"time":"`)
}

func TestLogToFile(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	t.Run("OK", func(t *testing.T) {
		log, err := telemetry.NewLog(file, telemetry.LogConfig{})
		if err != nil {
			t.Fatal(err)
		}
		log.Info("ready")
		content, err := os.ReadFile(file.Name())
		if err != nil || !strings.HasPrefix(string(content), "{") {
			t.Errorf("file holds %q, %v; want JSON", content, err)
		}
	})
}

// TestLogToTerminal uses the null device, which counts as a terminal: it is a
// character device, and what is written to it has no form.
func TestLogToTerminal(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	t.Run("OK", func(t *testing.T) {
		log, err := telemetry.NewLog(null, telemetry.LogConfig{Format: "auto"})
		if err != nil {
			t.Fatal(err)
		}
		log.Info("ready")
	})
}

func TestLogLevels(t *testing.T) {
	f := func(name string, c telemetry.LogConfig, capability string, level slog.Level, want bool) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			log, out := newLog(t, c)
			ctx := context.Background()

			log.With("capability", capability).Log(ctx, level, "by the logger")
			log.Log(telemetry.WithCapability(ctx, capability), level, "by the context")

			if want {
				out.wantMessages(t, "by the logger", "by the context")
			} else {
				out.wantMessages(t)
			}
		})
	}
	perCapability := telemetry.LogConfig{Level: slog.LevelInfo, Levels: []string{"stream=DEBUG", "gateway=error"}}

	f("OK base", telemetry.LogConfig{}, "search", slog.LevelInfo, true)
	f("OK base hides", telemetry.LogConfig{}, "search", slog.LevelDebug, false)
	f("OK base raised", telemetry.LogConfig{Level: slog.LevelError}, "search", slog.LevelWarn, false)
	f("OK lowered for one", perCapability, "stream", slog.LevelDebug, true)
	f("OK raised for one", perCapability, "gateway", slog.LevelWarn, false)
	f("OK raised for one still shows", perCapability, "gateway", slog.LevelError, true)
	f("OK others follow the base", perCapability, "search", slog.LevelDebug, false)
}

// TestLogLevelsLoggerWins holds that a package's own logger decides over the
// capability of the request that led there.
func TestLogLevelsLoggerWins(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		log, out := newLog(t, telemetry.LogConfig{Levels: []string{"stream=DEBUG"}})
		ctx := telemetry.WithCapability(context.Background(), "gateway")
		log.With("capability", "stream").DebugContext(ctx, "shown")
		out.wantMessages(t, "shown")
		if got := strings.Count(out.String(), "capability"); got != 1 {
			t.Errorf("%d capabilities on one line: %s", got, out.String())
		}
	})
}

func TestLogReload(t *testing.T) {
	log, out := newLog(t, telemetry.LogConfig{})
	derived := log.With("capability", "stream")
	t.Run("OK", func(t *testing.T) {
		derived.Debug("hidden")
		if err := log.Reload(telemetry.LogConfig{Levels: []string{"stream=DEBUG"}}); err != nil {
			t.Fatal(err)
		}
		derived.Debug("shown")
		log.Debug("hidden as before")
		out.wantMessages(t, "shown")
	})
	t.Run("Err keeps the old levels", func(t *testing.T) {
		err := log.Reload(telemetry.LogConfig{Levels: []string{"stream=LOUD"}})
		if err == nil || !strings.Contains(err.Error(), `telemetry: log levels: "LOUD" is not a level`) {
			t.Errorf("err = %v", err)
		}
		derived.Debug("still shown")
		out.wantMessages(t, "shown", "still shown")
	})
}

func TestLogConfigValidate(t *testing.T) {
	f := func(name string, c telemetry.LogConfig, wantField, wantProblem string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			_, err := telemetry.NewLog(&output{}, c)
			problems := c.Validate()
			if len(problems) != 1 || err == nil {
				t.Fatalf("problems %+v, NewLog %v; want one problem and an error", problems, err)
			}
			p := problems[0]
			if p.Field != wantField || !strings.Contains(p.Problem, wantProblem) || p.Hint == "" {
				t.Errorf("problem %+v, want %s: %s and a hint", p, wantField, wantProblem)
			}
		})
	}
	f("ErrFormat", telemetry.LogConfig{Format: "xml"}, "format", "is not a log format")
	f("ErrBurst", telemetry.LogConfig{Burst: -1}, "burst", "is negative")
	f("ErrLevels no level", telemetry.LogConfig{Levels: []string{"stream"}}, "levels", `"stream" is not capability=level`)
	f("ErrLevels no name", telemetry.LogConfig{Levels: []string{"=DEBUG"}}, "levels", `"=DEBUG" is not capability=level`)
	f("ErrLevels level", telemetry.LogConfig{Levels: []string{"stream=LOUD"}}, "levels", `"LOUD" is not a level`)
	f("ErrLevels twice", telemetry.LogConfig{Levels: []string{"a=INFO", "a=WARN"}}, "levels", `"a" stands twice`)
}

// TestLogConfigLoads holds that the tags fit the package config.
func TestLogConfigLoads(t *testing.T) {
	type root struct {
		Log telemetry.LogConfig `name:"log"`
	}
	t.Run("OK", func(t *testing.T) {
		var r root
		_, err := config.Load(&r, config.Input{Args: []string{"--log.level=warn", "--log.levels=stream=DEBUG,gateway=ERROR"}})
		if err != nil {
			t.Fatal(err)
		}
		if r.Log.Format != "auto" || r.Log.Level != slog.LevelWarn || r.Log.Burst != 100 || len(r.Log.Levels) != 2 {
			t.Errorf("loaded %+v", r.Log)
		}
	})
	t.Run("Err", func(t *testing.T) {
		_, err := config.Load(new(root), config.Input{Args: []string{"--log.format=xml", "--log.levels=x"}})
		if err == nil || !strings.Contains(err.Error(), `log.format = "xml" (flag --log.format)`) ||
			!strings.Contains(err.Error(), `log.levels = "x" (flag --log.levels)`) {
			t.Errorf("err = %v", err)
		}
	})
}

package config_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"quintet/engine/config"
)

func TestReload(t *testing.T) {
	f := func(name string, before, after []string, wantApplied, wantRestart []string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			running, _ := mustLoad(t, config.Input{Args: before})
			next, _ := mustLoad(t, config.Input{Args: after})
			changes, err := config.Reload(&running, &next)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(changes.Applied, wantApplied) {
				t.Errorf("Applied = %q, want %q", changes.Applied, wantApplied)
			}
			if !slices.Equal(changes.NeedRestart, wantRestart) {
				t.Errorf("NeedRestart = %q, want %q", changes.NeedRestart, wantRestart)
			}
			again, err := config.Reload(&running, &next)
			if err != nil || again.Applied != nil {
				t.Errorf("the second time applied %q, %v; want nothing", again.Applied, err)
			}
		})
	}
	key := []string{"--master-key=a"}
	f("OK nothing", nil, nil, nil, nil)
	f("OK applied", nil, []string{"--level=WARN"}, []string{"level"}, nil)
	f("OK nested and lists", nil, []string{"--stream.hosts=c", "--stream.max-in-flight=9"}, []string{"stream.max-in-flight", "stream.hosts"}, nil)
	f("OK restart", nil, []string{"--listen=:1"}, nil, []string{"listen"})
	f("OK both", nil, []string{"--listen=:1", "--level=WARN"}, []string{"level"}, []string{"listen"})
	f("OK same secret", key, key, nil, nil)
	f("OK other secret", key, []string{"--master-key=b"}, nil, []string{"master-key"})
}

func TestReloadValues(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		running, _ := mustLoad(t, config.Input{})
		next, _ := mustLoad(t, config.Input{Args: []string{"--level=WARN", "--listen=:1", "--stream.hosts=c"}})
		running.skipped = "kept"
		if _, err := config.Reload(&running, &next); err != nil {
			t.Fatal(err)
		}
		if running.Level != slog.LevelWarn || !slices.Equal(running.Stream.Hosts, []string{"c"}) {
			t.Errorf("Level = %v, Hosts = %q, want the new ones", running.Level, running.Stream.Hosts)
		}
		if running.Listen != "127.0.0.1:8080" || running.skipped != "kept" {
			t.Errorf("Listen = %q, skipped = %q, want the old ones", running.Listen, running.skipped)
		}
	})
	t.Run("ErrTypes", func(t *testing.T) {
		_, err := config.Reload(new(settings), new(pinned))
		if err == nil || !strings.Contains(err.Error(), "want one type") {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("ErrStruct", func(t *testing.T) {
		_, err := config.Reload(settings{}, settings{})
		if err == nil || !strings.Contains(err.Error(), "want a pointer to a struct") {
			t.Errorf("err = %v", err)
		}
	})
}

package config_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quintet/engine/config"
)

func TestPrint(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		s, loaded := mustLoad(t, config.Input{
			Args:     []string{"--config=/etc/quintet.yaml", "--stream.flush=90s"},
			Environ:  []string{"QUINTET_MASTER_KEY=hunter2", "QUINTET_STREAM_BACKUP_DSN=me:hunter2@there"},
			ReadFile: files{"/etc/quintet.yaml": "open: yes\nstream:\n  hosts: ['a \"b\"', c]\n"}.read,
		})
		var out strings.Builder
		if err := config.Print(&out, &s, loaded.Sources); err != nil {
			t.Fatal(err)
		}
		want := `listen: "127.0.0.1:8080"  # default
master-key: "[redacted]"  # env QUINTET_MASTER_KEY
level: INFO  # default
stream:
  max-in-flight: 64  # default
  offset: 0  # default
  workers: 2  # default
  ratio: 0.5  # default
  flush: 1m30s  # flag --stream.flush
  segment: 64MiB  # default
  hosts: ["a \"b\"", "c"]  # file /etc/quintet.yaml:3
  backup:
    dsn: "[redacted]"  # env QUINTET_STREAM_BACKUP_DSN
    every: 5  # default
open: true  # file /etc/quintet.yaml:1
`
		if out.String() != want {
			t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
		}
	})
	t.Run("OK secret by reference", func(t *testing.T) {
		s, loaded := mustLoad(t, config.Input{
			Args:     []string{"--master-key=file:/run/key"},
			ReadFile: files{"/run/key": word}.read,
		})
		var out strings.Builder
		if err := config.Print(&out, &s, loaded.Sources); err != nil {
			t.Fatal(err)
		}
		if want := `master-key: "file:/run/key"  # flag --master-key`; !strings.Contains(out.String(), want) {
			t.Errorf("no %s in:\n%s", want, out.String())
		}
		mustHide(t, out.String())
	})
	t.Run("ErrWriter", func(t *testing.T) {
		if err := config.Print(fullDisk{}, new(settings), nil); !errors.Is(err, errFull) {
			t.Errorf("err = %v, want the writer's", err)
		}
	})
}

var errFull = errors.New("disk full")

// fullDisk is a writer that fails.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

// deep goes up by several sections between two settings.
type deep struct {
	A struct {
		B struct {
			C struct {
				X int `name:"x"`
			} `name:"c"`
		} `name:"b"`
		AB struct {
			Y int `name:"y"`
		} `name:"bb"`
	} `name:"a"`
	Z int `name:"z"`
}

func TestPrintSections(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		var out strings.Builder
		sources := config.Sources{"a.b.c.x": "1", "a.bb.y": "2", "z": "3"}
		if err := config.Print(&out, new(deep), sources); err != nil {
			t.Fatal(err)
		}
		want := "a:\n  b:\n    c:\n      x: 0  # 1\n  bb:\n    y: 0  # 2\nz: 0  # 3\n"
		if out.String() != want {
			t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
		}
	})
}

// TestPrintRoundTrip holds that what Print writes is a configuration file with
// the same values, whatever text stands in them.
func TestPrintRoundTrip(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			s, loaded := mustLoad(t, config.Input{})
			s.Listen = rapid.String().Draw(rt, "listen")
			s.Open = rapid.Bool().Draw(rt, "open")
			s.Stream.MaxInFlight = rapid.IntMin(1).Draw(rt, "max-in-flight")
			s.Stream.Offset = rapid.Int64().Draw(rt, "offset")
			s.Stream.Workers = rapid.Uint().Draw(rt, "workers")
			s.Stream.Ratio = rapid.Float64().Draw(rt, "ratio")
			s.Stream.Segment = config.Size(rapid.Int64Min(0).Draw(rt, "segment"))
			s.Stream.Hosts = rapid.SliceOfN(rapid.String(), 1, 3).Draw(rt, "hosts")

			var out strings.Builder
			if err := config.Print(&out, &s, loaded.Sources); err != nil {
				rt.Fatal(err)
			}
			again, _ := mustLoad(t, withFile(out.String()))
			if !reflect.DeepEqual(s, again) {
				rt.Fatalf("%s\ngave %+v\nwant %+v", out.String(), again, s)
			}
		})
	})
}

package config_test

import (
	"errors"
	"strings"
	"testing"

	"quintet/engine/config"
)

func TestDocs(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		var out strings.Builder
		if err := config.Docs(&out, new(settings)); err != nil {
			t.Fatal(err)
		}
		want := `## General

| Setting | Variable | Kind | Default | Meaning |
|---|---|---|---|---|
| ~--config~ | ~QUINTET_CONFIG~ | text |  | Configuration file, YAML or JSON. Its keys are the names of the flags, nested at each dot. |
| ~--listen~ | ~QUINTET_LISTEN~ | text | ~127.0.0.1:8080~ | Address that the server listens on. |
| ~--master-key~ | ~QUINTET_MASTER_KEY~ | secret |  | Key that wraps the keyring. |
| ~--level~ | ~QUINTET_LEVEL~ | text | ~INFO~ | Level of the log. Changes on reload (SIGHUP). |
| ~--open~ | ~QUINTET_OPEN~ | true or false |  | Whether anybody may read. |

## stream

The event log.

| Setting | Variable | Kind | Default | Meaning |
|---|---|---|---|---|
| ~--stream.max-in-flight~ | ~QUINTET_STREAM_MAX_IN_FLIGHT~ | whole number | ~64~ | Batches that may wait. Changes on reload (SIGHUP). |
| ~--stream.offset~ | ~QUINTET_STREAM_OFFSET~ | whole number |  | First offset. |
| ~--stream.workers~ | ~QUINTET_STREAM_WORKERS~ | whole number | ~2~ | Goroutines that encode. |
| ~--stream.ratio~ | ~QUINTET_STREAM_RATIO~ | number | ~0.5~ | Share of the memory. |
| ~--stream.flush~ | ~QUINTET_STREAM_FLUSH~ | duration | ~2s~ | Time between flushes. |
| ~--stream.segment~ | ~QUINTET_STREAM_SEGMENT~ | size | ~64MiB~ | Bytes of one segment. |
| ~--stream.hosts~ | ~QUINTET_STREAM_HOSTS~ | list | ~a,b~ | Names that are served. Changes on reload (SIGHUP). |

## stream.backup

Copies elsewhere.

| Setting | Variable | Kind | Default | Meaning |
|---|---|---|---|---|
| ~--stream.backup.dsn~ | ~QUINTET_STREAM_BACKUP_DSN~ | text |  | Where to copy to, a password included. |
| ~--stream.backup.every~ | ~QUINTET_STREAM_BACKUP_EVERY~ | whole number | ~5~ | Minutes between copies. |
`
		want = strings.ReplaceAll(want, "~", "`")
		if out.String() != want {
			t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
		}
	})
	t.Run("OK not the values", func(t *testing.T) {
		var fresh, used strings.Builder
		if err := config.Docs(&fresh, new(settings)); err != nil {
			t.Fatal(err)
		}
		s := settings{Listen: "changed", Key: config.NewSecret(word)}
		if err := config.Docs(&used, &s); err != nil {
			t.Fatal(err)
		}
		if fresh.String() != used.String() {
			t.Error("the values of the struct changed its documentation")
		}
		if s.Listen != "changed" {
			t.Error("Docs changed the struct")
		}
	})
	t.Run("OK table cells", func(t *testing.T) {
		var out strings.Builder
		err := config.Docs(&out, new(struct {
			Odd string `name:"odd" default:"a|b" doc:"One | two\nthree."`
		}))
		if err != nil {
			t.Fatal(err)
		}
		if want := "| `a\\|b` | One \\| two three. |\n"; !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	})
	t.Run("ErrWriter", func(t *testing.T) {
		if err := config.Docs(fullDisk{}, new(settings)); !errors.Is(err, errFull) {
			t.Errorf("err = %v, want the writer's", err)
		}
	})
}

func TestUsage(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		var out strings.Builder
		err := config.Usage(&out, new(struct {
			Listen string `name:"listen" default:":80" doc:"Address that the server listens on. A port alone listens on every address. See also tls."`
			Log    struct {
				Level string `name:"level" reload:"true" doc:"Level."`
			} `name:"log" doc:"What is logged."`
		}))
		if err != nil {
			t.Fatal(err)
		}
		want := `  --config (text)
      Configuration file, YAML or JSON. Its keys are the names of the flags,
      nested at each dot. Variable: QUINTET_CONFIG.
  --listen (text)
      Address that the server listens on. A port alone listens on every address.
      See also tls. Default: :80. Variable: QUINTET_LISTEN.
log: What is logged.
  --log.level (text)
      Level. Changes on reload (SIGHUP). Variable: QUINTET_LOG_LEVEL.
`
		if out.String() != want {
			t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
		}
	})
	t.Run("OK width", func(t *testing.T) {
		var out strings.Builder
		if err := config.Usage(&out, new(settings)); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if len(strings.TrimSuffix(line, "\n")) > 80 {
				t.Errorf("more than 80 columns: %s", line)
			}
		}
	})
	t.Run("ErrWriter", func(t *testing.T) {
		if err := config.Usage(fullDisk{}, new(settings)); !errors.Is(err, errFull) {
			t.Errorf("err = %v, want the writer's", err)
		}
	})
}

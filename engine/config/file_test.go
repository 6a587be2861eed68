package config_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"quintet/engine/config"
)

// everyKind is the same configuration in both syntaxes.
var everyKind = map[string]string{
	"quintet.yaml": `
listen: 0.0.0.0:80
master-key: hunter2
level: warn
open: yes
stream:
  max-in-flight: 9
  offset: -3
  workers: 4
  ratio: 1e-3
  flush: 1m30s
  segment: 1GiB
  hosts: [one, "two, three"]
  backup:
    dsn: me:pw@there
    every: 010
`,
	"quintet.json": `{
  "listen": "0.0.0.0:80",
  "master-key": "hunter2",
  "level": "warn",
  "open": true,
  "stream": {
    "max-in-flight": 9,
    "offset": -3,
    "workers": 4,
    "ratio": 1e-3,
    "flush": "1m30s",
    "segment": "1GiB",
    "hosts": ["one", "two, three"],
    "backup": {"dsn": "me:pw@there", "every": 10}
  }
}`,
}

func TestFileKinds(t *testing.T) {
	want, _ := mustLoad(t, config.Input{Args: []string{
		"--listen=0.0.0.0:80", "--master-key=hunter2", "--level=warn", "--open",
		"--stream.max-in-flight=9", "--stream.offset=-3", "--stream.workers=4", "--stream.ratio=0.001",
		"--stream.flush=90s", "--stream.segment=1024MiB",
		"--stream.backup.dsn=me:pw@there", "--stream.backup.every=10",
	}})
	want.Stream.Hosts = []string{"one", "two, three"}
	for name, content := range everyKind {
		t.Run("OK "+name, func(t *testing.T) {
			got, loaded := mustLoad(t, withNamedFile(name, content))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if loaded.File != name {
				t.Errorf("File = %q, want %q", loaded.File, name)
			}
		})
	}
}

func TestFileIsOptionalInside(t *testing.T) {
	f := func(name, file, content string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			s, _ := mustLoad(t, withNamedFile(file, content))
			if s.Stream.MaxInFlight != 64 {
				t.Errorf("MaxInFlight = %d, want the default", s.Stream.MaxInFlight)
			}
		})
	}
	f("OK empty", "quintet.yaml", "")
	f("OK comments", "quintet.yaml", "# nothing yet\n\n# stream:\n")
	f("OK marker", "quintet.yaml", "---\n")
	f("OK empty section", "quintet.yaml", "stream:\n  # later\n")
	f("OK JSON in YAML", "quintet.yaml", `{"listen": "x", "stream": {"offset": 1}}`)
	f("OK any extension", "quintet.conf", "listen: x\n")
	f("OK empty JSON", "quintet.json", " \n")
	f("OK no keys", "quintet.JSON", "{}")
	f("OK null section", "quintet.json", `{"stream": null}`)
}

// TestScalarsAreText holds that a value means what its setting's kind makes of
// it, not what YAML would: no is a name here, and 1.10 a version.
func TestScalarsAreText(t *testing.T) {
	for _, text := range []string{"no", "1.10", "0x1f", "2026-01-02", "12:30:45", "~x", `"null"`, `"~"`} {
		t.Run("OK "+text, func(t *testing.T) {
			s, _ := mustLoad(t, withFile("listen: "+text+"\n"))
			if want := strings.Trim(text, `"`); s.Listen != want {
				t.Errorf("Listen = %q, want %q", s.Listen, want)
			}
		})
	}
}

func TestFileProblems(t *testing.T) {
	f := func(name, content string, want config.Problem) {
		t.Helper()
		t.Run(name, func(t *testing.T) { wantProblem(t, withFile(content), want) })
	}
	line := func(n string) string { return "file quintet.yaml:" + n }

	f("ErrUnknown", "nonsense: 1\n", config.Problem{
		Field: "nonsense", Source: line("1"), Problem: "is not a setting", Hint: "config print",
	})
	f("ErrUnknown near", "stream:\n  worker: 1\n", config.Problem{
		Field: "stream.worker", Source: line("2"), Problem: "is not a setting", Hint: "did you mean stream.workers?",
	})
	f("ErrUnknown case", "Listen: x\n", config.Problem{
		Field: "Listen", Source: line("1"), Problem: "is not a setting", Hint: "did you mean listen?",
	})
	f("ErrUnknown section", "streem:\n  workers: 1\n", config.Problem{
		Field: "streem", Source: line("1"), Problem: "is not a setting",
	})
	f("ErrDotted", "stream.workers: 1\n", config.Problem{
		Field: "stream.workers", Source: line("1"), Problem: "has a dot", Hint: "nest the keys",
	})
	f("ErrTwice", "listen: a\n\nlisten: b\n", config.Problem{
		Field: "listen", Source: line("3"), Problem: "stands twice, first on line 1", Hint: "keep one",
	})
	f("ErrTwice section", "stream: {}\nstream: {}\n", config.Problem{
		Field: "stream", Source: line("2"), Problem: "stands twice", Hint: "keep one",
	})
	f("ErrConfig", "config: other.yaml\n", config.Problem{
		Field: "config", Source: line("1"), Problem: "cannot stand in the file", Hint: "another one",
	})
	f("ErrNoValue", "listen:\n", config.Problem{
		Field: "listen", Source: line("1"), Problem: "has no value", Hint: `write ""`,
	})
	f("ErrNested value", "listen:\n  host: x\n", config.Problem{
		Field: "listen", Source: line("1"), Problem: "is nested keys", Hint: "after the colon",
	})
	f("ErrFlat section", "stream: 5\n", config.Problem{
		Field: "stream", Source: line("1"), Problem: "is a value, not nested keys", Hint: "one key each",
	})
	f("ErrList for a value", "listen: [a, b]\n", config.Problem{
		Field: "listen", Source: line("1"), Problem: "is a list", Hint: "give one value",
	})
	f("ErrList of lists", "stream:\n  hosts:\n  - a\n  - [b]\n", config.Problem{
		Field: "stream.hosts", Source: line("4"), Problem: "a list inside its list", Hint: "plain values",
	})
	f("ErrList at the root", "- listen\n", config.Problem{
		Field: "quintet.yaml", Source: line("1"), Problem: "is a list, not nested keys", Hint: "one key each",
	})
	f("ErrValue", "\nstream:\n  flush: soon\n", config.Problem{
		Field: "stream.flush", Value: "soon", Source: line("3"), Problem: "is not a duration", Hint: "10s",
	})
}

func TestFileSyntax(t *testing.T) {
	f := func(name, file, content string, want config.Problem) {
		t.Helper()
		t.Run(name, func(t *testing.T) { wantProblem(t, withNamedFile(file, content), want) })
	}
	deep := strings.Repeat("[", 20) + strings.Repeat("]", 20)

	f("ErrYAML", "q.yaml", "listen: x\n\tstream: 1\n", config.Problem{
		Field: "q.yaml", Problem: "is not YAML", Hint: "indent with spaces",
	})
	f("ErrYAML two documents", "q.yaml", "listen: x\n---\nlisten: y\n", config.Problem{
		Field: "q.yaml:2", Problem: "second YAML document", Hint: "one document",
	})
	f("ErrYAML bad second document", "q.yaml", "listen: x\n---\n[", config.Problem{
		Field: "q.yaml", Problem: "is not YAML", Hint: "indent",
	})
	f("ErrYAML anchor", "q.yaml", "listen: &a x\n", config.Problem{
		Field: "q.yaml:1", Problem: "anchor", Hint: "write the value out",
	})
	f("ErrYAML merge", "q.yaml", "stream:\n  <<: {workers: 1}\n", config.Problem{
		Field: "q.yaml:2", Problem: "merge key", Hint: "write the value out",
	})
	f("ErrYAML tag", "q.yaml", "listen: !!binary aGk=\n", config.Problem{
		Field: "q.yaml:1", Problem: "YAML tag", Hint: "plain value",
	})
	f("ErrYAML key", "q.yaml", "? [a]\n: b\n", config.Problem{
		Field: "q.yaml:1", Problem: "a list for a key", Hint: "name of a setting",
	})
	f("ErrYAML depth", "q.yaml", "listen: "+deep+"\n", config.Problem{
		Field: "q.yaml:1", Problem: "deeper than 16 levels",
	})
	f("ErrYAML depth of keys", "q.yaml", strings.Repeat("{a: ", 20)+"1"+strings.Repeat("}", 20), config.Problem{
		Field: "q.yaml:1", Problem: "deeper than 16 levels",
	})
	f("ErrJSON", "q.json", "{\n  \"listen\": x\n}", config.Problem{
		Field: "q.json:2", Problem: "is not JSON", Hint: "no comments",
	})
	f("ErrJSON cut", "q.json", "{\"stream\": {\n", config.Problem{
		Field: "q.json:1", Problem: "ends in the middle", Hint: "close every brace",
	})
	f("ErrJSON trailing", "q.json", "{}\n{}", config.Problem{
		Field: "q.json:2", Problem: "something after", Hint: "one object",
	})
	f("ErrJSON depth", "q.json", deep, config.Problem{
		Field: "q.json:1", Problem: "deeper than 16 levels",
	})
	f("ErrJSON twice", "q.json", "{\"listen\": \"a\",\n\"listen\": \"b\"}", config.Problem{
		Field: "listen", Source: "file q.json:2", Problem: "stands twice, first on line 1", Hint: "keep one",
	})
	f("ErrJSON null", "q.json", `{"listen": null}`, config.Problem{
		Field: "listen", Source: "file q.json:1", Problem: "has no value", Hint: "remove the key",
	})
	f("ErrJSON scalar root", "q.json", "5", config.Problem{
		Field: "q.json", Source: "file q.json:1", Problem: "is a value", Hint: "one key each",
	})
}

func TestFileReading(t *testing.T) {
	t.Run("ErrAbsent", func(t *testing.T) {
		wantProblem(t, config.Input{Args: []string{"--config=absent.yaml"}, ReadFile: files{}.read}, config.Problem{
			Field:   "absent.yaml",
			Problem: "cannot be read: open absent.yaml",
			Hint:    "check --config",
		})
	})
	t.Run("ErrTooLarge", func(t *testing.T) {
		wantProblem(t, withFile(strings.Repeat("#", config.MaxFileSize+1)), config.Problem{
			Field:   "quintet.yaml",
			Problem: "is larger than 1MiB",
			Hint:    "check --config",
		})
	})
	t.Run("OK largest", func(t *testing.T) {
		mustLoad(t, withFile(strings.Repeat("#", config.MaxFileSize)))
	})
	t.Run("OK from the disk", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "quintet.yaml")
		if err := os.WriteFile(path, []byte("listen: disk\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s, _ := mustLoad(t, config.Input{Args: []string{"--config", path}})
		if s.Listen != "disk" {
			t.Errorf("Listen = %q", s.Listen)
		}
	})
}

func TestReadFile(t *testing.T) {
	t.Run("OK bounded", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "large")
		if err := os.WriteFile(path, make([]byte, 2*config.MaxFileSize), 0o600); err != nil {
			t.Fatal(err)
		}
		content, err := config.ReadFile(path)
		if err != nil || len(content) != config.MaxFileSize+1 {
			t.Errorf("read %d bytes, %v; want one more than the bound", len(content), err)
		}
	})
	t.Run("ErrAbsent", func(t *testing.T) {
		if _, err := config.ReadFile(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("err = %v, want ErrNotExist", err)
		}
	})
}

// TestLargeJSON holds that lines are counted once: a file of a megabyte on one
// line, or on half a million, is a matter of milliseconds.
func TestLargeJSON(t *testing.T) {
	hosts := make([]string, 200_000)
	content, err := json.Marshal(map[string]any{"stream": map[string]any{"hosts": hosts}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"OK one line":   string(content),
		"OK many lines": strings.ReplaceAll(string(content), ",", "\n,"),
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := mustLoad(t, withNamedFile("q.json", text))
			if len(s.Stream.Hosts) != len(hosts) {
				t.Errorf("%d hosts, want %d", len(s.Stream.Hosts), len(hosts))
			}
		})
	}
}

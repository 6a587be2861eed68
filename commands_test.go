package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"
)

// stage runs commands in a folder of its own.
type stage struct {
	t              *testing.T
	stdout, stderr *output
}

// output may be read while a command writes it. When it has seen until, it
// calls then, once.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	until string
	then  func()
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if o.then != nil && strings.Contains(o.text.String(), o.until) {
		o.then()
		o.then = nil
	}
	return len(p), nil
}

// await calls then once what is written from now on holds text.
func (o *output) await(text string, then func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Reset()
	o.until, o.then = text, then
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func newStage(t *testing.T) *stage {
	t.Chdir(t.TempDir())
	return &stage{t: t}
}

// run returns the exit code of one command line. A server is stopped as soon
// as it is ready.
func (s *stage) run(args ...string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.stdout, s.stderr = &output{}, &output{until: `"msg":"ready"`, then: cancel}
	return Main(ctx, Terminal{Args: args, Stdin: strings.NewReader(""), Stdout: s.stdout, Stderr: s.stderr})
}

// expect runs a command line and compares exit code and what it prints.
func (s *stage) expect(line string, code int, contains ...string) {
	s.t.Helper()
	got := s.run(strings.Fields(line)...)
	printed := s.stdout.String() + s.stderr.String()
	if got != code {
		s.t.Errorf("quintet %s: exit code %d; want %d\n%s", line, got, code, printed)
	}
	for _, want := range contains {
		if !strings.Contains(printed, want) {
			s.t.Errorf("quintet %s printed\n%s\nwant %q in it", line, printed, want)
		}
	}
	if strings.Contains(printed, "goroutine ") {
		s.t.Errorf("quintet %s printed a stack trace\n%s", line, printed)
	}
}

func TestCommands(t *testing.T) {
	s := newStage(t)
	s.expect("", exitOK, `"msg":"ready"`, `"msg":"stopping"`)
	s.expect("serve --data other", exitOK, `"data":"other"`)
	s.expect("check", exitOK, "data is sound")
	s.expect("backup copy.tar", exitOK, "keep it as safe as the data")
	s.expect("backup copy.tar", exitFailed, "exists")
	s.expect("restore copy.tar", exitFailed, "not empty")
	s.expect("restore --data restored copy.tar", exitOK, "restored is restored")
	s.expect("check --data restored", exitOK, "is sound")
	s.expect("restore --data fourth absent.tar", exitFailed, "no such file")
	s.expect("version", exitOK, "quintet ")
	s.expect("help", exitOK, "commands:", "backup FILE", "--listen")
	s.expect("--help", exitOK, "commands:")
	s.expect("config check", exitOK, "valid")
	s.expect("config print --listen :9999", exitOK, `listen: ":9999"  # flag --listen`)
}

func TestCommandsRefuse(t *testing.T) {
	s := newStage(t)
	s.expect("bakcup", exitUsage, `no command "bakcup"`)
	s.expect("backup", exitUsage, "FILE is missing")
	s.expect("config", exitUsage, "is missing")
	s.expect("config destroy", exitUsage, "print, check or docs")
	s.expect("version extra", exitUsage, "extra")
	s.expect("--lisen :80", exitUsage, "did you mean --listen?")
	s.expect("--listen nowhere --master-key short --public-url ftp://x --shutdown-timeout 0s --log.format xml", exitUsage,
		"5 problems", "listen", "master-key", "public-url", "shutdown-timeout", "log.format")
	if printed := s.stderr.String(); strings.Contains(printed, "short") {
		t.Errorf("a secret is printed:\n%s", printed)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("refused commands left %v, %v", entries, err)
	}
}

func TestDataFolderRefused(t *testing.T) {
	s := newStage(t)
	s.expect("", exitOK)
	if err := os.WriteFile("data/format", []byte("quintet 99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.expect("", exitFailed, "newer release")
	s.expect("check", exitFailed, "newer release")
}

func TestConfigurationDocs(t *testing.T) {
	committed, err := os.ReadFile("docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t)
	s.expect("config docs", exitOK)
	if s.stdout.String() != string(committed) {
		t.Error("docs/configuration.md is not what `go run . config docs` prints; write it anew")
	}
}

// Every command that the README prints runs, in its order, in one folder.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t)
	ran := 0
	for line := range strings.Lines(string(readme)) {
		command, isRun := strings.CutPrefix(line, "    go run .")
		if !isRun {
			continue
		}
		command, _, _ = strings.Cut(command, "#")
		s.expect(strings.TrimSpace(command), exitOK)
		ran++
	}
	if ran < 2 {
		t.Errorf("found %d commands in the README", ran)
	}
}

package main

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestReload runs a server and sends it the signal that SIGHUP is turned into.
func TestReload(t *testing.T) {
	t.Chdir(t.TempDir())
	settings := func(text string) {
		t.Helper()
		if err := os.WriteFile("quintet.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings("log:\n  level: INFO\n")
	ctx, cancel := context.WithCancel(context.Background())
	reload := make(chan os.Signal)
	stderr := &output{}
	seen := func(text string) <-chan struct{} {
		found := make(chan struct{})
		stderr.await(text, func() { close(found) })
		return found
	}
	ready, ended := seen(`"msg":"ready"`), make(chan int, 1)
	go func() {
		ended <- Main(ctx, Terminal{
			Args:  []string{"--config", "quintet.yaml", "--listen", "127.0.0.1:0"},
			Stdin: strings.NewReader(""), Stdout: &output{}, Stderr: stderr, Reload: reload,
		})
	}()
	<-ready
	f := func(text string, prints ...string) {
		t.Helper()
		settings(text)
		printed := seen("reloaded")
		reload <- syscall.SIGHUP
		<-printed
		for _, want := range prints {
			if !strings.Contains(stderr.String(), want) {
				t.Errorf("no %s in\n%s", want, stderr)
			}
		}
	}
	f("log:\n  level: DEBUG\nshutdown-timeout: 7s\n", `"applied":["log.level"]`, `"need_restart":["shutdown-timeout"]`)
	f("log:\n  level: LOUD\n", "the configuration was not reloaded", "log.level")
	f("log:\n  level: INFO\n", `"applied":["log.level"]`)
	cancel()
	if code := <-ended; code != exitOK {
		t.Errorf("the server ended with %d:\n%s", code, stderr)
	}
}

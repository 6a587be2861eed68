package main

import (
	"os"
	"strings"
	"testing"
)

// A start on this machine prints a link, and never logs it.
func TestConsoleLinkAtStart(t *testing.T) {
	s := newStage(t)
	s.expect("--listen 127.0.0.1:0", exitOK, "Console (tenant demo, once, within 10 minutes): http://127.0.0.1:", "/console#ql_demo_")
	for line := range strings.Lines(s.stderr.String()) {
		if strings.HasPrefix(line, "{") && strings.Contains(line, "ql_") {
			t.Errorf("the log holds a link: %s", line)
		}
	}
	s.expect("demo remove", exitOK)
	s.expect("--listen 127.0.0.1:0", exitOK, "/console#ql__platform_")
	s.expect("--listen 0.0.0.0:0", exitOK)
	if strings.Contains(s.stderr.String(), "/console#") {
		t.Error("a link to everybody's address is printed")
	}
}

func TestLogin(t *testing.T) {
	t.Chdir(t.TempDir())
	s := &stage{t: t}
	s.expect("login", exitFailed, "no such file")
	r := startServer(t, "--demo-traffic", "off")
	listen := " --listen " + strings.TrimPrefix(r.url, "http://")
	s.expect("login"+listen, exitOK, "tenant demo", r.url+"/console#ql_demo_")
	if printed := s.stdout.String(); strings.Count(printed, "\n") != 1 || !strings.HasPrefix(printed, "http://") {
		t.Errorf("the standard output is not the link alone: %q", printed)
	}
	token := strings.TrimSpace(s.stdout.String()[strings.Index(s.stdout.String(), "#")+1:])
	r.key = "" // the exchange is public
	r.call("POST", "/console/session", `{"token":"`+token+`"}`, 204)
	r.call("POST", "/console/session", `{"token":"`+token+`"}`, 401, "link_invalid")
	s.expect("login _platform"+listen, exitOK, "/console#ql__platform_")
	s.expect("login acme"+listen, exitUsage, "no key of tenant acme", "/console")
	s.expect("login --listen 127.0.0.1:1", exitFailed, "start it first")
	if err := os.WriteFile("data/demo.key", []byte("qk_demo_x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.expect("login"+listen, exitFailed, "401")
}

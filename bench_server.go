package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// benchServer is this program, serving as a process of its own.
type benchServer struct {
	dir     string // config.json, log and data
	addr    string
	key     string // of the tenant bench
	program string
	environ []string
	process *exec.Cmd
	ended   chan error // closed when the process is gone, with why
}

const benchTenant = "bench"

// newBenchServer starts a server in a new folder and makes a tenant there whose
// rate limit is out of the way. It is configured by a file, since with flags a
// first start would seed the demo, and be busy with that.
func newBenchServer(ctx context.Context, environ []string, parent string) (s *benchServer, err error) {
	s = &benchServer{}
	if s.program, err = os.Executable(); err != nil {
		return nil, err
	}
	for _, pair := range environ {
		if !strings.HasPrefix(pair, "QUINTET_") {
			s.environ = append(s.environ, pair)
		}
	}
	if s.dir, err = os.MkdirTemp(parent, "server-"); err != nil {
		return nil, err
	}
	if err = s.configure(); err == nil {
		err = s.start(ctx)
	}
	if err == nil {
		err = s.admit(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

// configure chooses a port and keeps it, so that a restart is seen where the
// server was.
func (s *benchServer) configure() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.addr = l.Addr().String()
	text, err := json.Marshal(map[string]any{
		"listen": s.addr, "data": filepath.Join(s.dir, "data"), "log": map[string]string{"level": "WARN"},
	})
	return errors.Join(err, l.Close(), os.WriteFile(filepath.Join(s.dir, "config.json"), text, 0o600))
}

// start returns once the server is ready.
func (s *benchServer) start(ctx context.Context) error {
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = exec.Command(s.program, "serve", "--config", filepath.Join(s.dir, "config.json"))
	s.process.Env, s.process.Stderr = s.environ, log
	if err := s.process.Start(); err != nil {
		s.process = nil
		return err
	}
	s.ended = make(chan error, 1)
	go func(process *exec.Cmd, ended chan<- error) { ended <- process.Wait(); close(ended) }(s.process, s.ended)
	return s.awaitReady(ctx)
}

func (s *benchServer) logFile() string { return filepath.Join(s.dir, "log") }

// awaitReady asks every two milliseconds, which costs the server little.
func (s *benchServer) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if answer, err := http.Get("http://" + s.addr + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.ended:
			text, _ := os.ReadFile(s.logFile())
			return fmt.Errorf("the server ended before it was ready: %w\n%s", err, text[max(len(text)-2000, 0):])
		case <-tick.C:
		}
	}
}

// admit makes the tenant.
func (s *benchServer) admit(ctx context.Context) error {
	admin, err := os.ReadFile(filepath.Join(s.dir, "data", "admin.key"))
	if err != nil {
		return err
	}
	w, err := dialWire(ctx, s.addr, strings.TrimSpace(string(admin)))
	if err != nil {
		return err
	}
	defer w.Close()
	made, err := w.want("POST", "/v1/tenants", `{"id":"`+benchTenant+`","name":"Benchmark"}`)
	if err != nil {
		return err
	}
	var tenant struct{ Key string }
	if err := json.Unmarshal(made, &tenant); err != nil {
		return err
	}
	s.key = tenant.Key
	_, err = w.want("PATCH", "/v1/tenants/"+benchTenant, `{"rate_limit":{"per_second":1000000,"burst":1000000}}`)
	return err
}

// stop asks the server to end, and ends it where it does not.
func (s *benchServer) stop() error {
	if s.process == nil {
		return nil
	}
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil { // no such thing on Windows
		_ = s.process.Process.Kill()
	}
	defer func() { s.process = nil }()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(2 * time.Minute):
		return errors.Join(errors.New("the server does not stop"), s.process.Process.Kill(), <-s.ended)
	}
}

// kill ends the server as a loss of power would, but for what the system has
// yet to write.
func (s *benchServer) kill() error {
	err := s.process.Process.Kill()
	<-s.ended // with the signal
	s.process = nil
	return err
}

// metric reads a value of the server's metrics.
func (s *benchServer) metric(ctx context.Context, name string) (float64, error) {
	w, err := dialWire(ctx, s.addr, s.key)
	if err != nil {
		return 0, err
	}
	defer w.Close()
	answer, err := w.want("GET", "/metrics", "")
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(answer), "\n"+name+" ")
	value, _, _ := strings.Cut(after, "\n")
	return strconv.ParseFloat(value, 64)
}

// status reads what Linux tells of the server's memory, such as RssAnon, in
// bytes. Elsewhere there is no such file.
func (s *benchServer) status(name string) (bytes float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), "\n"+name+":")
	value, _, _ := strings.Cut(after, " kB\n")
	kB, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return 1024 * kB, err
}

// cpu is how long the server's threads have computed, as Linux tells it in
// hundredths of a second. Elsewhere there is no such file.
func (s *benchServer) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), ") ") // the name may have blanks
	fields := strings.Fields(after)                // the third of the file is the first
	if len(fields) < 13 {
		return 0, fmt.Errorf("the kernel tells %d numbers of a process", len(fields))
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond, err
}

func (s *benchServer) remove() error {
	return errors.Join(s.stop(), os.RemoveAll(s.dir))
}

package scheduler_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quintet/scheduler"
)

// Some faults need a process of their own: a test runs its own binary once more
// with its name and an argument in the environment, which makes it the child.
const childArgument = "QUINTET_SCHEDULER_CHILD"

// childOf returns what the parent wants of this process, "" in the parent.
func childOf() string { return os.Getenv(childArgument) }

// saying begins the lines that are for the parent; all else is the test's own.
const saying = "say: "

func say(format string, args ...any) { fmt.Printf(saying+format+"\n", args...) }

// process is a child.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // closed when it has ended
}

func startChild(t *testing.T, argument string) *process {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	p := &process{t: t, cmd: exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.timeout=60s"), lines: make(chan string, 100)}
	p.cmd.Env = append(os.Environ(), childArgument+"="+argument)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	must(t, err)
	must(t, p.cmd.Start())
	t.Cleanup(p.kill)
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			if line, ok := strings.CutPrefix(s.Text(), saying); ok {
				p.lines <- line
			}
		}
	}()
	return p
}

// kill ends it at once, and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	for range p.lines {
	}
	_ = p.cmd.Wait()
}

// hears waits for a line that begins with a word, and returns the rest.
func (p *process) hears(word string) string {
	p.t.Helper()
	for over := time.After(30 * time.Second); ; {
		select {
		case line, ok := <-p.lines:
			if rest, found := strings.CutPrefix(line, word+" "); found {
				return rest
			}
			if !ok {
				p.t.Fatalf("the child has ended and did not say %q", word)
			}
		case <-over:
			p.t.Fatalf("the child did not say %q", word)
		}
	}
}

// remote makes calls over a connection of its own.
type remote struct {
	url    string
	client http.Client
}

func newRemote(url string) *remote {
	return &remote{url: url, client: http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}}
}

func (r *remote) do(path, body string, headers ...string) (status int, answer []byte, err error) {
	q, err := http.NewRequest(http.MethodPost, r.url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	q.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	a, err := r.client.Do(q)
	if err != nil {
		return 0, nil, err
	}
	defer a.Body.Close()
	answer, err = io.ReadAll(a.Body)
	return a.StatusCode, answer, err
}

// lease polls a queue. What goes wrong ends the process.
func (r *remote) lease(queue, body string) []leased {
	status, answer, err := r.do("/v1/queues/"+queue+"/lease", body)
	var a struct{ Jobs []leased }
	if err == nil {
		err = json.Unmarshal(answer, &a)
	}
	if err != nil || status != 200 {
		panic(fmt.Sprint(status, " ", err, " ", string(answer)))
	}
	return a.Jobs
}

// TestPoisonPill runs a worker whose handler ends the process at one of the
// jobs. That job is a dead letter after its attempts, and the others run.
func TestPoisonPill(t *testing.T) {
	if url := childOf(); url != "" {
		for r := newRemote(url); ; {
			for _, l := range r.lease("q", `{"lease":"1s","wait":"5s"}`) {
				if string(l.Payload) == `"poison"` {
					os.Exit(3)
				}
				status, _, _ := r.do("/v1/jobs/"+l.ID+"/complete", `{"token":"`+l.Token+`"}`)
				say("completed %d", status)
			}
		}
	}
	t.Parallel()
	const others, attempts = 12, 3
	b := newBed(t, scheduler.Options{})
	server := httptest.NewServer(b.web)
	defer server.Close()
	id := b.enqueue("q", fmt.Sprintf(`{"payload":"poison","priority":9,"max_attempts":%d}`, attempts))
	for range others {
		b.enqueue("q", `{}`)
	}
	exits, over := 0, time.Now().Add(30*time.Second)
	p := startChild(t, server.URL)
	for b.job(id).State != "dead" || !strings.Contains(string(b.do("GET", "/v1/queues/q", "").body), fmt.Sprintf(`"done":%d,`, others)) {
		if time.Now().After(over) {
			t.Fatalf("after %d exits: %s", exits, b.do("GET", "/v1/queues/q", "").body)
		}
		select {
		case _, ok := <-p.lines:
			if !ok {
				exits++
				_ = p.cmd.Wait()
				if code := p.cmd.ProcessState.ExitCode(); code != 3 {
					t.Fatalf("the worker ended with %d", code)
				}
				p = startChild(t, server.URL)
			}
		case <-time.After(20 * time.Millisecond):
		}
	}
	p.kill()
	j := b.wantState(id, "dead", "enqueued", "leased", "expired", "leased", "expired", "leased", "expired")
	if exits != attempts || len(j.Errors) != attempts || j.Errors[attempts-1].Error != "lease_expired" {
		t.Errorf("%d exits, errors %+v", exits, j.Errors)
	}
	b.check()
}

// TestOneJobAcrossKill sends the same Idempotency-Key over two connections, and
// kills the server in between or while it works: there is one job.
func TestOneJobAcrossKill(t *testing.T) {
	if dir := childOf(); dir != "" {
		b := &bed{t: t, dir: dir}
		b.open()
		say("serves %s", httptest.NewServer(b.web).URL)
		select {}
	}
	t.Parallel()
	rounds := 12
	if os.Getenv("QUINTET_LONG") == "1" {
		rounds = 200
	}
	dir := filepath.Join(memory(t), "data")
	rng := rand.New(rand.NewPCG(1, 9))
	p := startChild(t, dir)
	url := p.hears("serves")
	answered := 0
	for n := range rounds {
		path, key, body := fmt.Sprintf("/v1/queues/q%d/jobs", n), fmt.Sprint("key", n), fmt.Sprintf(`{"payload":%d}`, n)
		first := make(chan string, 1)
		go func() {
			status, answer, _ := newRemote(url).do(path, body, "Idempotency-Key", key)
			first <- idOf(status, answer)
		}()
		id := ""
		if n%3 == 0 {
			id = <-first // it is told before the kill
		} else {
			time.Sleep(time.Duration(rng.IntN(900)) * time.Microsecond)
		}
		p.kill()
		if n%3 != 0 {
			id = <-first
		}
		p = startChild(t, dir)
		url = p.hears("serves")
		again := make(chan string, 2)
		for range 2 {
			go func() {
				status, answer, err := newRemote(url).do(path, body, "Idempotency-Key", key)
				if err != nil || status != 201 && status != 409 {
					t.Errorf("%d %v %s", status, err, answer)
				}
				again <- idOf(status, answer)
			}()
		}
		ids := map[string]bool{id: true, <-again: true, <-again: true}
		if delete(ids, ""); len(ids) != 1 {
			t.Errorf("round %d: the jobs %v", n, ids)
		}
		if id != "" {
			answered++
		}
		if _, answer, err := newRemote(url).do("/v1/queues/"+fmt.Sprintf("q%d", n)+"/lease", `{"limit":10}`); err != nil || bytes.Count(answer, []byte(`"token"`)) != 1 {
			t.Errorf("round %d: leased %s %v", n, answer, err)
		}
	}
	p.kill()
	t.Logf("%d rounds, in %d the first connection heard its answer", rounds, answered)
	b := &bed{t: t, dir: dir}
	b.open()
	defer b.close()
	b.check()
}

// idOf reads the id of a job that was made, "" if none was told.
func idOf(status int, answer []byte) string {
	var j struct{ ID string }
	if status == 201 {
		_ = json.Unmarshal(answer, &j)
	}
	return j.ID
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWorkers runs the workers of examples/workers against the real program:
// they do five jobs, fail one, hear of a cancel, renew their leases, and finish
// what they do at SIGTERM.
func TestWorkers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a worker is ended by SIGTERM, which Windows does not have")
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, "examples", "workers")
	for _, w := range []struct {
		name  string
		tools []string
		args  []string
	}{
		{"curl", []string{"bash", "curl"}, []string{"bash", folder + "/worker.sh", "mail", "sh", "-c", countWords}},
		{"python", []string{"python3"}, []string{"python3", folder + "/worker.py", "mail"}},
	} {
		t.Run(w.name, func(t *testing.T) {
			for _, tool := range w.tools {
				if _, err := exec.LookPath(tool); err != nil {
					t.Skipf("this worker needs %s, which is not installed", tool)
				}
			}
			t.Chdir(t.TempDir())
			r := startServer(t, "--demo-traffic", "off")
			r.testWorker(w.args)
		})
	}
}

// countWords is a command for worker.sh that does what work() of worker.py does.
const countWords = `payload=$(cat)
case $payload in
'['*) echo "no JSON"; exit ;;
*'"fail":true'*) echo "the payload asks for it: \"quoted\"" >&2; exit 1 ;;
*'"seconds":'*) seconds=${payload#*:}; exec sleep "${seconds%\}}" ;;
esac
text=${payload#*'"text":"'}
printf '{"words":%d,"attempt":%d}\n' "$(printf %s "${text%%\"*}" | wc -w)" "$JOB_ATTEMPT"`

func (r *running) testWorker(args []string) {
	r.t.Helper()
	enqueue := func(job string) (id string) {
		var j struct{ ID string }
		if err := json.Unmarshal(r.call("POST", "/v1/queues/mail/jobs", job, 201), &j); err != nil {
			r.t.Fatal(err)
		}
		return j.ID
	}
	var jobs []string
	for n := range 5 { // what looks like the lease itself must not confuse a worker
		jobs = append(jobs, enqueue(fmt.Sprintf(`{"payload":{"text":"%s","attempt":7,"token":"1","jobs":[{"id":"x"}]}}`, strings.Repeat("ä word ", n))))
	}
	bad := enqueue(`{"payload":{"fail":true},"backoff":["1h"]}`)
	odd := enqueue(`{"payload":["not","what","it","knows"],"backoff":["1h"]}`)

	w := r.startWorker(args)
	w.await("job.done", 5)
	w.await("job.failed", 2)
	for n, id := range jobs {
		r.call("GET", "/v1/jobs/"+id, "", 200, `"state":"done"`, `"attempt":1`, fmt.Sprintf(`"words":%d`, 2*n))
	}
	r.call("GET", "/v1/jobs/"+bad, "", 200, `"state":"retrying"`, "the payload asks for it")
	r.call("GET", "/v1/jobs/"+odd, "", 200, `"state":"retrying"`, `"error":`)

	cancelled := enqueue(`{"payload":{"seconds":600}}`)
	for !bytes.Contains(r.call("GET", "/v1/jobs/"+cancelled, "", 200), []byte(`"state":"running"`)) {
		r.call("POST", "/v1/queues/nobody/lease", `{"wait":"100ms"}`, 200)
	}
	r.call("POST", "/v1/jobs/"+cancelled+"/cancel", "", 200, `"state":"running"`)
	w.await("job.cancelled", 1)

	long := enqueue(`{"payload":{"seconds":5}}`)
	r.call("POST", "/v1/queues/nobody/lease", `{"wait":"4s"}`, 200) // longer than a lease; nobody enqueues there
	r.call("GET", "/v1/jobs/"+long, "", 200, `"state":"running"`, `"attempt":1`)
	w.stop() // softly: this job ends first
	r.call("GET", "/v1/jobs/"+long, "", 200, `"state":"done"`, `"attempt":1`)
}

// worker is one that runs, and what happens meanwhile.
type worker struct {
	*running
	cmd     *exec.Cmd
	printed strings.Builder
	ended   chan error
	events  *bufio.Scanner
	seen    map[string]int
}

// startWorker listens to what happens in the demo tenant, as long as the
// worker runs that it starts.
func (r *running) startWorker(args []string) *worker {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Minute) // one that hangs is to tell what it printed
	q, err := http.NewRequestWithContext(ctx, "GET", r.url+"/v1/activity", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+r.key)
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { answer.Body.Close() })
	w := &worker{running: r, cmd: exec.CommandContext(ctx, args[0], args[1:]...), ended: make(chan error, 1), events: bufio.NewScanner(answer.Body), seen: map[string]int{}}
	w.cmd.Env = append(os.Environ(), "WORKER_URL="+r.url, "WORKER_KEY="+r.key, "WORKER_LEASE=3")
	w.cmd.Stdout, w.cmd.Stderr = &w.printed, &w.printed
	if err := w.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	go func() {
		w.ended <- w.cmd.Wait()
		cancel()
	}()
	return w
}

// await returns when there have been n events of a kind.
func (w *worker) await(kind string, n int) {
	w.t.Helper()
	for w.seen[kind] < n {
		if !w.events.Scan() {
			w.t.Fatalf("the worker ended with %v before %d %s:\n%s", <-w.ended, n, kind, w.printed.String())
		}
		for _, k := range []string{"job.done", "job.failed", "job.cancelled"} {
			w.seen[k] += strings.Count(w.events.Text(), `"`+k+`"`)
		}
	}
}

// stop ends the worker and waits for it.
func (w *worker) stop() {
	w.t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	if err := <-w.ended; err != nil {
		w.t.Errorf("the worker ended with %v:\n%s", err, w.printed.String())
	}
}

//go:build unix

package scheduler_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"quintet/scheduler"
)

// TestStoppedWorker stops a worker's process past its lease and lets it go on:
// whatever it does then is refused, by the scheduler and by the resource that
// knows its tokens.
func TestStoppedWorker(t *testing.T) {
	if url := childOf(); url != "" {
		stoppedWorker(newRemote(url))
	}
	t.Parallel()
	b := newBed(t, scheduler.Options{})
	resource, err := openLedger(filepath.Join(memory(t), "ledger"))
	must(t, err)
	mux := http.NewServeMux()
	mux.Handle("/", b.web)
	mux.HandleFunc("POST /effects/{id}/{token}", func(w http.ResponseWriter, r *http.Request) {
		if !resource.effect(r.PathValue("id"), decimal(r.PathValue("token")), "ref") {
			w.WriteHeader(http.StatusConflict)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	id := b.enqueue("q", `{"max_attempts":3}`)
	p := startChild(t, server.URL)
	var old leased
	must(t, json.Unmarshal([]byte(p.hears("leased")), &old))
	resource.begin(old.ID, decimal(old.Token), "q/")
	p.hears("beats")
	must(t, p.cmd.Process.Signal(syscall.SIGSTOP))
	jobs := b.lease("q", `{"wait":"20s","lease":"1m"}`)
	if len(jobs) != 1 || jobs[0].ID != id || !less(old.Token, jobs[0].Token) {
		t.Fatalf("leased %+v after %+v", jobs, old)
	}
	resource.begin(id, decimal(jobs[0].Token), "q/")
	must(t, p.cmd.Process.Signal(syscall.SIGCONT))
	var got map[string]string
	must(t, json.Unmarshal([]byte(p.hears("refused")), &got))
	for _, call := range []string{"progress", "complete", "fail", "snooze"} {
		if got[call] != "409 lease_lost" {
			t.Errorf("%s: %s", call, got[call])
		}
	}
	if got["complete many"] != "200 lost" || got["effect"] != "409 " {
		t.Errorf("%v", got)
	}
	if resource.effects[id] || !resource.effect(id, decimal(jobs[0].Token), "ref") {
		t.Error("the effect of the old token was taken, or that of the new one was not")
	}
	b.call(jobs[0], "complete", ``).want(200)
	b.wantState(id, "done", "enqueued", "leased", "expired", "leased", "completed")
	b.check()
}

// stoppedWorker sends heartbeats until one is lost, and then tries everything.
func stoppedWorker(r *remote) {
	jobs := r.lease("q", `{"lease":"2s","wait":"20s"}`)
	text, _ := json.Marshal(jobs[0])
	say("leased %s", text)
	l := jobs[0]
	ref := `{"id":"` + l.ID + `","token":"` + l.Token + `"}`
	for beats := 1; ; beats++ {
		_, answer, err := r.do("/v1/leases/heartbeat", `{"leases":[`+ref+`],"extend":"2s"}`)
		var a struct{ Lost []string }
		if err != nil || json.Unmarshal(answer, &a) != nil {
			panic(fmt.Sprint(err, " ", string(answer)))
		}
		if len(a.Lost) > 0 {
			break
		}
		if beats == 10 { // more than the lease that it began with
			say("beats %d", beats)
		}
		time.Sleep(250 * time.Millisecond)
	}
	got := map[string]string{}
	try := func(name, path, body string) {
		status, answer, _ := r.do(path, body)
		var p struct {
			Code string
			Lost []string
		}
		_ = json.Unmarshal(answer, &p)
		if len(p.Lost) > 0 {
			p.Code = "lost"
		}
		got[name] = fmt.Sprint(status, " ", p.Code)
	}
	token := `{"token":"` + l.Token + `"`
	try("effect", "/effects/"+l.ID+"/"+l.Token, ``)
	try("progress", "/v1/jobs/"+l.ID+"/progress", token+`,"progress":99}`)
	try("complete", "/v1/jobs/"+l.ID+"/complete", token+`}`)
	try("complete many", "/v1/leases/complete", `{"jobs":[`+ref+`]}`)
	try("fail", "/v1/jobs/"+l.ID+"/fail", token+`}`)
	try("snooze", "/v1/jobs/"+l.ID+"/snooze", token+`,"delay":"1s"}`)
	text, _ = json.Marshal(got)
	say("refused %s", text)
	select {}
}

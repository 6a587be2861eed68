package scheduler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/scheduler"
)

// follower is one live connection and what has come over it.
type follower struct {
	b      *bed
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	header http.Header
	status int
	text   strings.Builder
	seen   int // events that were taken
}

func (f *follower) Header() http.Header { return f.header }

func (f *follower) WriteHeader(status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status = status
}

func (f *follower) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.Write(p)
}

func (f *follower) Flush() {}

// follow opens a live connection, in a bubble of virtual time.
func (b *bed) follow(path string, headers ...string) *follower {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{b: b, cancel: cancel, done: make(chan struct{}), header: http.Header{}}
	r := httptest.NewRequestWithContext(ctx, "GET", path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	go func() {
		defer close(f.done)
		b.web.ServeHTTP(f, r)
	}()
	b.t.Cleanup(cancel)
	synctest.Wait()
	return f
}

// all is what has come so far.
func (f *follower) all() string {
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.String()
}

// events takes the events that have come since it was called last.
func (f *follower) events() (list []string) {
	for _, part := range strings.Split(f.all(), "\n\n") {
		if strings.HasPrefix(part, "event: ") {
			list = append(list, part)
		}
	}
	list, f.seen = list[f.seen:], len(list)
	return list
}

// want demands how many events have come since the last call, of which kind,
// and what the last of them says.
func (f *follower) want(kind string, n int, texts ...string) {
	f.b.t.Helper()
	list := f.events()
	if len(list) != n {
		f.b.t.Fatalf("%d events, expected were %d: %s", len(list), n, strings.Join(list, "\n"))
	}
	for _, event := range list {
		name, data, _ := strings.Cut(event, "\ndata: ")
		if name != "event: "+kind || !json.Valid([]byte(data)) {
			f.b.t.Fatalf("the event %q, expected was one of %s", event, kind)
		}
	}
	for _, text := range texts {
		unwanted, not := strings.CutPrefix(text, "!")
		if not == strings.Contains(list[n-1], unwanted) {
			f.b.t.Fatalf("expected was %s in %s", text, list[n-1])
		}
	}
}

// wantLast demands at least one event of a queue since the last call, and what
// the last of them says: a change that is told while an event is written makes
// another one.
func (f *follower) wantLast(texts ...string) {
	f.b.t.Helper()
	list := f.events()
	if len(list) == 0 || len(list) > 2 {
		f.b.t.Fatalf("%d events: %s", len(list), strings.Join(list, "\n"))
	}
	f.seen--
	f.want("queue", 1, texts...)
}

// wantEnd demands a last event of some texts, and that the connection ended.
func (f *follower) wantEnd(texts ...string) {
	f.b.t.Helper()
	f.want("goodbye", 1, texts...)
	select {
	case <-f.done:
	default:
		f.b.t.Fatal("the connection is open")
	}
}

// TestLiveJob follows jobs.
func TestLiveJob(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	scenario("OK from its first change to its last", func(b *bed) {
		id := b.enqueue("q", `{"payload":"<x>","delay":"10s","backoff":["0s"]}`)
		f := b.follow("/v1/jobs/" + id + "/live")
		if f.status != 200 || f.header.Get("Content-Type") != "text/event-stream" || f.header.Get("Cache-Control") != "no-store" {
			b.t.Errorf("answered %d %v", f.status, f.header)
		}
		f.want("job", 1, id, `"state":"scheduled"`, `"event":"enqueued"`)
		pass(9 * time.Second)
		f.want("job", 0)
		pass(time.Second)
		f.want("job", 1, `"state":"ready"`)
		b.do("PATCH", "/v1/jobs/"+id, `{"priority":9}`).want(200)
		f.want("job", 1, `"priority":9`)
		l := b.leaseOne("q")
		f.want("job", 1, `"state":"running"`)
		b.call(l, "progress", `,"progress":30,"message":"half"`).want(204)
		f.want("job", 1, `"progress":{"percent":30,"message":"half"}`)
		b.heartbeat(l).want(200)
		f.want("job", 1, `"expires_at"`)
		b.call(l, "fail", `,"error":"oops"`).want(200)
		f.want("job", 1, `"state":"ready"`, "oops")
		b.call(b.leaseOne("q"), "complete", `,"output":5`).want(200)
		list := f.events()
		if n := len(list); n < 2 || !strings.Contains(list[n-2], `"state":"done"`) || !strings.Contains(list[n-2], `"output":5`) ||
			!strings.HasPrefix(list[n-1], "event: goodbye") || !strings.Contains(list[n-1], `"code":"job_ended"`) {
			b.t.Errorf("the last events were %v", list)
		}
		<-f.done
	})
	scenario("OK one that has ended", func(b *bed) {
		id := b.enqueue("q", `{}`)
		b.do("POST", "/v1/jobs/"+id+"/cancel", ``).want(200)
		f := b.follow("/v1/jobs/" + id + "/live")
		list := f.events()
		if len(list) != 2 || !strings.Contains(list[0], `"state":"cancelled"`) || !strings.Contains(list[1], "job_ended") {
			b.t.Errorf("events %v", list)
		}
		<-f.done
	})
	scenario("OK it shows that it lives", func(b *bed) {
		f := b.follow("/v1/jobs/" + b.enqueue("q", `{}`) + "/live")
		f.want("job", 1)
		pass(time.Minute)
		f.want("job", 0)
		if n := strings.Count(f.all(), ": still here\n\n"); n != 4 {
			b.t.Errorf("%d comments in a minute: %s", n, f.all())
		}
	})
	scenario("OK goodbye", func(b *bed) {
		f := b.follow("/v1/jobs/" + b.enqueue("q", `{}`) + "/live")
		f.want("job", 1)
		b.s.Goodbye()
		f.wantEnd(`"code":"stopping"`)
	})
	scenario("OK stop", func(b *bed) {
		f := b.follow("/v1/jobs/" + b.enqueue("q", `{}`) + "/live")
		f.want("job", 1)
		must(b.t, b.s.Stop(context.Background()))
		f.wantEnd(`"code":"stopping"`)
	})
	scenario("OK many changes are one event behind at most", func(b *bed) {
		id := b.enqueue("q", `{}`)
		fs := []*follower{b.follow("/v1/jobs/" + id + "/live"), b.follow("/v1/jobs/" + id + "/live")}
		for i := range 100 {
			b.do("PATCH", "/v1/jobs/"+id, fmt.Sprintf(`{"priority":%d}`, i%10)).want(200)
		}
		for _, f := range fs {
			list := f.events()
			if last := list[len(list)-1]; len(list) > 101 || strings.Count(last, `"changed"`) != 100 {
				b.t.Errorf("%d events, the last is %s", len(list), last)
			}
		}
	})
	scenario("OK a rebuilt board goes on", func(b *bed) {
		id := b.enqueue("q", `{}`)
		f := b.follow("/v1/jobs/" + id + "/live")
		must(b.t, b.s.RebuildBoard(context.Background()))
		f.events()
		b.leaseOne("q")
		f.want("job", 1, `"state":"running"`)
	})
	scenario("ErrNobody", func(b *bed) {
		_, err := b.e.Tenants.Create(context.Background(), "other", nothing)
		must(b.t, err)
		id := b.enqueue("q", `{}`)
		b.do("GET", "/v1/jobs/x/live", "").want(404, "job_not_found")
		b.do("GET", "/v1/jobs/00000000-0000-7000-8000-000000000000/live", "").want(404, "job_not_found")
		b.do("GET", "/v1/jobs/"+id+"/live", "", "Test-Tenant", "other").want(404, "job_not_found")
		b.do("GET", "/v1/queues/none/live", "").want(404, "queue_not_found")
		b.do("GET", "/v1/queues/q/live", "", "Test-Tenant", "other").want(404, "queue_not_found")
		b.do("GET", "/v1/queues/Q/live", "").want(422, "invalid_name")
	})
	scenario("ErrMany", func(b *bed) {
		_, err := b.e.Tenants.Create(context.Background(), "other", nothing)
		must(b.t, err)
		id := b.enqueue("q", `{}`)
		b.do("POST", "/v1/queues/q/jobs", `{}`, "Test-Tenant", "other").want(201)
		var all []*follower
		for i := range 200 {
			all = append(all, b.follow([]string{"/v1/jobs/" + id + "/live", "/v1/queues/q/live"}[i%2]))
		}
		b.do("GET", "/v1/jobs/"+id+"/live", "").want(429, "too_many_watchers")
		b.do("GET", "/v1/queues/q/live", "").want(429, "too_many_watchers")
		b.follow("/v1/queues/q/live", "Test-Tenant", "other").want("queue", 1)
		for _, f := range all[:2] { // one of each
			f.cancel()
			<-f.done
		}
		b.follow("/v1/jobs/"+id+"/live").want("job", 1)
		b.follow("/v1/queues/q/live").want("queue", 1)
		b.do("GET", "/v1/queues/q/live", "").want(429)
	})
}

// TestLiveQueue follows queues.
func TestLiveQueue(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	scenario("OK at once and after changes, four times a second at most", func(b *bed) {
		b.enqueue("q", `{}`)
		f := b.follow("/v1/queues/q/live")
		f.want("queue", 1, `"name":"q"`, `"ready":1`, `"definition":{}`)
		b.enqueue("q", `{}`)
		f.want("queue", 0)
		pass(250 * time.Millisecond)
		f.wantLast(`"ready":2`)
		for range 40 {
			b.enqueue("q", `{"delay":"1h"}`)
			pass(25 * time.Millisecond)
		}
		pass(time.Second)
		if list := f.events(); len(list) < 4 || len(list) > 5 || !strings.Contains(list[len(list)-1], `"scheduled":40`) {
			b.t.Errorf("%d events in a second: %v", len(list), list)
		}
		b.enqueue("other", `{}`)
		pass(time.Minute)
		f.want("queue", 0)
		l := b.lease("q", `{}`)[0]
		pass(time.Second)
		f.wantLast(`"running":1`)
		b.call(l, "complete", ``).want(200)
		pass(time.Second)
		f.wantLast(`"done":1`, `"running":0`)
	})
	scenario("OK its state and its definition", func(b *bed) {
		etag := b.do("PUT", "/v1/queues/q", `{}`).want(201).header.Get("ETag")
		f := b.follow("/v1/queues/q/live")
		f.want("queue", 1, `"state":"active"`)
		pass(time.Second)
		b.do("POST", "/v1/queues/q/pause", `{"note":"deploy"}`).want(200)
		pass(time.Second)
		f.wantLast(`"state":"paused"`, `"note":"deploy"`)
		b.do("POST", "/v1/queues/q/resume", ``).want(200)
		pass(time.Second)
		f.wantLast(`"state":"active"`, `!"note"`)
		b.do("PUT", "/v1/queues/q", `{"concurrency":7}`, "If-Match", etag).want(200)
		pass(time.Second)
		f.wantLast(`"concurrency":7`)
	})
	scenario("OK jobs that are removed", func(b *bed) {
		id := b.enqueue("q", `{}`)
		b.do("POST", "/v1/jobs/"+id+"/cancel", ``).want(200)
		f := b.follow("/v1/queues/q/live")
		f.want("queue", 1, `"cancelled":1`)
		b.do("DELETE", "/v1/jobs/"+id, "").want(204)
		pass(time.Second)
		f.wantLast(`"cancelled":0`)
	})
	scenario("OK deleted", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{}`).want(201)
		f := b.follow("/v1/queues/q/live")
		f.want("queue", 1)
		b.do("DELETE", "/v1/queues/q", "").want(204)
		pass(time.Second)
		f.wantEnd(`"code":"gone"`)
		b.do("GET", "/v1/queues", "").want(200, `"items":[]`)
	})
	scenario("OK goodbye", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{}`).want(201)
		f := b.follow("/v1/queues/q/live")
		f.want("queue", 1)
		b.s.Goodbye()
		f.wantEnd(`"code":"stopping"`)
	})
	scenario("OK who left is forgotten", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{}`).want(201)
		f := b.follow("/v1/queues/q/live")
		f.cancel()
		<-f.done
		b.do("DELETE", "/v1/queues/q", "").want(204)
		b.do("GET", "/v1/queues/q/live", "").want(404)
	})
}

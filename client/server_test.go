package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// server does what the real one does with jobs, in memory, and makes trouble
// where a test wants it. Its listener is made of pipes, so that time can stand
// still around it.
type server struct {
	*http.ServeMux
	conns  chan net.Conn
	closed chan struct{}

	mu      sync.Mutex
	jobs    map[string]*job
	order   []string      // ids, oldest first
	change  chan struct{} // closed and replaced when a job becomes ready
	token   int
	keys    map[string]string // Idempotency-Key → id
	calls   []request
	trouble func(r request) trouble // nil = none
	down    bool                    // nobody listens
}

// request is one call, as the server saw it.
type request struct {
	at     time.Time
	call   string // "POST /v1/leases"
	body   string
	header http.Header
	nth    int // of this call, from 1
}

// trouble is what goes wrong with one call.
type trouble struct {
	status     int    // answer with it, without any effect
	code       string // of the problem; "" = no problem at all, as of a proxy
	retryAfter string
	cut        bool          // do it, and close the connection without an answer
	hang       time.Duration // before anything else
}

type job struct {
	ID, Queue, State, Token string
	Payload, Output         json.RawMessage
	Attempt                 int
	Error                   string
	Spec                    string // as it came
	Delay                   string // of the last snooze
	Told                    string // progress and message, one after the other

	expires time.Time
	cancel  bool
	stolen  bool // its lease is lost, whatever the worker thinks
}

func newServer() *server {
	s := &server{
		ServeMux: http.NewServeMux(), conns: make(chan net.Conn), closed: make(chan struct{}),
		jobs: map[string]*job{}, keys: map[string]string{}, change: make(chan struct{}),
	}
	s.HandleFunc("POST /v1/queues/{queue}/jobs", s.enqueue)
	s.HandleFunc("POST /v1/leases", s.lease)
	s.HandleFunc("POST /v1/leases/heartbeat", s.heartbeat)
	s.HandleFunc("POST /v1/leases/complete", s.completeMany)
	s.HandleFunc("GET /v1/jobs/{id}", s.get)
	s.HandleFunc("POST /v1/jobs/{id}/{what}", s.settle)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	q := request{at: time.Now(), call: r.Method + " " + r.URL.Path, body: body.String(), header: r.Header, nth: 1}
	s.mu.Lock()
	for _, c := range s.calls {
		if c.call == q.call {
			q.nth++
		}
	}
	s.calls = append(s.calls, q)
	var t trouble
	if s.trouble != nil {
		t = s.trouble(q)
	}
	s.mu.Unlock()
	select {
	case <-time.After(t.hang):
	case <-r.Context().Done():
		return
	}
	r.Body = http.NoBody
	r = r.WithContext(context.WithValue(r.Context(), bodyKey{}, q.body))
	switch {
	case t.retryAfter != "":
		w.Header().Set("Retry-After", t.retryAfter)
		fallthrough
	case t.status != 0:
		problem(w, t.status, t.code)
	case t.cut:
		s.ServeMux.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		s.ServeMux.ServeHTTP(w, r)
	}
}

type bodyKey struct{}

func in[T any](r *http.Request) (v T) {
	_ = json.Unmarshal([]byte(r.Context().Value(bodyKey{}).(string)), &v)
	return v
}

func problem(w http.ResponseWriter, status int, code string) {
	if code == "" {
		http.Error(w, "<html>no gateway</html>", status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"status":%d,"code":%q,"detail":"what was wrong","request_id":"r1","errors":[{"location":"body.x","message":"is bad"}]}`, status, code)
}

func (s *server) enqueue(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	id := s.keys[key]
	if id == "" {
		id = fmt.Sprintf("job-%03d", len(s.order)+1)
		s.keys[key], s.order = id, append(s.order, id)
		s.jobs[id] = &job{ID: id, Queue: r.PathValue("queue"), State: "ready", Payload: in[struct{ Payload json.RawMessage }](r).Payload, Spec: r.Context().Value(bodyKey{}).(string)}
		s.wake()
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(s.jobs[id])
}

func (s *server) wake() {
	close(s.change)
	s.change = make(chan struct{})
}

func (s *server) lease(w http.ResponseWriter, r *http.Request) {
	q := in[struct {
		Queues              []string
		Limit               int
		Wait, Lease, Worker string
	}](r)
	wait, _ := time.ParseDuration(q.Wait)
	lease, _ := time.ParseDuration(q.Lease)
	for over := time.After(wait); ; {
		s.mu.Lock()
		list, change := s.take(q.Queues, q.Limit, lease), s.change
		s.mu.Unlock()
		if len(list) > 0 {
			_ = json.NewEncoder(w).Encode(map[string]any{"jobs": list})
			return
		}
		select {
		case <-change:
		case <-time.After(time.Second): // leases end, too
		case <-over:
			fmt.Fprint(w, `{"jobs":[]}`)
			return
		case <-r.Context().Done():
			return
		}
	}
}

func (s *server) take(queues []string, limit int, lease time.Duration) (list []any) {
	for _, queue := range queues {
		for _, id := range s.order {
			j := s.jobs[id]
			if j.Queue != queue || len(list) == limit || !(j.State == "ready" || j.State == "running" && !time.Now().Before(j.expires)) {
				continue
			}
			s.token++
			j.State, j.Attempt, j.Token, j.expires, j.stolen = "running", j.Attempt+1, fmt.Sprint(s.token), time.Now().Add(lease), false
			list = append(list, map[string]any{"id": id, "queue": queue, "payload": j.Payload, "attempt": j.Attempt, "max_attempts": 5, "token": j.Token, "expires_at": j.expires})
		}
	}
	return list
}

// holds reports whether token is that of j's lease.
func (j *job) holds(token string) bool {
	return j != nil && j.State == "running" && j.Token == token && !j.stolen && time.Now().Before(j.expires)
}

func (s *server) heartbeat(w http.ResponseWriter, r *http.Request) {
	q := in[struct {
		Leases []struct {
			ID, Token, Message string
			Progress           *int
		}
		Extend string
	}](r)
	extend, _ := time.ParseDuration(q.Extend)
	answer := map[string][]string{"extended": {}, "lost": {}, "cancel": {}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range q.Leases {
		j := s.jobs[l.ID]
		if !j.holds(l.Token) {
			answer["lost"] = append(answer["lost"], l.ID)
			continue
		}
		j.expires = time.Now().Add(extend)
		if l.Progress != nil {
			j.Told += fmt.Sprintf("%d %s;", *l.Progress, l.Message)
		}
		answer["extended"] = append(answer["extended"], l.ID)
		if j.cancel {
			answer["cancel"] = append(answer["cancel"], l.ID)
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *server) complete(id, token string, output json.RawMessage) bool {
	j := s.jobs[id]
	if j != nil && j.State == "done" && j.Token == token {
		return true
	}
	if !j.holds(token) {
		return false
	}
	j.State, j.Output = "done", output
	return true
}

func (s *server) completeMany(w http.ResponseWriter, r *http.Request) {
	q := in[struct {
		Jobs []struct {
			ID, Token string
			Output    json.RawMessage
		}
	}](r)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range q.Jobs {
		if string(j.Output) == `"unwanted"` {
			problem(w, 422, "validation_failed")
			return
		}
	}
	answer := map[string][]string{"completed": {}, "lost": {}}
	for _, j := range q.Jobs {
		what := "lost"
		if s.complete(j.ID, j.Token, j.Output) {
			what = "completed"
		}
		answer[what] = append(answer[what], j.ID)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *server) get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.jobs[r.PathValue("id")]; j != nil {
		_ = json.NewEncoder(w).Encode(j)
		return
	}
	problem(w, 404, "job_not_found")
}

func (s *server) settle(w http.ResponseWriter, r *http.Request) {
	q := in[struct {
		Token, Error, Delay string
		Final               bool
		Output              json.RawMessage
	}](r)
	s.mu.Lock()
	defer s.mu.Unlock()
	j, what := s.jobs[r.PathValue("id")], r.PathValue("what")
	switch {
	case j == nil:
		problem(w, 404, "job_not_found")
		return
	case what == "cancel":
		j.cancel = true
	case what == "retry":
		j.State, j.Attempt = "ready", 0
		s.wake()
	case what == "complete" && string(q.Output) == `"unwanted"`:
		problem(w, 422, "validation_failed")
		return
	case what == "complete" && s.complete(j.ID, q.Token, q.Output):
	case !j.holds(q.Token):
		problem(w, 409, "lease_lost")
		return
	case what == "fail" && (j.cancel || q.Final):
		j.State, j.Error = "cancelled", q.Error
	case what == "fail":
		j.State, j.Error = "retrying", q.Error
	case what == "snooze":
		j.State, j.Delay, j.Attempt = "scheduled", q.Delay, j.Attempt-1
	}
	_ = json.NewEncoder(w).Encode(j)
}

// The listener.

func (s *server) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *server) Close() error   { close(s.closed); return nil }
func (s *server) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (s *server) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	if down {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	select {
	case s.conns <- theirs:
		return ours, nil
	case <-s.closed: // the transport had begun to dial and nobody needs it any more
		return nil, net.ErrClosed
	}
}

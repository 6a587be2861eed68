package client_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"quintet/client"
)

// bed is a client of a server, on a clock that moves on when everybody waits.
type bed struct {
	*testing.T
	s *server
	c *client.Client

	transport *http.Transport
}

func virtual(t *testing.T, test func(b *bed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		web := &http.Server{Handler: s}
		go web.Serve(s)
		b := &bed{T: t, s: s, transport: &http.Transport{DialContext: s.dial}}
		b.c = client.New("http://quintet.test/", "qk_secret", client.Options{HTTP: &http.Client{Transport: b.transport}})
		test(b)
		b.transport.CloseIdleConnections()
		if err := web.Close(); err != nil {
			t.Error(err)
		}
	})
}

// enqueue makes n jobs.
func (b *bed) enqueue(queue string, n int) {
	b.Helper()
	for i := range n {
		if _, err := b.c.Enqueue(b.Context(), queue, i, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// makeTrouble begins now.
func (b *bed) makeTrouble(f func(r request) trouble) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.s.trouble = f
}

// on makes trouble with the first calls of one kind, one after the other.
func (b *bed) on(call string, list ...trouble) {
	n := 0
	b.makeTrouble(func(r request) trouble {
		if !matches(call, r.call) || n == len(list) {
			return trouble{}
		}
		n++
		return list[n-1]
	})
}

// matches compares calls; * in the pattern is any one element.
func matches(pattern, call string) bool {
	p, c := strings.Split(pattern, "/"), strings.Split(call, "/")
	return slices.EqualFunc(p, c, func(p, c string) bool { return p == "*" || p == c })
}

// calls returns the calls of one kind.
func (b *bed) calls(call string) (list []request) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for _, r := range b.s.calls {
		if matches(call, r.call) {
			list = append(list, r)
		}
	}
	return list
}

// job returns the n-th job, from 1, as the server has it.
func (b *bed) job(n int) job {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	return *b.s.jobs[b.s.order[n-1]]
}

// change changes the n-th job.
func (b *bed) change(n int, f func(j *job)) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	f(b.s.jobs[b.s.order[n-1]])
}

// wantState demands the state of the n-th job.
func (b *bed) wantState(n int, state string) job {
	b.Helper()
	j := b.job(n)
	if j.State != state {
		b.Fatalf("job %d is %s, expected was %s: %+v", n, j.State, state, j)
	}
	return j
}

// pass lets virtual time pass and waits until what is due has been done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

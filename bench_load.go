package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// want sends a JSON body and demands success.
func (w *wire) want(method, path, body string) ([]byte, error) {
	media := ""
	if body != "" {
		media = "application/json"
	}
	return wanted(method, path)(w.do(method, path, media, []byte(body)))
}

// wantLines sends many jobs or documents and demands that all are taken.
func (w *wire) wantLines(path string, lines []byte) error {
	answer, err := wanted("POST", path)(w.do("POST", path, "application/x-ndjson", lines))
	if err == nil && !bytes.Contains(answer, []byte(`"rejected":0`)) {
		err = fmt.Errorf("POST %s rejects lines: %.500s", path, answer)
	}
	return err
}

// wanted turns a status that is no success into an error.
func wanted(method, path string) func(int, []byte, error) ([]byte, error) {
	return func(status int, answer []byte, err error) ([]byte, error) {
		if err == nil && status >= http.StatusMultipleChoices {
			err = &refusal{method + " " + path, status, strings.TrimSpace(fmt.Sprintf("%.500s", answer))}
		}
		if err != nil {
			return nil, err
		}
		return answer, nil
	}
}

// refusal is an answer that is no success.
type refusal struct {
	request string
	status  int
	answer  string
}

func (r *refusal) Error() string { return fmt.Sprintf("%s: %d %s", r.request, r.status, r.answer) }

// lacks tells that the server does not have what was asked for: no such route,
// or a value that is described and not built.
func lacks(err error) (why string, is bool) {
	var r *refusal
	if !errors.As(err, &r) {
		return "", false
	}
	switch r.status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnprocessableEntity:
		why = fmt.Sprintf("%s answers %d", r.request, r.status)
		if detail := text([]byte(r.answer), "detail"); detail != "" {
			why += ": " + detail
		}
		return why, true
	}
	return "", false
}

// text returns the first string of a name in a JSON answer. The benchmark's own
// payloads hold none of the names it looks for, so nothing need be parsed.
func text(answer []byte, name string) string {
	_, after, _ := bytes.Cut(answer, []byte(`"`+name+`":"`))
	value, _, _ := bytes.Cut(after, []byte(`"`))
	return string(value)
}

// times is what calls on several connections took.
type times struct {
	calls   []time.Duration
	elapsed time.Duration
}

func (t times) perSecond(each int) float64 {
	return float64(len(t.calls)*each) / t.elapsed.Seconds()
}

// drive makes calls on n connections, each one after the other, as long as more
// says so of the time that has passed. An error ends all of them.
func (s *benchServer) drive(ctx context.Context, n int, more func(time.Duration) bool, call func(*wire) error) (times, error) {
	return s.connected(ctx, n, func(ctx context.Context, w *wire, began time.Time) (took []time.Duration, err error) {
		for ctx.Err() == nil && more(time.Since(began)) {
			start := time.Now()
			if err := call(w); err != nil {
				return took, err
			}
			took = append(took, time.Since(start))
		}
		return took, nil
	})
}

// importAll sends each body once, of lines that must all be taken.
func (s *benchServer) importAll(ctx context.Context, path string, bodies [][]byte) (times, error) {
	return s.each(ctx, len(bodies), func(w *wire, i int) error { return w.wantLines(path, bodies[i]) })
}

// each makes the calls below n on 4 connections.
func (s *benchServer) each(ctx context.Context, n int, call func(w *wire, i int) error) (times, error) {
	var next atomic.Int64
	return s.connected(ctx, 4, func(ctx context.Context, w *wire, _ time.Time) (took []time.Duration, err error) {
		for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
			start := time.Now()
			if err := call(w, i); err != nil {
				return took, err
			}
			took = append(took, time.Since(start))
		}
		return took, nil
	})
}

// connected runs one load on each of n connections, all of which have begun at
// the same time. An error ends all of them.
func (s *benchServer) connected(ctx context.Context, n int, run func(context.Context, *wire, time.Time) ([]time.Duration, error)) (t times, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	wires := make([]*wire, n)
	for i := range wires {
		if wires[i], err = dialWire(ctx, s.addr, s.key); err != nil {
			return t, err
		}
		defer wires[i].Close()
		if _, err := wires[i].want("GET", "/v1/whoami", ""); err != nil { // the first call looks the key up
			return t, err
		}
	}
	took := make([][]time.Duration, n)
	began := time.Now()
	var all sync.WaitGroup
	for i, w := range wires {
		all.Go(func() {
			var err error
			if took[i], err = run(ctx, w, began); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return times{slices.Concat(took...), time.Since(began)}, context.Cause(ctx)
}

// inTime is true for as long as a load runs.
func (b *bench) inTime(passed time.Duration) bool { return passed < b.settings.time() }

// beside makes calls on n connections until first has ended. The first error
// ends both.
func (s *benchServer) beside(ctx context.Context, n int, call func(*wire) error, first func(context.Context) error) (t times, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	over := make(chan struct{})
	more := func(time.Duration) bool {
		select {
		case <-over:
			return false
		default:
			return true
		}
	}
	var second sync.WaitGroup
	second.Go(func() {
		var err error
		if t, err = s.drive(ctx, n, more, call); err != nil {
			cancel(err)
		}
	})
	if err := first(ctx); err != nil {
		cancel(err)
	}
	close(over)
	second.Wait()
	return t, context.Cause(ctx)
}

// pause waits, or returns why the wait was cut short.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

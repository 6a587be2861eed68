package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestBenchSearch measures so little that the figures mean nothing, and looks
// at which there are, and at what has to be right however little it is.
func TestBenchSearch(t *testing.T) {
	stdout, stderr := runBench(t, "search", exitOK, "--json", "--seconds", "0.05", "--documents", "100", "--embedded", "4")
	var report benchReport
	decoder := json.NewDecoder(strings.NewReader(stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&report); err != nil || decoder.More() {
		t.Fatalf("no single report: %v\n%s", err, stdout)
	}
	if report.Documents != 100 || report.Embedded != 4 || report.Jobs != 0 || report.PayloadBytes != 0 {
		t.Errorf("the report begins with %+v", report)
	}
	load := []string{"rate", "batch of 5 p50", "batch of 5 p99", "batch of 5 max"}
	searched := slices.Concat(load, steadyFigures("settled"))
	if runtime.GOOS == "linux" {
		searched = append(searched, "RssAnon", "RssFile")
	}
	checkMeasures(t, &report, stderr, searchMeasures(), map[string][]string{
		"index":         load,
		"index-vectors": load,
		"index-model":   {"the model alone", "rate", "of the model's rate"},
		"search":        searched,
		"restart":       {"acknowledged", "start to ready", "start to the first answer", "documents", "lost of 1000 looked for", "embedded again"},
	})
	for _, m := range report.Measures {
		for _, f := range m.Figures {
			if right := m.Name == "restart" && f.Bar != nil && f.Unit != "s"; right && !f.Bar.Met {
				t.Errorf("%s: %s is %v; want %s", m.Name, f.Name, f.Value, f.Bar)
			}
		}
	}
}

// steadyFigures are those of one state of the index.
func steadyFigures(state string) (names []string) {
	for _, load := range []string{"500 keyword/s", "200 hybrid/s"} {
		for _, figure := range []string{", answered", " p50", " p99", " max"} {
			names = append(names, state+": "+load+figure)
		}
	}
	return append(names, state+": keyword saturated", state+": semantic saturated", state+": hybrid saturated")
}

// TestBenchSearchSettles has a collection that is in three segments, then in
// two, then in one.
func TestBenchSearchSettles(t *testing.T) {
	var looks, degraded atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/whoami", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /v1/collections/bench", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"documents":7,"segments":%d}`, max(4-looks.Add(1), 1))
	})
	mux.HandleFunc("POST /v1/collections/bench/search", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"hits":[],"degraded":%v}`, degraded.Load() > 0)
	})
	b := pretend(t, mux)
	q := &questions{text: made(t)}
	if err := b.searchTwice(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	checkFigures(t, b.measure, slices.Concat([]string{"segments after the load"}, steadyFigures("unmerged"), []string{"to one segment", "segments then"}, steadyFigures("settled")))
	if looks.Load() != 3 || b.measure.Figures[0].Value != 3 {
		t.Errorf("after %d looks: %+v", looks.Load(), b.measure.Figures)
	}
	degraded.Store(1)
	if err := b.searches(t.Context(), "settled", q); err == nil || !strings.Contains(err.Error(), "by keywords alone") {
		t.Errorf("a search without its vectors: %v", err)
	}
}

// TestSteadily stalls the first of twenty calls on the only connection: the
// others were due meanwhile, and their wait counts.
func TestSteadily(t *testing.T) {
	b := pretend(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	const length, stall = 20 * time.Millisecond, 70 * time.Millisecond
	var calls int
	stalled := func(*wire) error {
		calls++
		return pause(t.Context(), stall)
	}
	got, left, err := b.server.steadily(t.Context(), 1, 1_000, length, stalled)
	if err != nil || calls != 1 || left != 19 || len(got.calls) != 20 {
		t.Fatalf("%d calls, %d left, %d times, %v", calls, left, len(got.calls), err)
	}
	for i, took := range got.calls {
		if least := stall - time.Duration(i)*time.Millisecond; took < least {
			t.Errorf("call %d took %v and was kept for %v", i, took, least)
		}
	}
	calls = 0
	got, left, err = b.server.steadily(t.Context(), 3, 1_000, length, func(*wire) error { return nil })
	if err != nil || left != 0 || len(got.calls) != 20 || got.elapsed < 19*time.Millisecond {
		t.Errorf("without a stall: %d left, %d times in %v, %v", left, len(got.calls), got.elapsed, err)
	}
	boom := errors.New("boom")
	if _, _, err := b.server.steadily(t.Context(), 2, 1_000, length, func(*wire) error { return boom }); err != boom {
		t.Errorf("calls that fail: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	_, _, err = b.server.steadily(ctx, 1, 0.001, time.Hour, func(*wire) error { cancel(boom); return nil })
	if err != boom {
		t.Errorf("stopped while it waits: %v", err)
	}
}

// TestBenchRestartFindsLosses has a server that forgets every second document.
func TestBenchRestartFindsLosses(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/collections/bench", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"documents":5}`) })
	mux.HandleFunc("GET /v1/collections/bench/documents/{id}", func(w http.ResponseWriter, r *http.Request) {
		if strings.Trim(r.PathValue("id")[1:], "13579") == "" { // only odd digits: of the ten documents, half
			w.WriteHeader(http.StatusNotFound)
		}
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "# TYPE x counter\nquintet_search_texts_embedded_total 12\n")
	})
	b := pretend(t, mux)
	w, err := dialWire(t.Context(), b.server.addr, b.server.key)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := b.lookForAll(t.Context(), w, &acknowledged{batches: []int{0, 1}}, 5); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ least, most float64 }{{5, 5}, {400, 600}, {12, 12}} {
		f := b.measure.Figures[i]
		if f.Bar.judge(f.Value, false); f.Value < want.least || f.Value > want.most || f.Bar.Met || !f.Bar.Binding {
			t.Errorf("%+v with %+v; want a bar missed at %v to %v", f, f.Bar, want.least, want.most)
		}
	}
}

// TestAcknowledgedFailure tells a load that fails by itself from one that was
// meant to.
func TestAcknowledgedFailure(t *testing.T) {
	boom := errors.New("boom")
	kills := 0
	kill := func() error { kills++; return nil }
	a := &acknowledged{}
	if over, err := a.note(a.take(), boom, 2, kill); !over || err != boom || len(a.batches) != 0 {
		t.Errorf("it failed, and is told as %v, %v", over, err)
	}
	if over, err := a.note(a.take(), nil, 2, kill); over || err != nil || kills != 0 {
		t.Errorf("too early: %v, %v", over, err)
	}
	if over, err := a.note(a.take(), nil, 2, kill); !over || err != nil || kills != 1 {
		t.Errorf("enough: %v, %v, %d kills", over, err, kills)
	}
	if over, err := a.note(a.take(), boom, 2, kill); !over || err != nil || kills != 1 {
		t.Errorf("failed because of the kill: %v, %v", over, err)
	}
	if over, err := a.note(a.take(), nil, 2, kill); !over || err != nil || !slices.Equal(a.batches, []int{1, 2, 4}) {
		t.Errorf("acknowledged before it: %v, %v, %v", over, err, a.batches)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// runBench runs the command with the test binary as the program that it starts,
// and demands that nothing is left of its folder.
func runBench(t *testing.T, subject string, code int, flags ...string) (stdout, stderr string) {
	t.Helper()
	folder := t.TempDir()
	var out, progress bytes.Buffer
	args := append([]string{"bench", subject, "--folder", folder}, flags...)
	got := Main(t.Context(), Terminal{Args: args, Environ: append(os.Environ(), actAs+"=1"), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &progress})
	if got != code {
		t.Fatalf("exit code %d; want %d\n%s%s", got, code, &out, &progress)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("the command left %v, %v", left, err)
	}
	return out.String(), progress.String()
}

// TestBenchScheduler measures so little that the figures mean nothing, and
// looks at which there are.
func TestBenchScheduler(t *testing.T) {
	stdout, stderr := runBench(t, "scheduler", exitOK, "--json", "--seconds", "0.08", "--jobs", "2000", "--delayed", "1000")
	var report benchReport
	decoder := json.NewDecoder(strings.NewReader(stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&report); err != nil || decoder.More() {
		t.Fatalf("no single report: %v\n%s", err, stdout)
	}
	m := report.Machine
	if m.Cores < 1 || m.CPU == "" || m.Go == "" || m.System == "" || m.SyncBefore <= 0 || m.SyncAfter <= 0 || report.Jobs != 2000 || report.PayloadBytes != 200 {
		t.Errorf("the report begins with %+v", report)
	}
	times := func(name string) []string { return []string{name + " p50", name + " p99", name + " max"} }
	pages := func(name string) []string { return []string{name + " page p50", name + " page max"} }
	want := map[string][]string{
		"enqueue":      append([]string{"rate"}, times("call")...),
		"bulk":         append([]string{"rate"}, times("batch")...),
		"life-cycle":   {"1 + 1", "16 + 16", "64 + 64", "16 + 2, 100 jobs a lease"},
		"start":        append([]string{"fdatasync p50", "fdatasync p50, one every 15 ms", "jobs"}, times("start")...),
		"beside-bulk":  append([]string{"bulk rate", "rate"}, times("call")...),
		"beside-purge": append([]string{"purged", "purge", "rate"}, times("call")...),
		"waiting": slices.Concat([]string{"heap of an empty server", "NDJSON of 200 on 4 connections"},
			pages("?state=ready"), pages("?state=scheduled, 1 in 1,000"), pages("?queue=&state="), pages("?tag=, 1 in 100"),
			[]string{"stop", "start to ready", "jobs waiting", "heap in use"}),
		"delayed": {"NDJSON of 100 on 4 connections", "stop", "start to ready", "jobs waiting", "heap in use"},
	}
	checkMeasures(t, &report, stderr, schedulerMeasures(), want)
}

// checkMeasures looks for each measure of a subject and its figures.
func checkMeasures(t *testing.T, r *benchReport, stderr string, measures []benchPlan, want map[string][]string) {
	t.Helper()
	for _, plan := range measures {
		i := slices.IndexFunc(r.Measures, func(m *benchMeasure) bool { return m.Name == plan.name })
		if i < 0 || want[plan.name] == nil {
			t.Errorf("the measure %s is not in the report, or nothing is expected of it", plan.name)
			continue
		}
		checkFigures(t, r.Measures[i], want[plan.name])
		if !strings.Contains(stderr, plan.name+", 1 of 1: ") {
			t.Errorf("no progress is told of %s:\n%s", plan.name, stderr)
		}
	}
}

// checkFigures looks for each figure. One that this server cannot give stands
// under the first word of its name and says why.
func checkFigures(t *testing.T, m *benchMeasure, want []string) {
	t.Helper()
	if m.NotMeasured != "" {
		t.Errorf("%s was not measured: %s", m.Name, m.NotMeasured)
	}
	skipped := slices.ContainsFunc(m.Figures, func(f benchFigure) bool { return strings.Contains(f.NotMeasured, " answers 4") })
	for _, name := range want {
		i := slices.IndexFunc(m.Figures, func(f benchFigure) bool { return f.Name == name })
		if i < 0 {
			if !skipped {
				t.Errorf("%s has no figure %q: %+v", m.Name, name, m.Figures)
			}
			continue
		}
		f := m.Figures[i]
		mayBeNone := f.Unit == "jobs/s" || f.Bar != nil && f.Bar.AtMost != nil && *f.Bar.AtMost == 0 // in so little time there may be no job
		if f.Value < 0 || f.Value == 0 && !mayBeNone || f.Unit == "" {
			t.Errorf("%s: %+v", m.Name, f)
		}
	}
}

// TestBenchNoServer has a program that ends at once.
func TestBenchNoServer(t *testing.T) {
	b := &bench{dir: t.TempDir(), settings: benchSettings{Runs: 3}, terminal: Terminal{Stderr: io.Discard, Environ: []string{actAs + "=1", "QUINTET_LISTEN=kept out", "GOMEMLIMIT=nonsense"}}}
	m, err := b.take(t.Context(), benchPlan{name: "m", run: func(context.Context, *bench) error { t.Error("it is measured"); return nil }})
	if err == nil || !strings.Contains(m.NotMeasured, "ended before it was ready") || !strings.Contains(m.NotMeasured, "GOMEMLIMIT") {
		t.Errorf("a server that does not start: %v, %+v", err, m)
	}
	if left, err := os.ReadDir(b.dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

func TestBenchTable(t *testing.T) {
	stdout, stderr := runBench(t, "scheduler", exitOK, "--seconds", "0.05", "--runs", "2", "--only", "life-cycle")
	if !strings.Contains(stderr, "life-cycle, 2 of 2: ") {
		t.Errorf("no second run is told:\n%s", stderr)
	}
	for _, want := range []string{"fdatasync p50", "medians of 2 runs", "life-cycle: ", "  16 + 16  "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the table is\n%s\nwant %q in it", stdout, want)
		}
	}
	if strings.Contains(stdout, "enqueue: single") {
		t.Errorf("more than --only is measured:\n%s", stdout)
	}
}

func TestBenchRefuses(t *testing.T) {
	s := newStage(t)
	s.expect("bench", exitUsage, "scheduler, search and relevance are what can be measured")
	s.expect("bench gateway", exitUsage, "scheduler, search and relevance are what can be measured")
	s.expect("bench scheduler twice", exitUsage, "twice")
	s.expect("bench scheduler --seconds 0 --jobs 1 --runs 0", exitUsage, "seconds", "jobs", "runs")
	s.expect("bench scheduler --documents 100 --only enqueue,dequeue", exitUsage, "documents", "is of bench search", `no measure "dequeue"`, "life-cycle")
	s.expect("bench search --documents 1 --embedded 0", exitUsage, "documents", "embedded")
	s.expect("bench search --jobs 1000 --only enqueue", exitUsage, "jobs", "is of bench scheduler", `no measure "enqueue"`, "index-model")
	s.expect("bench scheduler --folder absent", exitFailed, "no such file")
	s.expect("bench --help", exitOK, "--seconds", "--jobs", "--only", "--json", "--documents", "bench relevance", "--beir")
}

// TestBenchStopped ends the command before it has measured anything.
func TestBenchStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	folder := t.TempDir()
	var out bytes.Buffer
	code := Main(ctx, Terminal{Args: []string{"bench", "scheduler", "--folder", folder, "--json"}, Environ: append(os.Environ(), actAs+"=1"), Stdout: &out, Stderr: io.Discard})
	var report benchReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || code != exitFailed {
		t.Fatalf("exit code %d, %v\n%s", code, err, &out)
	}
	if report.Measures == nil || len(report.Measures) != 0 {
		t.Errorf("what was stopped at once is reported as\n%s", &out)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("the command left %v, %v", left, err)
	}
}

// pretend is a bench whose server is a handler.
func pretend(t *testing.T, handler http.Handler) *bench {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &bench{
		settings: benchSettings{Seconds: 0.02, Jobs: 25_000},
		server:   &benchServer{addr: server.Listener.Addr().String(), key: "qk_key"},
		measure:  &benchMeasure{},
	}
}

// TestBenchPurge takes the measure through a server that has every route it
// asks for, whatever this one has.
func TestBenchPurge(t *testing.T) {
	var enqueued, leased, completed, purges, looks atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/whoami", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /v1/queues/{queue}/jobs", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.PathValue("queue") == finishedQueue {
			enqueued.Add(int64(bytes.Count(body, []byte("\n"))))
		}
		fmt.Fprint(w, `{"rejected":0}`)
	})
	mux.HandleFunc("POST /v1/queues/{queue}/lease", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Limit int64 }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		leased.Add(in.Limit)
		fmt.Fprint(w, `{"jobs":[`+strings.TrimSuffix(strings.Repeat(`{"id":"a","token":"7","queue":"finished"},`, int(in.Limit)), ",")+`]}`)
	})
	mux.HandleFunc("POST /v1/leases/complete", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		completed.Add(int64(bytes.Count(body, []byte(`{"id":"a","token":"7"}`))))
	})
	mux.HandleFunc("POST /v1/jobs/purge", func(w http.ResponseWriter, _ *http.Request) {
		purges.Add(1)
		w.WriteHeader(http.StatusAccepted)
	})
	mux.HandleFunc("GET /v1/queues/{queue}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"jobs":{"done":%d}}`, max(3-looks.Add(1), 0))
	})
	b := pretend(t, mux)
	if err := benchBesidePurge(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	checkFigures(t, b.measure, []string{"purged", "purge", "rate", "call p99", "call max"})
	if enqueued.Load() != 2_501 || leased.Load() != 2_501 || completed.Load() != 2_501 || purges.Load() != 2 || looks.Load() != 3 {
		t.Errorf("%d enqueued, %d leased, %d completed, %d purges, %d looks", enqueued.Load(), leased.Load(), completed.Load(), purges.Load(), looks.Load())
	}
}

// TestBenchRefused has the server refuse in the middle of a load.
func TestBenchRefused(t *testing.T) {
	var calls atomic.Int64
	b := pretend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/jobs") && calls.Add(1) > 10 {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"code":"busy"}`)
		}
	}))
	b.settings.Seconds = 60
	for _, measure := range []func(context.Context, *bench) error{benchEnqueue, benchBesideBulk, benchLifeCycle} {
		calls.Store(0)
		err := measure(t.Context(), b)
		if err == nil || !strings.Contains(err.Error(), "POST /v1/queues/") || len(b.measure.Figures) > 0 {
			t.Errorf("a refused load: %v, %+v", err, b.measure.Figures)
		}
	}
}

func TestBenchStartsWrongJob(t *testing.T) {
	b := pretend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/lease") {
			fmt.Fprint(w, `{"jobs":[{"id":"another","token":"1"}]}`)
		} else {
			fmt.Fprint(w, `{"id":"one"}`)
		}
	}))
	b.dir = t.TempDir()
	if err := benchStart(t.Context(), b); err == nil || !strings.Contains(err.Error(), "job another was started") { // by whichever side sees it first
		t.Errorf("the start of another job: %v", err)
	}
}

func TestBenchReport(t *testing.T) {
	b := &bench{report: &benchReport{}, measure: &benchMeasure{Name: "m", Title: "a measure"}}
	b.report.Measures = []*benchMeasure{b.measure}
	b.add("fast", 12_345.6, "jobs/s", atLeast(10_000))
	b.add("slow", 20.25, "ms", atMost(15))
	b.add("ratio", 0.5, "ms", everywhereAtMost(0.5))
	b.add("alone", 0.01234, "s", nil)
	b.skip("absent", "GET /v1/jobs answers 422")
	b.addTimes("empty", nil, nil, nil, nil)
	for _, machine := range []struct {
		m    machine
		want []string
	}{
		{machine{VNNI: true, SyncBefore: 0.12, SyncAfter: 0.15}, []string{"≥ 10000  met\n", "20.2 ms  ", "≤ 15 ", "missed\n", "≤ 0.500  met\n"}},
		{machine{VNNI: true, SyncBefore: 0.12, SyncAfter: 0.16}, []string{"not binding (met)", "not binding (missed)", "≤ 0.500  met\n", "Rates and times bind where"}},
		{machine{SyncBefore: 0.1, SyncAfter: 0.1}, []string{"not binding (met)", "≤ 0.500  met\n", "12346 jobs/s", "0.012 s\n", "not measured: GET /v1/jobs answers 422", "not measured: no call"}},
	} {
		b.report.Machine = machine.m
		b.report.judge()
		var table strings.Builder
		if err := b.report.writeTable(&table); err != nil {
			t.Fatal(err)
		}
		for _, want := range machine.want {
			if !strings.Contains(table.String(), want) {
				t.Errorf("on %+v the table is\n%s\nwant %q in it", machine.m, table.String(), want)
			}
		}
	}
}

func TestBenchMedian(t *testing.T) {
	run := func(rate, p50, limit float64, skipped bool) *benchMeasure {
		b := &bench{measure: &benchMeasure{Name: "m"}}
		b.add("rate", rate, "jobs/s", atLeast(10))
		b.add("p50", p50, "ms", atMost(limit))
		if skipped {
			b.skip("purge", "it is not there")
		} else {
			b.add("purge", 1, "s", nil)
		}
		return b.measure
	}
	m := medianOf([]*benchMeasure{run(30, 2, 4, true), run(10, 9, 5, true), run(20, 3, 6, true)})
	rate, p50, purge := m.Figures[0], m.Figures[1], m.Figures[2]
	if rate.Value != 20 || !slices.Equal(rate.Runs, []float64{30, 10, 20}) {
		t.Errorf("the median rate is %+v", rate)
	}
	if p50.Value != 3 || *p50.Bar.AtMost != 6 { // a bar that follows the disk belongs to its run
		t.Errorf("the median time is %+v with the bar %v", p50, p50.Bar)
	}
	if purge.NotMeasured == "" || purge.Runs != nil {
		t.Errorf("what no run has is %+v", purge)
	}
	if m := medianOf([]*benchMeasure{run(1, 2, 3, false)}); m.Figures[2].Value != 1 || m.Figures[0].Runs != nil {
		t.Errorf("the median of one run is %+v", m)
	}
	if m := medianOf([]*benchMeasure{run(2, 1, 1, false), run(1, 1, 1, false)}); m.Figures[0].Value != 1 {
		t.Errorf("the median of two is %+v", m)
	}
}

func TestQuantile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, c := range []struct {
		of   []time.Duration
		q    float64
		want time.Duration
	}{{hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 0, 1}, {hundred, 1, 100}, {hundred[:1], 0.99, 1}, {hundred[:3], 0.5, 2}} {
		if got := quantile(c.of, c.q); got != c.want {
			t.Errorf("quantile %v of %d: %d; want %d", c.q, len(c.of), got, c.want)
		}
	}
}

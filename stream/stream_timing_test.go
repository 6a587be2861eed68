package stream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/disk"
	"quintet/engine/log"
	"quintet/stream"
)

// benchDefinition and benchLines are the event of the notes: 138 bytes on
// average, all values uniform (seed 1), 100 series of (tenant, type).
var benchDefinition = stream.Definition{Time: "ts", Dimensions: []string{"type", "tenant"}, Measures: []string{"value", "duration_ms"}}

func benchLines(n int, at int64) []byte {
	rng := rand.New(rand.NewPCG(1, 1))
	var b bytes.Buffer
	for range n {
		fmt.Fprintf(&b, `{"ts":%d,"type":"type%d","tenant":"tenant%d","user":"user%d","path":"/p/%d","country":"C%d","value":%d.%02d,"duration_ms":%d}`+"\n",
			at+rng.Int64N(1000), rng.IntN(5), rng.IntN(20), rng.IntN(100_000), rng.IntN(500), rng.IntN(7), rng.IntN(1000), rng.IntN(100), rng.IntN(5000))
	}
	return b.Bytes()
}

// benchEvent is what a naive server decodes into.
type benchEvent struct {
	TS       int64   `json:"ts"`
	Type     string  `json:"type"`
	Tenant   string  `json:"tenant"`
	User     string  `json:"user"`
	Path     string  `json:"path"`
	Country  string  `json:"country"`
	Value    float64 `json:"value"`
	Duration int64   `json:"duration_ms"`
}

// BenchmarkScan reads lines on one core, with the scanner and with
// encoding/json. One operation is one line.
func BenchmarkScan(b *testing.B) {
	lines := slices.Collect(bytes.Lines(benchLines(1000, noon.UnixMilli())))
	for i := range lines {
		lines[i] = bytes.TrimSpace(lines[i])
	}
	read := stream.Reader(benchDefinition)
	var own, naive time.Duration
	b.Run("own", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if err := read(lines[i%len(lines)]); err != nil {
				b.Fatal(err)
			}
		}
		own = b.Elapsed() / time.Duration(b.N)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	})
	b.Run("encodingjson", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			var e benchEvent
			if err := json.Unmarshal(lines[i%len(lines)], &e); err != nil {
				b.Fatal(err)
			}
		}
		naive = b.Elapsed() / time.Duration(b.N)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		b.ReportMetric(float64(naive)/float64(max(own, 1)), "own-is-times-faster")
	})
}

// naiveWindow counts with a map of structs, as one does first.
type naiveWindow struct {
	second       int64
	kind, tenant string
}

// BenchmarkCount reads and counts lines on one core. One operation is one line.
func BenchmarkCount(b *testing.B) {
	lines := slices.Collect(bytes.Lines(benchLines(1000, noon.UnixMilli())))
	for i := range lines {
		lines[i] = bytes.TrimSpace(lines[i])
	}
	b.Run("own", func(b *testing.B) {
		count, reset, _ := stream.Counter(benchDefinition)
		b.ReportAllocs()
		for i := range b.N {
			if i%1000 == 0 {
				reset()
			}
			if err := count(lines[i%len(lines)]); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("encodingjson+map", func(b *testing.B) {
		naive := newNaiveServer(b, nil)
		for i := range b.N {
			if err := naive.count(lines[i%len(lines)]); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}

// naiveServer is the baseline of ingest: encoding/json, one map under one
// lock, and the same log without a seal.
type naiveServer struct {
	mu  sync.Mutex
	all map[naiveWindow]*[2]naive
	log *log.Log
}

func newNaiveServer(b *testing.B, l *log.Log) *naiveServer {
	return &naiveServer{all: map[naiveWindow]*[2]naive{}, log: l}
}

func (n *naiveServer) count(line []byte) error {
	var e benchEvent
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	key := naiveWindow{e.TS / 1000, e.Type, e.Tenant}
	c := n.all[key]
	if c == nil {
		c = new([2]naive)
		n.all[key] = c
	}
	c[0].add(happening{ms: e.Value, hasMS: true})
	c[1].add(happening{ms: float64(e.Duration), hasMS: true})
	return nil
}

func (n *naiveServer) append(ctx context.Context, body io.Reader) error {
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if _, err := n.log.Append(ctx, log.Batch{Count: uint32(bytes.Count(data, []byte{'\n'})), Data: data}); err != nil {
		return err
	}
	for line := range bytes.Lines(data) {
		if err := n.count(line); err != nil {
			return err
		}
	}
	return nil
}

const (
	benchCallers = 4
	benchBatch   = 1000
)

// BenchmarkIngest sends bodies of 1,000 lines through the HTTP handlers, in
// process, from 4 callers, each answered when it is on disk: parsed, counted,
// sealed, with producers that number them. Beside it a naive server with the
// same log. One operation is one body; the first 100 say how long one waits.
func BenchmarkIngest(b *testing.B) {
	b.Run("own", func(b *testing.B) {
		e, err := engine.Open(background, engine.Options{Dir: filepath.Join(b.TempDir(), "data")})
		if err != nil {
			b.Fatal(err)
		}
		s := stream.New(e, stream.Config{})
		if err := s.Start(background); err != nil {
			b.Fatal(err)
		}
		acme := tenantIn(b, e, "acme")
		d := benchDefinition
		if _, _, err := s.Define(background, acme, "visits", d, ""); err != nil {
			b.Fatal(err)
		}
		handler := newEcho(s, map[string]engine.Principal{"acme": {Tenant: acme}})
		benchIngest(b, func(caller, n int, body []byte) error {
			r := httptest.NewRequest("POST", "/v1/streams/visits/events", bytes.NewReader(body))
			r.Header.Set("Authorization", "Bearer acme")
			r.Header.Set("Content-Type", "application/x-ndjson")
			r.Header.Set("Producer-Id", fmt.Sprint("p", caller))
			r.Header.Set("Producer-Seq", fmt.Sprint(n+1))
			w := httptest.NewRecorder()
			if handler.ServeHTTP(w, r); w.Code != 200 {
				return fmt.Errorf("%d %s", w.Code, w.Body)
			}
			return nil
		})
		if err := s.Stop(background); err != nil {
			b.Fatal(err)
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	})
	b.Run("encodingjson+map", func(b *testing.B) {
		l, _, err := log.Open(disk.OS(b.TempDir()), ".", log.Options{})
		if err != nil {
			b.Fatal(err)
		}
		naive := newNaiveServer(b, l)
		benchIngest(b, func(_, _ int, body []byte) error { return naive.append(background, bytes.NewReader(body)) })
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	})
}

func benchIngest(b *testing.B, send func(caller, n int, body []byte) error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	latencies := make([][]time.Duration, benchCallers)
	body := benchLines(benchBatch, time.Now().UnixMilli())
	b.ResetTimer()
	var wg sync.WaitGroup
	for c := range benchCallers {
		wg.Go(func() {
			for n := 0; left.Add(-1) >= 0; n++ {
				began := time.Now()
				if err := send(c, n, body); err != nil {
					b.Error(err)
					return
				}
				latencies[c] = append(latencies[c], time.Since(began))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Concat(latencies...)
	slices.Sort(all)
	b.ReportMetric(float64(b.N*benchBatch)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(syncMedian(b).Microseconds()), "fdatasync-p50-us")
}

// syncMedian measures the disk: append 4 KiB, fdatasync.
func syncMedian(b *testing.B) time.Duration {
	f, err := disk.OS(b.TempDir()).Open("sync", os.O_CREATE)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	took := make([]time.Duration, min(max(b.N, 10), 300))
	for i := range took {
		began := time.Now()
		if _, err := f.WriteAt(make([]byte, 4096), int64(i)*4096); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// BenchmarkQuery asks an hour of seconds of 100 series from the windows in
// memory. One operation is one query.
func BenchmarkQuery(b *testing.B) {
	bed := newBed(b, stream.Config{})
	bed.define("visits", benchDefinition)
	seconds := 3500
	if b.N == 1 {
		seconds = 50
	}
	for second := range seconds {
		var lines bytes.Buffer
		at := noon.Add(-time.Duration(second) * time.Second).UnixMilli()
		for i := range 100 {
			fmt.Fprintf(&lines, `{"ts":%d,"type":"t%d","tenant":"u%d","value":1.5,"duration_ms":%d}`+"\n", at, i%5, i/5, i)
		}
		bed.send("visits", lines.String())
	}
	b.ResetTimer()
	for range b.N {
		if _, err := bed.s.Query(background, bed.acme, "visits", stream.Query{From: "-1h", Step: "1m", GroupBy: []string{"type", "tenant"}, Select: []string{"count", "max(duration_ms)"}}); err != nil {
			b.Fatal(err)
		}
	}
}

package stream_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quintet/engine/config"
	"quintet/stream"
)

func TestSeriesCap(t *testing.T) {
	c := limits()
	c.Series, c.SeriesTenant = 10, 15
	b := newBed(t, c)
	d := stream.Definition{Dimensions: []string{"user"}, Measures: []string{"n"}}
	b.define("one", d)
	b.define("two", d)
	for _, name := range []string{"one", "two"} {
		for i := range 100 {
			b.send(name, fmt.Sprintf(`{"ts":%s,"user":"u%d","n":1}`, b.at(0), i))
		}
	}
	for name, series := range map[string]int{"one": 10, "two": 5} {
		a := b.query(name, stream.Query{To: b.clock.Now().Add(time.Minute).Format(time.RFC3339), Step: "1h", GroupBy: []string{"user"}, Select: []string{"count", "sum(n)"}})
		if len(a.Series) != series+1 || !a.Series[0].Other || len(a.Series[0].Group) != 0 || a.Series[0].Points[0]["sum(n)"] != float64(100-series) {
			t.Errorf("%s: %+v; want %d series and the rest together", name, a.Series, series)
		}
		a = b.query(name, stream.Query{To: b.clock.Now().Add(time.Minute).Format(time.RFC3339), Step: "1h", Filter: "user in ['u0', 'u99']"})
		if a.Other != uint64(100-series) || a.Series[0].Points[0]["count"] != 1.0 {
			t.Errorf("%s filtered: %+v", name, a)
		}
		if n := b.count(name); n != 100 {
			t.Errorf("%s: %d events in all", name, n)
		}
	}
	// Series end with their windows, and make room.
	b.clock.Advance(3 * time.Hour)
	b.s.Age()
	b.send("two", `{"ts":`+b.at(0)+`,"user":"late comer"}`)
	a := b.query("two", stream.Query{To: b.clock.Now().Add(time.Minute).Format(time.RFC3339), Step: "1h", GroupBy: []string{"user"}})
	if len(a.Series) != 1 || a.Series[0].Other {
		t.Errorf("after three hours: %+v", a.Series)
	}
}

func TestStreamCap(t *testing.T) {
	c := limits()
	c.Streams = 2
	b := newBed(t, c)
	b.define("one", stream.Definition{})
	b.define("two", stream.Definition{})
	if _, _, err := b.s.Define(background, b.acme, "three", stream.Definition{}, ""); codeOf(err) != "too_many_streams" {
		t.Error(err)
	}
	_, err := b.s.Append(background, b.acme, "three", stream.Input{Body: strings.NewReader(`{"ts":` + b.at(0) + `}`), Length: -1})
	if codeOf(err) != "too_many_streams" {
		t.Error(err)
	}
	if _, _, err := b.s.Define(background, b.globex, "one", stream.Definition{}, ""); err != nil {
		t.Error(err)
	}
}

// TestMemory sends more windows than there is memory for: it stays bounded,
// and every answer stays exact.
func TestMemory(t *testing.T) {
	c := limits()
	c.Memory = 512 << 10
	b := newBed(t, c)
	b.define("big", stream.Definition{Dimensions: []string{"user"}, Measures: []string{"n"}})
	b.define("small", stream.Definition{})
	b.send("small", `{"ts":`+b.at(-3000)+`}`)
	sent := 0
	for second := -1000; second < 0; second += 10 {
		var lines []string
		for i := range 100 {
			lines = append(lines, fmt.Sprintf(`{"ts":%s,"user":"u%d","n":%d}`, b.at(second), i, second))
		}
		sent += len(lines)
		b.send("big", lines...)
		if got := b.s.WindowBytes(); got > int64(c.Memory) {
			t.Fatalf("the windows hold %d bytes of %d", got, c.Memory)
		}
	}
	if n := b.count("big"); n != uint64(sent) {
		t.Errorf("%d events; want %d", n, sent)
	}
	if h := b.s.Horizon(b.acme, "small"); h != noon.Unix()-3600 {
		t.Errorf("the small stream pays: its horizon is %d s ago", noon.Unix()-h)
	}
	a := b.query("big", stream.Query{From: "-20m", Step: "1h", Filter: "user = 'u7'", Select: []string{"count", "min(n)"}})
	if p := a.Series[0].Points[0]; p["count"] != 100.0 || p["min(n)"] != -1000.0 {
		t.Errorf("%+v", p)
	}
}

// slowBody is a body that stops half-way until it is let go.
type slowBody struct {
	head io.Reader
	gate chan struct{}
	tail io.Reader
}

func (s *slowBody) Read(p []byte) (int, error) {
	if n, err := s.head.Read(p); err != io.EOF {
		return n, err
	}
	<-s.gate
	return s.tail.Read(p)
}

// TestFlow sends ten times what may be in flight: the surplus is answered 429
// without being read, and memory stays bounded.
func TestFlow(t *testing.T) {
	for name, known := range map[string]bool{"OKLength": true, "OKChunked": false} {
		t.Run(name, func(t *testing.T) { testFlow(t, known) })
	}
}

func testFlow(t *testing.T, known bool) {
	c := limits()
	b := newBed(t, c)
	b.define("visits", stream.Definition{})
	const size = 200 << 10
	line := `{"ts":` + b.at(0) + `,"x":"` + strings.Repeat("x", 50<<10) + `"}` + "\n"
	body := strings.Repeat(line, size/len(line))
	senders := 10 * int(c.InFlight) / len(body)
	gate := make(chan struct{})
	var taken, refused atomic.Int64
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var begun, wg sync.WaitGroup
	begun.Add(senders)
	for i := range senders {
		tenant := []string{"acme", "globex"}[i%2]
		wg.Go(func() {
			in := &slowBody{strings.NewReader(body[:len(body)/2]), gate, strings.NewReader(body[len(body)/2:])}
			r := httptest.NewRequest("POST", "/v1/streams/visits/events", &counted{Reader: in, half: len(body) / 2, reached: begun.Done})
			r.Header.Set("Authorization", "Bearer "+tenant)
			r.Header.Set("Content-Type", "application/x-ndjson")
			r.ContentLength = -1
			if known {
				r.ContentLength = int64(len(body))
			}
			w := httptest.NewRecorder()
			b.echo.ServeHTTP(w, r)
			switch w.Code {
			case 200:
				taken.Add(1)
			case 429:
				if refused.Add(1); !strings.Contains(w.Body.String(), `"retry_after":1`) {
					t.Errorf("%s", w.Body)
				}
				if r.Body.(io.Reader).(*counted).once.CompareAndSwap(false, true) {
					begun.Done()
				}
			default:
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	begun.Wait() // everybody is half-way or refused
	if got := b.s.InFlight(); got > int64(c.InFlight) {
		t.Errorf("%d bytes are in flight; the limit is %d", got, c.InFlight)
	}
	runtime.GC()
	runtime.ReadMemStats(&during)
	if grown := int64(during.HeapAlloc) - int64(before.HeapAlloc); grown > 2*int64(c.InFlight) {
		t.Errorf("the heap grew by %d bytes; the limit in flight is %d", grown, c.InFlight)
	}
	close(gate)
	wg.Wait()
	if taken.Load() == 0 || refused.Load() < int64(senders)*8/10 {
		t.Errorf("%d of %d were taken and %d refused", taken.Load(), senders, refused.Load())
	}
	if got := b.s.InFlight(); got != 0 {
		t.Errorf("%d bytes are in flight at the end", got)
	}
	t.Logf("%d of %d taken, %d refused", taken.Load(), senders, refused.Load())
}

// counted tells once when half of a body was read.
type counted struct {
	io.Reader
	half, read int
	once       atomic.Bool
	reached    func()
}

func (c *counted) Read(p []byte) (int, error) {
	if c.read >= c.half && c.once.CompareAndSwap(false, true) {
		c.reached()
	}
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

func (c *counted) Close() error { return nil }

func TestFlowTenants(t *testing.T) {
	b := newBed(t, limits())
	big := int64(3 << 20)
	hold := func(tenant string, length int64) (release func(), code string) {
		gate, started, done := make(chan struct{}), make(chan struct{}), make(chan string, 1)
		go func() {
			p := b.acme
			if tenant == "globex" {
				p = b.globex
			}
			_, err := b.s.Append(context.Background(), p, "visits", stream.Input{Body: &announced{gate: gate, started: started}, Length: length})
			done <- codeOf(err)
		}()
		select {
		case <-started:
			return func() { close(gate); <-done }, ""
		case code := <-done:
			return func() {}, code
		}
	}
	release, code := hold("acme", big)
	defer func() { release() }()
	if code != "" {
		t.Fatal(code)
	}
	if _, code := hold("acme", big); code != "too_much_in_flight" {
		t.Errorf("beyond the tenant's share: %q", code)
	}
	other, code := hold("globex", big)
	if code != "" {
		t.Errorf("another tenant: %q", code)
	}
	other()
	if _, code := hold("acme", 9<<20); code != "too_large" {
		t.Errorf("a body of 9 MiB: %q", code)
	}
}

// announced tells when it is read, and ends when it is let go.
type announced struct {
	gate, started chan struct{}
	once          sync.Once
}

func (a *announced) Read([]byte) (int, error) {
	a.once.Do(func() { close(a.started) })
	<-a.gate
	return 0, io.ErrUnexpectedEOF
}

func TestBodyBounds(t *testing.T) {
	b := newBed(t, limits())
	f := func(name, body, code string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			_, err := b.s.Append(background, b.acme, "visits", stream.Input{Body: strings.NewReader(body), Length: -1})
			if codeOf(err) != code {
				t.Errorf("%v; want %q", err, code)
			}
		})
	}
	line := `{"ts":` + b.at(0) + `}` + "\n"
	f("OKEvents", strings.Repeat(line, 10_000), "")
	f("ErrEvents", strings.Repeat(line, 10_001), "too_many_lines")
	f("ErrEvent", `{"ts":`+b.at(0)+`,"x":"`+strings.Repeat("x", 64<<10)+`"}`, "events_rejected")
	f("ErrBody", strings.Repeat(line, 600_000), "too_much_in_flight")
}

func TestConfig(t *testing.T) {
	f := func(name string, c stream.Config, problems int) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			if got := c.Validate(); len(got) != problems {
				t.Errorf("%v; want %d problems", got, problems)
			}
		})
	}
	f("OKZero", stream.Config{}, 0)
	f("OKWindow", stream.Config{Window: 6 * time.Hour}, 0)
	f("ErrWindowShort", stream.Config{Window: time.Second}, 1)
	f("ErrWindowLong", stream.Config{Window: 7 * time.Hour}, 1)
	f("ErrWindowOdd", stream.Config{Window: time.Hour + 1}, 1)
	f("ErrNegative", stream.Config{Series: -1, Streams: -1}, 2)
	var c stream.Config
	if _, err := config.Load(&c, config.Input{}); err != nil || c.Window != time.Hour || c.Memory != 256<<20 {
		t.Errorf("%+v, %v", c, err)
	}
}

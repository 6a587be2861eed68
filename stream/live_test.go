package stream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine/enginetest"
	"quintet/stream"
)

// frame is one event of a live connection as a client reads it.
type frame struct {
	id, event string
	data      struct {
		First  uint64 `json:"first_offset"`
		Last   uint64 `json:"last_offset"`
		Step   string `json:"step"`
		Code   string `json:"code"`
		Series []struct {
			Group  map[string]*string
			Points []struct {
				Time  time.Time
				Count int
			}
		}
	}
}

// readFrame passes over comments.
func readFrame(r *bufio.Reader) (f frame, err error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return f, err
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			f.id = value
		case "event":
			f.event = value
		case "data":
			if err := json.Unmarshal([]byte(value), &f.data); err != nil {
				return f, err
			}
		case "":
			if value == "" && f.event != "" {
				return f, nil
			}
		}
	}
}

// follower is a live connection over a real socket.
type follower struct {
	*bufio.Reader
	close func()
}

func (b *bed) serve(t *testing.T) *httptest.Server {
	s := httptest.NewServer(b.echo)
	t.Cleanup(s.Close)
	t.Cleanup(b.s.Goodbye)
	return s
}

func follow(t *testing.T, s *httptest.Server, query, lastID string) follower {
	t.Helper()
	f, status := dial(t, s, query, lastID)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, readAll(t, f))
	}
	return f
}

func dial(t *testing.T, s *httptest.Server, query, lastID string) (follower, int) {
	ctx, cancel := context.WithCancel(background)
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/v1/streams/visits/live"+query, nil)
	if err != nil {
		t.Error(err)
	}
	r.Header.Set("Authorization", "Bearer acme")
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return follower{bufio.NewReader(strings.NewReader("")), cancel}, 0
	}
	return follower{bufio.NewReader(response.Body), func() { cancel(); response.Body.Close() }}, response.StatusCode
}

// next reads the next frame, and demands its kind.
func (f follower) next(t *testing.T, event string) frame {
	t.Helper()
	got, err := readFrame(f.Reader)
	if err != nil || got.event != event {
		t.Fatalf("%+v, %v; want a %s", got, err, event)
	}
	return got
}

// joined waits until n live connections have joined their feeds.
func (b *bed) joined(n int) {
	for b.s.Joined() < n {
		time.Sleep(time.Millisecond)
	}
}

func TestLive(t *testing.T) {
	b := newBed(t, limits())
	b.define("visits", stream.Definition{Dimensions: []string{"type"}})
	b.send("visits", `{"ts":`+b.at(0)+`,"type":"before"}`)
	s := b.serve(t)
	all, views := follow(t, s, "", ""), follow(t, s, "?step=1m&group_by=type&filter="+"type+%3D+'view'", "")
	b.joined(2)
	b.send("visits", `{"ts":`+b.at(1)+`,"type":"view"}`, `{"ts":`+b.at(1)+`,"type":"buy"}`, `{"ts":`+b.at(-100)+`,"type":"view"}`)
	b.s.Tick()
	f := all.next(t, "window")
	if f.data.First != 2 || f.data.Last != 4 || f.data.Step != "1s" || len(f.data.Series) != 1 || len(f.data.Series[0].Points) != 2 || f.data.Series[0].Points[1].Count != 2 || !strings.HasPrefix(f.id, "4-") {
		t.Errorf("%+v", f)
	}
	g := views.next(t, "window")
	if len(g.data.Series) != 1 || *g.data.Series[0].Group["type"] != "view" || g.data.Series[0].Points[0].Time != noon.Add(-2*time.Minute) {
		t.Errorf("%+v", g)
	}
	b.s.Tick() // nothing came: nothing is sent
	b.send("visits", `{"ts":`+b.at(2)+`,"type":"buy"}`)
	b.s.Tick() // the filter lets nothing pass
	b.send("visits", `{"ts":`+b.at(3)+`,"type":"view"}`)
	b.s.Tick()
	if f := all.next(t, "window"); f.data.First != 5 || f.data.Last != 5 {
		t.Errorf("%+v", f)
	}
	if f := views.next(t, "window"); f.data.Last != 6 {
		t.Errorf("%+v", f)
	}
	b.s.Goodbye()
	if f := views.next(t, "goodbye"); f.data.Code != "stopping" {
		t.Errorf("%+v", f)
	}
}

func TestLiveGoodbyes(t *testing.T) {
	b := newBed(t, limits())
	b.define("visits", stream.Definition{Dimensions: []string{"type"}})
	s := b.serve(t)
	want := func(name, lastID, code string, do func()) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			f := follow(t, s, "", lastID)
			defer f.close()
			if do != nil {
				b.joined(1)
				do()
			}
			if g := f.next(t, "goodbye"); g.data.Code != code {
				t.Errorf("%+v; want %s", g, code)
			}
		})
	}
	f := follow(t, s, "", "")
	b.joined(1)
	b.send("visits", `{"ts":`+b.at(1)+`}`)
	b.s.Tick()
	id := f.next(t, "window").id
	f.close()
	_, tag, _ := strings.Cut(id, "-")
	want("ErrNoID", "x", "offset_unknown", nil)
	want("ErrNoTag", "1", "offset_unknown", nil)
	want("ErrOtherLog", "1-0badc0de", "offset_unknown", nil)
	want("ErrFuture", "2-"+tag, "offset_unknown", nil)
	want("OKRedefined", id, "definition_changed", func() {
		if _, _, err := b.s.Define(background, b.acme, "visits", stream.Definition{}, `"1"`); err != nil {
			t.Fatal(err)
		}
	})
	want("OKDeleted", id, "stream_deleted", func() {
		if err := b.s.Delete(background, b.acme, "visits", ""); err != nil {
			t.Fatal(err)
		}
	})
	b.define("visits", stream.Definition{})
	b.send("visits", `{"ts":`+b.at(1)+`}`)
	want("ErrMadeAnew", id, "offset_unknown", nil)
}

func TestLiveRefused(t *testing.T) {
	c := limits()
	c.SubscribersTenant = 1
	b := newBed(t, c)
	b.define("visits", stream.Definition{Dimensions: []string{"type"}, Measures: []string{"ms"}})
	b.run(t, []scenario{
		{name: "ErrNone", method: "GET", path: "/v1/streams/none/live", status: 404},
		{name: "ErrOtherTenant", method: "GET", path: "/v1/streams/visits/live", tenant: "globex", status: 404},
		{name: "ErrStep", method: "GET", path: "/v1/streams/visits/live?step=10ms", status: 422, has: []string{"query.step"}},
		{name: "ErrGroup", method: "GET", path: "/v1/streams/visits/live?group_by=ms", status: 422, has: []string{"query.group_by"}},
		{name: "ErrAverage", method: "GET", path: "/v1/streams/visits/live?select=avg(ms)", status: 422, has: []string{"sum and count"}},
		{name: "ErrQuantile", method: "GET", path: "/v1/streams/visits/live?select=p50(ms)", status: 422, has: []string{"not_supported"}},
		{name: "ErrFilter", method: "GET", path: "/v1/streams/visits/live?filter=type", status: 422, has: []string{"query.filter"}},
	})
	s := b.serve(t)
	f := follow(t, s, "", "")
	b.joined(1)
	b.run(t, []scenario{{name: "ErrMany", method: "GET", path: "/v1/streams/visits/live", status: 429, has: []string{"too_many_subscribers"}}})
	f.close()
	for b.s.Subscribers() > 0 {
		time.Sleep(time.Millisecond)
	}
	b.s.Goodbye()
	b.run(t, []scenario{{name: "ErrStopping", method: "GET", path: "/v1/streams/visits/live", status: 503, has: []string{"stopping"}}})
}

// TestLiveResume lets subscribers lose their connection at random while events
// come in and the server restarts, and wants the union of what they were told
// to be the stream: no gap, nothing twice, and in the end the same counts.
func TestLiveResume(t *testing.T) {
	b := newBed(t, limits())
	b.define("visits", stream.Definition{Dimensions: []string{"type"}})
	rng := rand.New(rand.NewPCG(enginetest.Seed(), 3))
	readers := make([]*resumer, 4)
	for i := range readers {
		readers[i] = &resumer{id: "0-" + b.s.Tag(b.acme, "visits"), counts: map[string]int{}}
	}
	sent := 0
	for round := range 6 {
		s := b.serve(t)
		var wg sync.WaitGroup
		for i, r := range readers {
			wg.Go(func() { r.run(t, s, rand.New(rand.NewPCG(uint64(round), uint64(i)))) })
		}
		for range 60 {
			var lines []string
			for range 1 + rng.IntN(5) {
				lines = append(lines, fmt.Sprintf(`{"ts":%s,"type":"t%d"}`, b.at(rng.IntN(200)-100), rng.IntN(3)))
			}
			b.send("visits", lines...)
			sent += len(lines)
			if rng.IntN(2) == 0 {
				b.s.Tick()
			}
		}
		if rng.IntN(2) == 0 {
			if err := b.s.Flush(background); err != nil {
				t.Fatal(err)
			}
		}
		b.s.Tick()
		b.s.Goodbye()
		wg.Wait()
		s.Close()
		b.reopen()
	}
	s := b.serve(t)
	for i, r := range readers {
		r.finish(t, s, uint64(sent))
		total := 0
		for _, n := range r.counts {
			total += n
		}
		if r.last != uint64(sent) || total != sent {
			t.Errorf("reader %d was told %d events up to offset %d; want %d", i, total, r.last, sent)
		}
	}
	for key, n := range readers[0].counts {
		if readers[1].counts[key] != n {
			t.Errorf("%s: %d and %d", key, n, readers[1].counts[key])
		}
	}
}

// TestLiveAhead resumes from an offset that the feed has not told yet: a client
// may know it from another feed.
func TestLiveAhead(t *testing.T) {
	b := newBed(t, limits())
	b.define("visits", stream.Definition{Dimensions: []string{"type"}})
	s := b.serve(t)
	const query = "?filter=type+%3D+'view'"
	first := follow(t, s, query, "")
	b.joined(1)
	b.send("visits", `{"ts":`+b.at(0)+`,"type":"view"}`, `{"ts":`+b.at(0)+`,"type":"buy"}`)
	ahead := follow(t, s, query, "2-"+b.s.Tag(b.acme, "visits"))
	b.joined(2)
	if f := first.next(t, "window"); f.data.First != 1 || f.data.Last != 2 {
		t.Errorf("%+v", f)
	}
	b.send("visits", `{"ts":`+b.at(0)+`,"type":"buy"}`)
	further := follow(t, s, query, "3-"+b.s.Tag(b.acme, "visits"))
	b.joined(3)
	b.send("visits", `{"ts":`+b.at(0)+`,"type":"view"}`)
	b.s.Tick()
	for _, f := range []follower{first, ahead, further} {
		if f := f.next(t, "window"); f.data.First != 4 || f.data.Last != 4 {
			t.Errorf("%+v", f)
		}
	}
}

// resumer follows a stream through connections that end.
type resumer struct {
	id     string
	last   uint64
	counts map[string]int
}

func (r *resumer) run(t *testing.T, s *httptest.Server, rng *rand.Rand) {
	for {
		f, status := dial(t, s, "?group_by=type", r.id)
		if status != http.StatusOK {
			f.close()
			return // the server is stopping
		}
		for range rng.IntN(4) {
			if !r.take(t, f) {
				break
			}
		}
		f.close()
	}
}

func (r *resumer) take(t *testing.T, f follower) bool {
	got, err := readFrame(f.Reader)
	if err != nil || got.event == "goodbye" {
		if err == nil && got.data.Code != "stopping" {
			t.Errorf("goodbye: %s", got.data.Code)
		}
		return false
	}
	if got.data.First != r.last+1 || got.data.Last < got.data.First {
		t.Errorf("a frame of %d to %d behind %d", got.data.First, got.data.Last, r.last)
	}
	r.last, r.id = got.data.Last, got.id
	for _, s := range got.data.Series {
		for _, p := range s.Points {
			r.counts[fmt.Sprint(*s.Group["type"], p.Time)] += p.Count
		}
	}
	return true
}

// finish reads to the end of the stream.
func (r *resumer) finish(t *testing.T, s *httptest.Server, end uint64) {
	if r.last == end {
		return
	}
	f := follow(t, s, "?group_by=type", r.id)
	defer f.close()
	for r.last < end && r.take(t, f) {
	}
}

// TestLiveSlow has one client that never reads: the others get every frame at
// once, and the server lets go of it.
func TestLiveSlow(t *testing.T) {
	b := newBed(t, limits())
	b.define("visits", stream.Definition{Dimensions: []string{"type"}})
	s := b.serve(t)
	slow, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if err := slow.(*net.TCPConn).SetReadBuffer(1 << 10); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(slow, "GET /v1/streams/visits/live?group_by=type HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer acme\r\n\r\n")
	quick := follow(t, s, "?group_by=type", "")
	b.joined(2)
	var lines []string
	for i := range 900 {
		lines = append(lines, `{"ts":`+b.at(0)+`,"type":"`+strings.Repeat("x", 200)+strconv.Itoa(i)+`"}`)
	}
	ticks := 0
	for ; b.s.Joined() > 1 && ticks < 500; ticks++ {
		b.send("visits", lines...)
		b.s.Tick()
		if f := quick.next(t, "window"); f.data.Last != uint64(900*(ticks+1)) {
			t.Fatalf("%d to %d", f.data.First, f.data.Last)
		}
	}
	if b.s.Joined() != 1 {
		t.Errorf("the slow client is still subscribed after %d frames", ticks)
	}
}

// TestLiveBeat waits a minute of virtual time: a comment every 15 seconds.
func TestLiveBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, limits())
		b.define("visits", stream.Definition{})
		began, beats := time.Now(), 0
		ctx, cancel := context.WithTimeout(background, time.Minute+time.Second)
		defer cancel()
		err := b.s.Follow(ctx, b.acme, "visits", stream.LiveQuery{}, writerFunc(func(p []byte) (int, error) {
			if string(p) != ": \n\n" || time.Since(began) != time.Duration(beats+1)*15*time.Second {
				t.Errorf("%q after %v", p, time.Since(began))
			}
			beats++
			return len(p), nil
		}))
		if err != nil || beats != 4 {
			t.Errorf("%d beats, %v", beats, err)
		}
		b.close()
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

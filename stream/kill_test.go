package stream_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/stream"
)

// killWriters write at once, each as a producer of its own.
const killWriters = 6

// TestKill kills a process that appends, writes its index and answers queries.
// What was acknowledged must be there once, what was not may be sent again,
// and the windows must equal a recount of the events.
func TestKill(t *testing.T) {
	enginetest.Kill(t, killChild, func(dir string, acked []string) { killVerify(t, dir, acked) })
}

// openKilled opens a folder and its streams, with the clock of the machine.
func openKilled(dir string) (*engine.Engine, *stream.Streams, engine.Tenant, error) {
	e, err := engine.Open(background, engine.Options{Dir: dir, SegmentBytes: 1 << 20, Reserve: 64 << 10})
	if err != nil {
		return nil, nil, engine.Tenant{}, err
	}
	acme, err := e.Tenants.Lookup("acme")
	if err != nil {
		if acme, err = e.Tenants.Create(background, "acme", func(*engine.Tx) error { return nil }); err != nil {
			return nil, nil, acme, err
		}
	}
	s := stream.New(e, limits()).Manual()
	return e, s, acme, s.Start(background)
}

// killChild never returns: its parent kills it.
func killChild(dir string, ack enginetest.Ack) {
	_, s, acme, err := openKilled(dir)
	if err != nil {
		panic(err)
	}
	found, err := killRead(s, acme)
	if err != nil {
		panic(err)
	}
	var wg sync.WaitGroup
	for w := range killWriters {
		wg.Go(func() {
			for n := found.last[w] + 1; ; n++ {
				a, err := killSend(s, acme, w, n)
				if err != nil {
					panic(err)
				}
				ack("%d %d %d %d", w, n, a.FirstOffset, a.LastOffset)
			}
		})
	}
	wg.Go(func() {
		for {
			if err := s.Flush(background); err != nil {
				panic(err)
			}
			s.Age()
			if _, err := s.Query(background, acme, "visits", stream.Query{GroupBy: []string{"w"}}); codeOf(err) != "" && codeOf(err) != "stream_not_found" {
				panic(err)
			}
		}
	})
	wg.Wait()
}

// killSize is how many events a batch has.
func killSize(w int, n uint64) int { return 1 + (w*7+int(n)*13)%20 }

func killSend(s *stream.Streams, t engine.Tenant, w int, n uint64) (stream.Answer, error) {
	var b strings.Builder
	now := time.Now().UnixMilli()
	for i := range killSize(w, n) {
		fmt.Fprintf(&b, `{"ts":%d,"w":"w%d","n":%d,"i":%d}`+"\n", now-int64(i)*700, w, n, i)
	}
	return s.Append(background, t, "visits", stream.Input{Body: strings.NewReader(b.String()), Length: int64(b.Len()), Producer: fmt.Sprint("p", w), Sequence: n})
}

// killed is what a folder holds.
type killed struct {
	last    [killWriters]uint64  // newest batch of each writer
	batches map[[2]uint64]uint64 // writer and number → first offset
	counts  map[string]int       // writer and second → events
	sums    map[string]int       // … → sum of i
	events  uint64
}

// killRead reads every event, and fails on any that is not where it must be.
func killRead(s *stream.Streams, t engine.Tenant) (*killed, error) {
	k := &killed{batches: map[[2]uint64]uint64{}, counts: map[string]int{}, sums: map[string]int{}}
	rest := 0 // events that the current batch still needs
	var at struct {
		Offset uint64 `json:"_offset"`
		TS     int64
		W      string
		N      uint64
		I      int
	}
	for more := true; more; {
		more = false
		err := s.Replay(background, t, "visits", fmt.Sprint(k.events+1), 10_000, func(lines []byte) error {
			for line := range bytes.Lines(lines) {
				more = true
				if err := json.Unmarshal(line, &at); err != nil {
					return err
				}
				var w int
				fmt.Sscanf(at.W, "w%d", &w)
				if rest == 0 {
					if _, twice := k.batches[[2]uint64{uint64(w), at.N}]; twice || at.I != 0 || at.N != k.last[w]+1 {
						return fmt.Errorf("a batch begins with %s behind batch %d", line, k.last[w])
					}
					k.batches[[2]uint64{uint64(w), at.N}], k.last[w] = at.Offset, at.N
					rest = killSize(w, at.N)
				}
				if at.Offset != k.events+1 || at.N != k.last[w] || at.I != killSize(w, at.N)-rest {
					return fmt.Errorf("out of place: %s behind offset %d", line, k.events)
				}
				rest--
				k.events++
				place := fmt.Sprint(at.W, " ", at.TS/1000)
				k.counts[place]++
				k.sums[place] += at.I
			}
			return nil
		})
		if err != nil && codeOf(err) != "stream_not_found" {
			return nil, err
		}
	}
	if rest > 0 {
		return nil, fmt.Errorf("the last batch lacks %d events", rest)
	}
	return k, nil
}

func killVerify(t *testing.T, dir string, acked []string) {
	e, s, acme, err := openKilled(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(background); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	found, err := killRead(s, acme)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range acked {
		var w, n, first, last uint64
		fmt.Sscan(line, &w, &n, &first, &last)
		if found.batches[[2]uint64{w, n}] != first || last != first+uint64(killSize(int(w), n))-1 {
			t.Errorf("batch %s is lost: offset %d stands there", line, found.batches[[2]uint64{w, n}])
		}
	}
	killRepeat(t, s, acme, found)
	killCount(t, s, acme, found)
	if problems, err := e.Check(background, func(string, int64, int64) {}); err != nil || len(problems) > 0 {
		t.Errorf("check: %q, %v", problems, err)
	}
}

// killRepeat sends the newest batch of each writer again, whether or not its
// answer arrived.
func killRepeat(t *testing.T, s *stream.Streams, acme engine.Tenant, found *killed) {
	for w, n := range found.last {
		if n == 0 {
			continue
		}
		a, err := killSend(s, acme, w, n)
		if err != nil || !a.Duplicate || a.FirstOffset != found.batches[[2]uint64{uint64(w), n}] || a.Accepted != killSize(w, n) {
			t.Errorf("batch %d of %d again: %+v, %v", n, w, a, err)
		}
	}
}

// killCount wants each second of each writer as the events have it.
func killCount(t *testing.T, s *stream.Streams, acme engine.Tenant, found *killed) {
	data, err := s.Query(background, acme, "visits", stream.Query{From: "-30m", To: "now", Step: "1s", GroupBy: []string{"w"}, Select: []string{"count", "sum(i)"}})
	if codeOf(err) == "stream_not_found" && found.events == 0 {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		t.Fatal(err)
	}
	points := 0
	for _, series := range a.Series {
		for _, p := range series.Points {
			at, _ := time.Parse(time.RFC3339, p["time"].(string))
			place := fmt.Sprint(*series.Group["w"], " ", at.Unix())
			if p["count"] != float64(found.counts[place]) || p["sum(i)"] != float64(found.sums[place]) {
				t.Errorf("%s: %v; want %d and %d", place, p, found.counts[place], found.sums[place])
			}
			points++
		}
	}
	if points != len(found.counts) {
		t.Errorf("%d points; want %d", points, len(found.counts))
	}
}

package stream_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/stream"
)

func TestRedefine(t *testing.T) {
	b := newBed(t, limits())
	b.define("visits", stream.Definition{Dimensions: []string{"type"}, Measures: []string{"ms"}})
	b.send("visits", `{"ts":`+b.at(0)+`,"type":"view","country":"DE","ms":1,"bytes":10}`, `{"ts":`+b.at(300)+`,"country":7,"bytes":"?"}`)
	info, _, err := b.s.Define(background, b.acme, "visits", stream.Definition{Dimensions: []string{"country"}, Measures: []string{"bytes"}}, `"1"`)
	if err != nil || info.ETag != `"2"` {
		t.Fatal(info, err)
	}
	q := stream.Query{From: "-1h", To: b.clock.Now().Add(15 * time.Minute).Format(time.RFC3339), Step: "1h", GroupBy: []string{"country"}, Select: []string{"count", "sum(bytes)"}}
	want := func(text string) {
		t.Helper()
		data, err := b.s.Query(background, b.acme, "visits", q)
		if err != nil || !strings.Contains(string(data), text) {
			t.Errorf("%s, %v; want %s", data, err, text)
		}
	}
	// What was stored before is read by the new definition.
	want(`{"group":{"country":"7"},"points":[{"time":"2026-03-01T12:00:00Z","count":1,"sum(bytes)":0}]},{"group":{"country":"DE"},"points":[{"time":"2026-03-01T12:00:00Z","count":1,"sum(bytes)":10}]}`)
	b.send("visits", `{"ts":`+b.at(1)+`,"country":"DE","bytes":5}`, `{"ts":`+b.at(400)+`,"country":"DE","bytes":6}`)
	want(`"count":3,"sum(bytes)":21`)
	b.reopen()
	want(`"count":3,"sum(bytes)":21`)
	if b.s.RingBytes() != b.s.WindowBytes() {
		t.Errorf("the windows hold %d bytes, and the account says %d", b.s.RingBytes(), b.s.WindowBytes())
	}
}

// TestRedefineMeanwhile changes the definition while events come in.
func TestRedefineMeanwhile(t *testing.T) {
	b := newBed(t, limits())
	b.define("visits", stream.Definition{Dimensions: []string{"a"}})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 50 {
				b.send("visits", fmt.Sprintf(`{"ts":%s,"a":"x","b":"y","n":%d}`, b.at(i%7), w))
			}
		})
	}
	for version := 1; version <= 10; version++ {
		d := stream.Definition{Dimensions: []string{[]string{"a", "b"}[version%2]}, Measures: []string{"n"}[:version/2%2]}
		if _, _, err := b.s.Define(background, b.acme, "visits", d, fmt.Sprintf("%q", strconv.Itoa(version))); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if n := b.count("visits"); n != 200 {
		t.Errorf("%d events are counted; want 200", n)
	}
}

func TestDelete(t *testing.T) {
	b := newBed(t, limits())
	b.send("visits", `{"ts":`+b.at(0)+`,"type":"view"}`)
	if err := b.s.Flush(background); err != nil {
		t.Fatal(err)
	}
	if err := b.s.Delete(background, b.acme, "visits", ""); err != nil {
		t.Fatal(err)
	}
	if n := b.keysOf(b.acme); n != 0 {
		t.Errorf("a deleted stream leaves %d keys", n)
	}
	if b.s.WindowBytes() != 0 {
		t.Errorf("a deleted stream keeps %d bytes", b.s.WindowBytes())
	}
	if a := b.send("visits", `{"ts":`+b.at(0)+`,"other":"x"}`); a.FirstOffset != 1 {
		t.Errorf("a stream of the same name goes on at offset %d", a.FirstOffset)
	}
	if n := b.count("visits"); n != 1 {
		t.Errorf("%d events; want the new one", n)
	}
	b.reopen()
	if n := b.count("visits"); n != 1 {
		t.Errorf("%d events after a restart; want the new one", n)
	}
}

// keysOf counts what a tenant has in the buckets of streams.
func (b *bed) keysOf(t engine.Tenant) (n int) {
	b.t.Helper()
	err := b.engine.Store.View(background, t, func(v *engine.View) error {
		n = 0
		for _, bucket := range []engine.Bucket{"stream.definitions", "stream.spans", "stream.producers"} {
			for range v.Keys(bucket, nil, nil) {
				n++
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// TestOrphans interrupts a delete after the definition is gone.
func TestOrphans(t *testing.T) {
	b := newBed(t, limits())
	for _, name := range []string{"gone", "kept"} {
		_, err := b.s.Append(background, b.acme, name, stream.Input{Body: strings.NewReader(`{"ts":` + b.at(0) + `}`), Length: -1, Producer: "p", Sequence: 1})
		if err != nil {
			t.Fatal(err)
		}
	}
	b.reopen() // writes spans and producers
	err := b.engine.Store.Update(background, b.acme, func(tx *engine.Tx) error {
		tx.Delete("stream.definitions", []byte("gone"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := b.keysOf(b.acme); n != 5 {
		t.Fatalf("%d keys; want 1 definition, 2 spans, 2 producers", n)
	}
	b.reopen()
	if n := b.keysOf(b.acme); n != 3 {
		t.Errorf("%d keys; want 1 definition, 1 span, 1 producer", n)
	}
}

func TestTenantDeleted(t *testing.T) {
	b := newBed(t, limits())
	b.send("visits", `{"ts":`+b.at(0)+`}`)
	if err := b.engine.Tenants.Delete(background, b.acme, func(*engine.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := b.s.Get(b.acme, "visits"); codeOf(err) != "stream_not_found" {
		t.Errorf("a deleted tenant's stream: %v", err)
	}
	if b.s.WindowBytes() != 0 {
		t.Errorf("a deleted tenant keeps %d bytes", b.s.WindowBytes())
	}
	if err := b.s.Flush(background); err != nil {
		t.Errorf("writing what a deleted tenant left: %v", err)
	}
	b.reopen()
}

func TestTrim(t *testing.T) {
	b := newBed(t, limits())
	b.define("long", stream.Definition{Retention: stream.Retention{Raw: 3 * 24 * 36e11}})
	b.define("short", stream.Definition{Retention: stream.Retention{Raw: 24 * 36e11}})
	filler := `{"ts":%s,"x":"` + strings.Repeat("x", 60_000) + `"}`
	for range 5 * 24 { // five days, an hour each, some segments
		b.send("long", fmt.Sprintf(filler, b.at(0)))
		b.send("short", fmt.Sprintf(`{"ts":%s}`, b.at(0)))
		if err := b.s.Flush(background); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(time.Hour)
	}
	before := b.keysOf(b.acme)
	if err := b.s.Trim(background); err != nil {
		t.Fatal(err)
	}
	first := b.engine.Events.First()
	if first < 40 || first > 2*48 {
		t.Errorf("the log begins at %d; want about two of five days trimmed", first)
	}
	if after := b.keysOf(b.acme); after >= before-40 {
		t.Errorf("%d of %d keys are left", after, before)
	}
	b.reopen()
	// The longest retention holds for what the short stream may be asked, too.
	q := stream.Query{From: "-71h", Step: "1h"}
	if a := b.query("long", q); len(a.Series[0].Points) != 71 {
		t.Errorf("%d hours of 71 are left", len(a.Series[0].Points))
	}
	if _, err := b.s.Query(background, b.acme, "short", q); codeOf(err) != "range_too_old" {
		t.Errorf("beyond the retention: %v", err)
	}
	err := b.s.Replay(background, b.acme, "long", "1", 1, func([]byte) error { return nil })
	if codeOf(err) != "offset_unknown" {
		t.Errorf("reading from a trimmed offset: %v", err)
	}
	var oldest string
	err = b.s.Replay(background, b.acme, "long", "", 1, func(lines []byte) error {
		oldest = string(lines[:min(len(lines), 20)])
		return nil
	})
	if err != nil || !strings.HasPrefix(oldest, `{"_offset":`) {
		t.Errorf("the oldest event: %q, %v", oldest, err)
	}
	b.check(t)
}

// check runs the engine's check over everything.
func (b *bed) check(t *testing.T) {
	t.Helper()
	problems, err := b.engine.Check(background, func(string, int64, int64) {})
	if err != nil || len(problems) > 0 {
		t.Errorf("check: %q, %v", problems, err)
	}
}

func TestCheck(t *testing.T) {
	b := newBed(t, limits())
	b.send("visits", `{"ts":`+b.at(0)+`,"type":"a\u00e9","ms":0.1}`, `{"ts":"2026-03-01T12:00:00Z","type":7,"ms":-3e-5}`, `{"ts":`+b.at(0)+`,"type":null,"more":[1]}`)
	b.check(t)
	st := b.streamID("visits")
	for name, data := range map[string]string{
		"Err/version": "\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00{\"ts\":5}",
		"Err/count":   "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00{\"ts\":5}\n{\"ts\":6}",
		"Err/line":    "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00{\"ts\":5",
	} {
		t.Run(name, func(t *testing.T) {
			before := b.problems(t)
			if _, err := b.engine.Events.Append(background, b.acme, engine.EventBatch{Stream: st, Count: 1, Data: []byte(data)}); err != nil {
				t.Fatal(err)
			}
			if got := b.problems(t); len(got) != len(before)+1 || !strings.HasPrefix(got[len(got)-1], "stream: the batch at position") {
				t.Errorf("problems: %q", got)
			}
		})
	}
	if err := b.s.Stop(background); err != nil {
		t.Fatal(err)
	}
	if err := stream.New(b.reopened(), limits()).Start(background); err == nil {
		t.Error("a damaged log was started from")
	}
}

func (b *bed) problems(t *testing.T) []string {
	problems, err := b.engine.Check(background, func(string, int64, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

// streamID reads the id of a stream from its stored definition.
func (b *bed) streamID(name string) (id engine.ID) {
	b.t.Helper()
	err := b.engine.Store.View(background, b.acme, func(v *engine.View) error {
		value := string(v.Get("stream.definitions", []byte(name)))
		_, rest, _ := strings.Cut(value, `"id":"`)
		var err error
		id, err = engine.ParseID(rest[:36])
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

// reopened opens the engine again, without streams.
func (b *bed) reopened() *engine.Engine {
	b.t.Helper()
	if err := b.engine.Close(); err != nil {
		b.t.Fatal(err)
	}
	e, err := engine.Open(background, engine.Options{Dir: b.dir, Clock: b.clock, SegmentBytes: 1 << 20, Reserve: 64 << 10})
	if err != nil {
		b.t.Fatal(err)
	}
	b.engine = e
	return e
}

func TestStartTwice(t *testing.T) {
	b := newBed(t, limits())
	if err := b.s.Start(background); err == nil {
		t.Error("a second start")
	}
	for range 2 {
		if err := b.s.Stop(background); err != nil {
			t.Error(err)
		}
	}
	if err := stream.New(b.reopened(), limits()).Stop(background); err != nil {
		t.Errorf("a stop before the start: %v", err)
	}
}

// TestFlushHalf asks while a span is in the store and not yet out of memory.
func TestFlushHalf(t *testing.T) {
	b := newBed(t, limits())
	b.send("visits", `{"ts":`+b.at(-7200)+`}`)
	if err := b.s.FlushHalf(background); err != nil {
		t.Fatal(err)
	}
	b.send("visits", `{"ts":`+b.at(-7200)+`}`)
	if n := b.count("visits"); n != 2 {
		t.Errorf("%d events; want 2", n)
	}
}

// TestOldStream restarts with a stream that got nothing for hours: the start
// does not read its events, and queries still find them.
func TestOldStream(t *testing.T) {
	b := newBed(t, limits())
	for _, name := range []string{"old", "new"} {
		b.send(name, `{"ts":`+b.at(0)+`}`)
		if err := b.s.Flush(background); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(2 * time.Hour)
	}
	b.reopen()
	if n := b.count("old"); n != 1 {
		t.Errorf("%d events; want 1", n)
	}
}

func TestTallyComparesKeys(t *testing.T) {
	for b, want := range map[string]int{"a": 1, "b": 2} {
		if n := stream.Collide("a", b); n != want {
			t.Errorf("a and %s make %d entries; want %d", b, n, want)
		}
	}
}

func TestHouse(t *testing.T) {
	b := newBed(t, limits())
	b.send("visits", `{"ts":`+b.at(0)+`,"type":"view"}`)
	windows := b.s.WindowBytes()
	b.clock.Advance(2 * time.Hour)
	b.s.Age()
	if after := b.s.WindowBytes(); after >= windows {
		t.Errorf("the windows have %d bytes after two hours, %d before", after, windows)
	}
	if n := b.count("visits"); n != 1 {
		t.Errorf("%d events from the log; want 1", n)
	}
	b.reopen() // reads none of it: it is older than the windows
	if n := b.count("visits"); n != 1 {
		t.Errorf("%d events from the log after a restart; want 1", n)
	}
	b.send("visits", `{"ts":`+b.at(-7200)+`,"type":"view"}`)
	if b.s.Late() != 1 {
		t.Errorf("%d late events; want 1", b.s.Late())
	}
	if a := b.query("visits", stream.Query{From: "-3h", Step: "1h"}); a.Late != 1 {
		t.Errorf("the answer tells of %d late events; want 1", a.Late)
	}
}

package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"quintet/stream"
)

// TestStress does everything at once: appends, queries, live connections,
// reading back, every chore of the house. No query may ever see more or less
// than what was acknowledged before and sent until after it, and in the end
// everything is counted once.
func TestStress(t *testing.T) {
	c := limits()
	c.Memory = 64 << 10 // so that horizons move
	b := newBed(t, c)
	b.define("visits", stream.Definition{Dimensions: []string{"type"}, Measures: []string{"n"}})
	var begun, acked atomic.Int64
	var writers, others sync.WaitGroup
	done := make(chan struct{})
	for w := range 4 {
		writers.Go(func() {
			for i := range 150 {
				begun.Add(3)
				b.send("visits", fmt.Sprintf(`{"ts":%s,"type":"w%d","n":1}`, b.at(-i), w), fmt.Sprintf(`{"ts":%s,"n":1}`, b.at(i)), fmt.Sprintf(`{"ts":%s,"n":1}`, b.at(-4000)))
				acked.Add(3)
			}
		})
	}
	until := func(do func()) {
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					do()
				}
			}
		})
	}
	until(func() {
		least := acked.Load()
		got := int64(b.count("visits"))
		if most := begun.Load(); got < least || got > most {
			t.Errorf("a query saw %d events between %d and %d", got, least, most)
		}
	})
	until(func() {
		b.s.Tick()
		b.s.Age()
		if err := b.s.Flush(background); err != nil {
			t.Error(err)
		}
	})
	until(func() {
		if err := b.s.Replay(background, b.acme, "visits", "", 500, func([]byte) error { return nil }); err != nil {
			t.Error(err)
		}
	})
	live := make(chan int, 2)
	ctx, cancel := context.WithCancel(background)
	for range 2 {
		others.Go(func() { live <- followAll(ctx, t, b, 1800) })
	}
	writers.Wait()
	close(done)
	b.s.Tick()
	for range 2 {
		if n := <-live; n != 1800 {
			t.Errorf("a live connection was told %d events; want 1800", n)
		}
	}
	cancel()
	others.Wait()
	if n := b.count("visits"); n != 1800 {
		t.Errorf("%d events; want 1800", n)
	}
	if b.s.RingBytes() != b.s.WindowBytes() {
		t.Errorf("the windows hold %d bytes, and the account says %d", b.s.RingBytes(), b.s.WindowBytes())
	}
	b.reopen()
	if n := b.count("visits"); n != 1800 {
		t.Errorf("%d events after a restart; want 1800", n)
	}
	b.check(t)
}

// followAll follows a stream from its beginning, connecting again when it is
// told to, until it has been told all events or ctx ends.
func followAll(ctx context.Context, t *testing.T, b *bed, all int) (events int) {
	id, last := "0-"+b.s.Tag(b.acme, "visits"), uint64(0)
	for events < all && ctx.Err() == nil {
		life, end := context.WithCancel(ctx)
		err := b.s.Follow(life, b.acme, "visits", stream.LiveQuery{LastEventID: id}, writerFunc(func(p []byte) (int, error) {
			var f frame
			for line := range strings.Lines(string(p)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				switch name {
				case "id":
					id = value
				case "data":
					if err := json.Unmarshal([]byte(value), &f.data); err != nil {
						t.Error(err)
					}
				}
			}
			if f.data.First == 0 {
				return len(p), nil // goodbye, or a beat
			}
			if f.data.First != last+1 {
				t.Errorf("a frame of %d to %d behind %d", f.data.First, f.data.Last, last)
			}
			last = f.data.Last
			for _, s := range f.data.Series {
				for _, point := range s.Points {
					events += point.Count
				}
			}
			if events >= all {
				end()
			}
			return len(p), nil
		}))
		end()
		if err != nil {
			t.Error(err)
		}
	}
	return events
}

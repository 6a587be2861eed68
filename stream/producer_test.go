package stream_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/stream"
)

// batchOf sends one event as a producer's batch.
func (b *bed) batchOf(producer string, sequence uint64, line string) (stream.Answer, error) {
	return b.s.Append(background, b.acme, "visits", stream.Input{Body: strings.NewReader(line), Length: -1, Producer: producer, Sequence: sequence})
}

func TestProducer(t *testing.T) {
	b := newBed(t, limits())
	line := `{"ts":` + b.at(0) + `,"type":"view"}`
	f := func(name, producer string, sequence, wantOffset uint64, wantDuplicate bool, wantCode string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			a, err := b.batchOf(producer, sequence, line)
			if codeOf(err) != wantCode || a.FirstOffset != wantOffset || a.Duplicate != wantDuplicate {
				t.Errorf("%+v, %v; want offset %d, duplicate %v, error %q", a, err, wantOffset, wantDuplicate, wantCode)
			}
		})
	}
	f("OKFirst", "p", 5, 1, false, "")
	f("OKRepeated", "p", 5, 1, true, "")
	f("OKLower", "p", 3, 2, false, "") // never sent, and nothing below it is forgotten
	f("OKLowerRepeated", "p", 3, 2, true, "")
	f("OKOtherProducer", "q", 5, 3, false, "")
	if n := b.count("visits"); n != 3 {
		t.Errorf("%d events are counted; want 3", n)
	}
	b.reopen()
	f("OKRepeatedAfterRestart", "p", 5, 1, true, "")
	f("OKNextAfterRestart", "p", 6, 4, false, "")
	if err := b.s.Flush(background); err != nil {
		t.Fatal(err)
	}
	b.s.Age()
	if n := b.s.KnownProducers(); n != 0 {
		t.Errorf("%d producers in memory after they were written", n)
	}
	f("OKRepeatedFromStore", "p", 6, 4, true, "")
	for n := range uint64(64) {
		if _, err := b.batchOf("p", 100+n, line); err != nil {
			t.Fatal(err)
		}
	}
	f("ErrForgotten", "p", 5, 0, false, "producer_seq_too_old")
	f("ErrBelowForgotten", "p", 4, 0, false, "producer_seq_too_old")
	f("OKStillKnown", "p", 100, 5, true, "")
	b.reopen()
	f("ErrForgottenAfterRestart", "p", 6, 0, false, "producer_seq_too_old")

	b.clock.Advance(25 * time.Hour)
	if err := b.s.ExpireProducers(background); err != nil {
		t.Fatal(err)
	}
	b.s.Age()
	f("OKAfterADay", "p", 5, 69, false, "")
}

func TestProducerRefused(t *testing.T) {
	b := newBed(t, limits())
	if _, err := b.batchOf("p", 1, `{"ts":`+b.at(0)+`}`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.batchOf("p", 2, `{"ts":"never"}`); codeOf(err) != "events_rejected" {
		t.Fatal(err)
	}
	if a, err := b.batchOf("p", 2, `{"ts":`+b.at(0)+`}`); err != nil || a.Duplicate || a.FirstOffset != 2 {
		t.Errorf("the number of a refused batch is taken: %+v, %v", a, err)
	}
}

// TestProducerTwins sends each batch many times at once: one is taken, and all
// get its answer.
func TestProducerTwins(t *testing.T) {
	b := newBed(t, limits())
	b.define("visits", stream.Definition{})
	line := `{"ts":` + b.at(0) + `}`
	var mu sync.Mutex
	first := map[uint64]uint64{}
	fresh := 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := uint64(1); n <= 20; n++ {
				a, err := b.batchOf("p", n, line)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if !a.Duplicate {
					fresh++
				}
				if known, ok := first[n]; ok && known != a.FirstOffset {
					t.Errorf("batch %d has offsets %d and %d", n, known, a.FirstOffset)
				}
				first[n] = a.FirstOffset
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if n := b.count("visits"); n != 20 || fresh != 20 {
		t.Errorf("%d events, %d taken; want 20", n, fresh)
	}
}

func TestProducerCancelled(t *testing.T) {
	b := newBed(t, limits())
	ctx, cancel := context.WithCancel(background)
	cancel()
	_, err := b.s.Append(ctx, b.acme, "visits", stream.Input{Body: strings.NewReader(`{"ts":` + b.at(0) + `}`), Length: -1, Producer: "p", Sequence: 1})
	if err == nil {
		t.Fatal("a cancelled request was taken")
	}
	if a, err := b.batchOf("p", 1, `{"ts":`+b.at(0)+`}`); err != nil || a.Duplicate {
		t.Errorf("%+v, %v", a, err)
	}
	if errors.Is(err, engine.ErrPoisoned) {
		t.Error(err)
	}
}

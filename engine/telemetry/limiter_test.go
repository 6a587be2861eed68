package telemetry_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine/telemetry"
)

const window = 10 * time.Second

// repeat logs the message n times from one line of source.
func repeat(l *slog.Logger, message string, n int) {
	for range n {
		l.Warn(message)
	}
}

// times is the same message n times.
func times(message string, n int) []string {
	var all []string
	for range n {
		all = append(all, message)
	}
	return all
}

// inBubble runs f with a log of at most 3 lines per call site, on virtual time.
func inBubble(t *testing.T, name string, f func(*testing.T, *telemetry.Log, *output)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			log, out := newLog(t, telemetry.LogConfig{Burst: 3})
			f(t, log, out)
		})
	})
}

// pass lets virtual time go by, and what it sets off finish.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestLogRateLimit(t *testing.T) {
	inBubble(t, "OK within", func(t *testing.T, log *telemetry.Log, out *output) {
		repeat(log.Logger, "m", 3)
		pass(window)
		out.wantMessages(t, times("m", 3)...)
	})

	inBubble(t, "OK suppressed", func(t *testing.T, log *telemetry.Log, out *output) {
		repeat(log.Logger, "m", 10)
		out.wantMessages(t, times("m", 3)...)
		pass(window)
		out.wantMessages(t, append(times("m", 3), "suppressed 7")...)
	})

	inBubble(t, "OK one summary per window", func(t *testing.T, log *telemetry.Log, out *output) {
		repeat(log.Logger, "m", 5)
		pass(window / 2)
		repeat(log.Logger, "m", 5)
		pass(window/2 - 1)
		out.wantMessages(t, times("m", 3)...)
		pass(1)
		out.wantMessages(t, append(times("m", 3), "suppressed 7")...)
	})

	inBubble(t, "OK next window", func(t *testing.T, log *telemetry.Log, out *output) {
		want := []string{}
		for range 3 {
			repeat(log.Logger, "m", 4)
			pass(window)
			want = append(want, "m", "m", "m", "suppressed 1")
		}
		out.wantMessages(t, want...)
	})

	inBubble(t, "OK slow stream", func(t *testing.T, log *telemetry.Log, out *output) {
		for range 20 {
			repeat(log.Logger, "m", 1)
			pass(window/3 + 1)
		}
		out.wantMessages(t, times("m", 20)...)
	})

	inBubble(t, "OK each line of source", func(t *testing.T, log *telemetry.Log, out *output) {
		repeat(log.Logger, "m", 5)
		log.Warn("another line")
		out.wantMessages(t, "m", "m", "m", "another line")
	})

	inBubble(t, "OK derived loggers count together", func(t *testing.T, log *telemetry.Log, out *output) {
		for i := range 5 {
			repeat(log.With("worker", i).WithGroup("g"), "m", 1)
		}
		out.wantMessages(t, times("m", 3)...)
	})

	inBubble(t, "OK one line of source that is inlined twice", func(t *testing.T, log *telemetry.Log, out *output) {
		repeat(log.Logger, "m", 2)
		repeat(log.Logger, "m", 2)
		out.wantMessages(t, times("m", 3)...)
	})

	inBubble(t, "OK hidden levels do not count", func(t *testing.T, log *telemetry.Log, out *output) {
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo} {
			for range 3 {
				log.Log(context.Background(), level, level.String())
			}
		}
		out.wantMessages(t, times("INFO", 3)...)
	})
}

func TestLogRateLimitSummary(t *testing.T) {
	inBubble(t, "OK", func(t *testing.T, log *telemetry.Log, out *output) {
		repeat(log.With("capability", "stream"), "disk slow", 4)
		pass(window)
		lines := out.lines(t)
		last := lines[len(lines)-1]
		if last["msg"] != "suppressed 1" || last["of"] != "disk slow" || last["level"] != "WARN" {
			t.Errorf("summary %v, want the message and level of what it stands for", last)
		}
		if source := fmt.Sprint(last["source"]); !strings.Contains(source, "limiter_test.go:") {
			t.Errorf("source = %s, want this file", source)
		}
	})
}

func TestLogRateLimitOff(t *testing.T) {
	inBubble(t, "OK Unlimited", func(t *testing.T, log *telemetry.Log, out *output) {
		repeat(log.Unlimited(), "m", 100)
		out.wantMessages(t, times("m", 100)...)
	})
	inBubble(t, "OK without a call site", func(t *testing.T, log *telemetry.Log, out *output) {
		for range 100 {
			record := slog.NewRecord(time.Now(), slog.LevelInfo, "m", 0)
			if err := log.Handler().Handle(context.Background(), record); err != nil {
				t.Fatal(err)
			}
		}
		out.wantMessages(t, times("m", 100)...)
	})
	t.Run("OK zero burst", func(t *testing.T) {
		log, out := debugLog(t)
		repeat(log.Logger, "m", 100)
		out.wantMessages(t, times("m", 100)...)
	})
}

func TestLogClose(t *testing.T) {
	inBubble(t, "OK", func(t *testing.T, log *telemetry.Log, out *output) {
		repeat(log.Logger, "m", 5)
		log.Close()
		want := append(times("m", 3), "suppressed 2")
		out.wantMessages(t, want...)

		log.Close()
		pass(window) // the timer finds nothing left to say
		out.wantMessages(t, want...)
	})
	inBubble(t, "OK nothing held back", func(t *testing.T, log *telemetry.Log, out *output) {
		log.Close()
		out.wantMessages(t)
	})
}

// TestLogConcurrent holds that no line is lost between written and suppressed.
func TestLogConcurrent(t *testing.T) {
	inBubble(t, "OK", func(t *testing.T, log *telemetry.Log, out *output) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { repeat(log.Logger, "m", 100) })
		}
		wg.Wait()
		pass(window)
		out.wantMessages(t, append(times("m", 3), "suppressed 797")...)
	})
}

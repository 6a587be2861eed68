package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"
)

// window is the time over which the lines of one call site are counted.
const window = 10 * time.Second

// limiter lets each line of source log burst lines per window. When a window
// ends in which it dropped some, it writes one line that says how many. Its
// maps hold one entry per call site, so the program's source bounds them.
type limiter struct {
	burst int // 0: no limit
	lines slog.Handler

	mu       sync.Mutex // guards the maps and the sites; never held while writing
	byPC     map[uintptr]*site
	bySource map[string]*site // a line that is inlined in two places has two PCs
}

// site is one line of source in its present window.
type site struct {
	source  string // file:line
	start   time.Time
	count   int
	dropped int
	last    slog.Record // of the dropped ones
}

func newLimiter(burst int, lines slog.Handler) *limiter {
	return &limiter{burst: burst, lines: lines, byPC: map[uintptr]*site{}, bySource: map[string]*site{}}
}

// allow counts the record and reports whether it is written. Records that were
// made without a call site are always written.
func (l *limiter) allow(r slog.Record) bool {
	if l.burst == 0 || r.PC == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.site(r.PC)
	now := time.Now()
	if s.dropped == 0 && now.Sub(s.start) >= window {
		s.start, s.count = now, 0
	}
	s.count++
	if s.count <= l.burst {
		return true
	}
	if s.dropped == 0 {
		time.AfterFunc(s.start.Add(window).Sub(now), func() { l.report(s) })
	}
	s.dropped++
	s.last = r.Clone()
	return false
}

// site finds the site of a PC, or makes it. The caller holds mu.
func (l *limiter) site(pc uintptr) *site {
	s := l.byPC[pc]
	if s != nil {
		return s
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	source := fmt.Sprintf("%s:%d", frame.File, frame.Line)
	if s = l.bySource[source]; s == nil {
		s = &site{source: source}
		l.bySource[source] = s
	}
	l.byPC[pc] = s
	return s
}

// report ends the window of one site and tells what it dropped.
func (l *limiter) report(s *site) {
	l.mu.Lock()
	dropped, last := s.dropped, s.last
	if dropped == 0 {
		l.mu.Unlock()
		return // flush was first
	}
	s.start, s.count, s.dropped, s.last = time.Now(), 0, 0, slog.Record{}
	l.mu.Unlock()
	summary := slog.NewRecord(time.Now(), last.Level, fmt.Sprintf("suppressed %d", dropped), last.PC)
	summary.AddAttrs(slog.String("of", last.Message), slog.String("source", s.source))
	// A log that cannot be written has nowhere to say so.
	_ = l.lines.Handle(context.Background(), summary)
}

// flush reports every site that holds lines back, in the order of the source.
func (l *limiter) flush() {
	l.mu.Lock()
	var held []*site
	for _, source := range slices.Sorted(maps.Keys(l.bySource)) {
		if s := l.bySource[source]; s.dropped > 0 {
			held = append(held, s)
		}
	}
	l.mu.Unlock()
	for _, s := range held {
		l.report(s)
	}
}

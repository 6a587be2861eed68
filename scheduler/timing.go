package scheduler

import (
	"slices"
	"time"
)

// timing says when a schedule ticks: by one of cron, every and at. Times are
// milliseconds.
type timing struct {
	cron   *cron
	every  int64 // ms, counted from anchor
	anchor int64 // when the schedule was made
	at     int64
	start  int64 // ticks: start ≤ t < end
	end    int64
}

// lastTick bounds all ticks: it is 9999-12-31 00:00 UTC. Behind that year there
// is no RFC 3339, and a zone is up to a day ahead of UTC.
const lastTick = 253_402_214_400_000

// next returns the first tick after an instant.
func (w *timing) next(after int64) (int64, bool) {
	after = max(after, w.start-1)
	tick := w.at
	switch {
	case w.cron != nil:
		t, ok := w.cron.next(time.UnixMilli(after))
		if !ok {
			return 0, false
		}
		tick = t.UnixMilli()
	case w.every != 0:
		tick = w.anchor + (max(after-w.anchor, 0)/w.every+1)*w.every
	}
	if tick <= after || tick >= w.end {
		return 0, false
	}
	return tick, true
}

// latest returns the last tick up to an instant, given one that is not later.
func (w *timing) latest(tick, until int64) int64 {
	until = min(until, w.end-1)
	switch {
	case w.cron != nil:
		return w.cron.latest(time.UnixMilli(tick), time.UnixMilli(until)).UnixMilli()
	case w.every != 0:
		return w.anchor + (until-w.anchor)/w.every*w.every
	}
	return tick
}

// newest lists the last n ticks up to an instant, rising and none before the
// given one. However many lie between, it asks for n of them alone.
func (w *timing) newest(tick, until int64, n int) (list []int64) {
	for last := until; len(list) < n; {
		t := w.latest(tick, last)
		list = append(list, t)
		if t <= tick {
			break
		}
		last = t - 1
	}
	slices.Reverse(list)
	return list
}

// between lists up to n ticks with from ≤ t < to.
func (w *timing) between(from, to int64, n int) (list []int64) {
	for after := from - 1; len(list) < n; after = list[len(list)-1] {
		t, ok := w.next(after)
		if !ok || t >= to {
			break
		}
		list = append(list, t)
	}
	return list
}

// zone is where the ticks are shown.
func (w *timing) zone() *time.Location {
	if w.cron != nil {
		return w.cron.zone
	}
	return time.UTC
}

// note says what is special about a tick, "" for nothing.
func (w *timing) note(tick int64) string {
	if w.cron == nil {
		return ""
	}
	return w.cron.note(time.UnixMilli(tick))
}

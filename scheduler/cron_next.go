package scheduler

import (
	"fmt"
	"math"
	"math/bits"
	"time"
)

// horizon is how far a search goes: 29 February can be eight years away, and
// with a weekday that must match as well there is no expression.
const horizon = 10 * 366 * day

// Seconds, as Unix time counts them.
const (
	minute = 60
	day    = 24 * 60 * minute
)

// Local times are counted in seconds like Unix time, as if the clock on the
// wall showed UTC: local = instant + offset. Within a period of one offset both
// run alike, so a search needs the calendar alone, and looks at what happens
// where periods meet.

// period is a stretch of time with one offset from UTC.
type period struct {
	start, end int64 // instants: start ≤ t < end
	offset     int64
	reached    int64 // the local time that the clock had reached when it began
}

func (c *cron) periodAt(t int64) period {
	at := time.Unix(t, 0).In(c.zone)
	from, to := at.ZoneBounds()
	_, offset := at.Zone()
	p := period{start: math.MinInt64, end: math.MaxInt64, offset: int64(offset), reached: math.MinInt64}
	if !to.IsZero() {
		p.end = to.Unix()
	}
	if !from.IsZero() {
		_, before := from.Add(-time.Second).Zone()
		p.start = from.Unix()
		p.reached = p.start + int64(before)
	}
	return p
}

// jumped reports whether the clock jumped forward when the period began, so
// that it never showed the local times from reached to first.
func (p period) jumped() (first int64, ok bool) {
	if p.start == math.MinInt64 {
		return 0, false
	}
	return p.start + p.offset, p.reached < p.start+p.offset
}

// next returns the first tick after an instant.
func (c *cron) next(after time.Time) (time.Time, bool) {
	from := after.Unix() + 1 // ticks are whole seconds
	for limit := from + horizon; from < limit; {
		p := c.periodAt(from)
		if t, ok := c.nextIn(p, from, limit); ok {
			return time.Unix(t, 0).UTC(), true
		}
		if p.end > limit {
			break
		}
		from = p.end
	}
	return time.Time{}, false
}

// nextIn returns the first tick of a period that is not before from.
func (c *cron) nextIn(p period, from, limit int64) (int64, bool) {
	local := from + p.offset
	if !c.rhythm {
		if from == p.start {
			if _, ok := c.skipped(p); ok {
				return p.start, true
			}
		}
		local = max(local, p.reached) // what the clock shows again has happened
	}
	until := min(p.end, limit) + p.offset
	local, ok := c.nextLocal(local, until)
	return local - p.offset, ok
}

// skipped returns the first local time that matches among those that the
// clock jumped over when the period began.
func (c *cron) skipped(p period) (int64, bool) {
	first, ok := p.jumped()
	if !ok {
		return 0, false
	}
	return c.nextLocal(p.reached, first)
}

// nextLocal returns the first matching local time from ≤ t < until.
func (c *cron) nextLocal(from, until int64) (int64, bool) {
	date := floorDiv(from, day)
	start := int((from - date*day + minute - 1) / minute)
	for ; date*day < until; date, start = date+1, 0 {
		if !c.matchesDate(date) {
			continue
		}
		if m, ok := c.nextMinute(start); ok {
			t := date*day + int64(m)*minute
			return t, t < until
		}
	}
	return 0, false
}

// nextMinute returns the first matching minute of a day from start on.
func (c *cron) nextMinute(start int) (int, bool) {
	for h, m := start/60, start%60; h < 24; h, m = h+1, 0 {
		if c.hour&(1<<h) == 0 {
			continue
		}
		if left := c.minute &^ anyBit >> m; left != 0 {
			return h*60 + m + bits.TrailingZeros64(left), true
		}
	}
	return 0, false
}

// matchesDate reports whether a day, counted from 1970, matches.
func (c *cron) matchesDate(date int64) bool {
	_, month, dom := time.Unix(date*day, 0).UTC().Date()
	if c.month&(1<<month) == 0 {
		return false
	}
	weekday := (date%7 + 7 + 4) % 7 // 1970 began on a Thursday
	inMonth, inWeek := c.dom&(1<<dom) != 0, c.dow&(1<<weekday) != 0
	if c.eitherDay {
		return inMonth || inWeek
	}
	return inMonth && inWeek
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// latest returns the last tick up to an instant, given an earlier one. It asks
// for next some thirty times, however many ticks lie between.
func (c *cron) latest(tick, until time.Time) time.Time {
	low, high := tick.Unix(), until.Unix() // no tick lies behind high
	for low < high {
		middle := low + (high-low+1)/2
		if t, ok := c.next(time.Unix(middle-1, 0)); ok && t.Unix() <= high {
			low = t.Unix()
		} else {
			high = middle - 1
		}
	}
	return time.Unix(low, 0).UTC()
}

// note says what is special about a tick, "" for nothing.
func (c *cron) note(tick time.Time) string {
	if c.rhythm {
		return ""
	}
	t := tick.Unix()
	p := c.periodAt(t)
	if t == p.start {
		if missing, ok := c.skipped(p); ok {
			return fmt.Sprintf("%s does not exist on this day; runs at %s", clockText(missing), clockText(t+p.offset))
		}
	}
	if p.end == math.MaxInt64 {
		return ""
	}
	if after := c.periodAt(p.end); p.end+after.offset <= t+p.offset {
		return fmt.Sprintf("%s comes twice on this day; runs the first time", clockText(t+p.offset))
	}
	return ""
}

func clockText(local int64) string { return time.Unix(local, 0).UTC().Format("15:04") }

package scheduler_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"quintet/scheduler"
)

// walker is an independent model of cron: it walks real time minute by minute,
// looks at the clock on the wall, and remembers what it showed before. It
// shares no code with the scheduler, and not the parser either.
type walker struct {
	sets   [5]map[int]bool
	any    [5]bool
	rhythm bool
}

func newWalker(spec string) walker {
	w := walker{}
	low, high := []int{0, 0, 1, 1, 0}, []int{59, 23, 31, 12, 6}
	for i, field := range strings.Fields(spec) {
		w.sets[i], w.any[i] = map[int]bool{}, field == "*"
		if i < 2 && strings.ContainsAny(field, "*/") {
			w.rhythm = true
		}
		for _, part := range strings.Split(field, ",") {
			body, step, _ := strings.Cut(part, "/")
			by, _ := strconv.Atoi(step)
			a, b, ranged := strings.Cut(body, "-")
			from, _ := strconv.Atoi(a)
			to := from
			if body == "*" {
				from, to = low[i], high[i]
			} else if ranged {
				to, _ = strconv.Atoi(b)
			}
			for v := from; v <= to; v += max(by, 1) {
				w.sets[i][v] = true
			}
		}
	}
	return w
}

// matches looks at a time on the wall.
func (w walker) matches(wall time.Time) bool {
	if !w.sets[0][wall.Minute()] || !w.sets[1][wall.Hour()] || !w.sets[3][int(wall.Month())] {
		return false
	}
	dom, dow := w.sets[2][wall.Day()], w.sets[4][int(wall.Weekday())]
	if !w.any[2] && !w.any[4] {
		return dom || dow
	}
	return dom && dow
}

// ticks lists the ticks of a stretch of time.
func (w walker) ticks(from, to time.Time, zone *time.Location) (list []int64) {
	wallOf := func(t time.Time) time.Time {
		_, offset := t.In(zone).Zone()
		return t.UTC().Add(time.Duration(offset) * time.Second)
	}
	shown := wallOf(from.Add(-3 * time.Hour)) // the latest that the wall has shown
	for t := from.Add(-3 * time.Hour); t.Before(to); t = t.Add(time.Minute) {
		wall, due := wallOf(t), false
		if w.rhythm {
			due = w.matches(wall)
		} else {
			for ; !shown.After(wall); shown = shown.Add(time.Minute) {
				due = due || w.matches(shown)
			}
		}
		if due && !t.Before(from) {
			list = append(list, t.Unix())
		}
	}
	return list
}

var modelSpecs = []string{
	"30 2 * * *", "0 2 * * *", "0 0 * * *", "59 23 * * *", "15,45 1-3 * * *", "0 3 * * 0", "30 1 1-7 * 0", "0 12 13 * 5", "5 0,2 * 3,10,11 *",
	"* * * * *", "*/7 * * * *", "30 * * * *", "*/30 1-3 * * *", "10 */2 * * *", "0 0-23/3 * * *", "*/20 2 * * 0",
}

// TestCronAgainstWalker compares two days around every transition of some
// zones, which cover both hemispheres, half hours, midnight and vanished days.
func TestCronAgainstWalker(t *testing.T) {
	zones := []string{
		"Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/St_Johns", "America/Havana", "Asia/Beirut", "Asia/Gaza",
		"Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Antarctica/Troll", "America/Nuuk", "UTC",
	}
	compared, moved := 0, 0
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		must(t, err)
		for _, at := range transitions(zone, 2008, 2012, 2018, 2019, 2024, 2026) {
			moved++
			from, to := at.Add(-36*time.Hour).Truncate(time.Minute), at.Add(36*time.Hour).Truncate(time.Minute)
			for _, spec := range modelSpecs {
				want := newWalker(spec).ticks(from, to, zone)
				got := cronTicks(t, spec, name, from, to)
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("%s in %s around %v:\n%v\nthe walker has\n%v", spec, name, at, local(got, zone), local(want, zone))
				}
				compared += len(want)
			}
		}
	}
	t.Logf("%d ticks around %d transitions agree", compared, moved)
}

// transitions lists when a zone changed its offset in some years.
func transitions(zone *time.Location, years ...int) (list []time.Time) {
	for _, year := range years {
		for t := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); t.Year() == year; {
			_, end := t.In(zone).ZoneBounds()
			if end.IsZero() || end.UTC().Year() != year {
				break
			}
			list = append(list, end.UTC())
			t = end.UTC()
		}
	}
	return list
}

func cronTicks(t *testing.T, spec, zone string, from, to time.Time) (list []int64) {
	c, err := scheduler.ParseCron(spec, zone)
	must(t, err)
	for at := from.Add(-time.Second); ; {
		next, ok := c.Next(at)
		if !ok || !next.Before(to) {
			return list
		}
		list = append(list, next.Unix())
		at = next
	}
}

func local(ticks []int64, zone *time.Location) (list []string) {
	for _, tick := range ticks {
		list = append(list, time.Unix(tick, 0).In(zone).Format("01-02 15:04 -0700"))
	}
	return list
}

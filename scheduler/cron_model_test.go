package scheduler_test

import (
	"slices"
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
	sets   [5][60]bool
	any    [5]bool
	rhythm bool
}

func newWalker(spec string) *walker {
	w := &walker{}
	low, high := []int{0, 0, 1, 1, 0}, []int{59, 23, 31, 12, 6}
	for i, field := range strings.Fields(spec) {
		w.any[i] = field == "*"
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

// wall is a minute as a clock on the wall shows it.
type wall struct{ minute, hour, day, month, weekday int }

// matches looks at a minute on the wall.
func (w *walker) matches(m wall) bool {
	if !w.sets[0][m.minute] || !w.sets[1][m.hour] || !w.sets[3][m.month] {
		return false
	}
	dom, dow := w.sets[2][m.day], w.sets[4][m.weekday]
	if !w.any[2] && !w.any[4] {
		return dom || dow
	}
	return dom && dow
}

// walk lists the ticks of several models in a stretch of time.
func walk(models []*walker, from, to time.Time, zone *time.Location) [][]int64 {
	const before = 26 * 60 * 60 // longer than any zone was set back
	read := func(local int64) wall {
		t := time.Unix(local, 0).UTC()
		_, month, day := t.Date()
		return wall{t.Minute(), t.Hour(), day, int(month), int(t.Weekday())}
	}
	localOf := func(t int64) int64 {
		_, offset := time.Unix(t, 0).In(zone).Zone()
		return t + int64(offset)
	}
	lists := make([][]int64, len(models))
	shown := localOf(from.Unix() - before) // the next minute that the wall has not shown yet
	var fresh []wall
	for t := from.Unix() - before; t < to.Unix(); t += 60 {
		local := localOf(t)
		now := read(local)
		for fresh = fresh[:0]; shown <= local; shown += 60 {
			if shown == local {
				fresh = append(fresh, now)
			} else {
				fresh = append(fresh, read(shown)) // the clock jumped over it
			}
		}
		for i, w := range models {
			if due := w.rhythm && w.matches(now) || !w.rhythm && slices.ContainsFunc(fresh, w.matches); due && t >= from.Unix() {
				lists[i] = append(lists[i], t)
			}
		}
	}
	return lists
}

// modelSpecs are twenty expressions: appointments around the hours at which
// clocks jump, days that are rare, and rhythms.
var modelSpecs = []string{
	"30 2 * * *", "0 2 * * *", "0 0 * * *", "59 23 * * *", "15,45 1-3 * * *", "0 3 * * 0", "30 1 1-7 * 0", "0 12 13 * 5", "5 0,2 * 3,10,11 *",
	"0 2,3 * * *", "59 1 * * *", "0 1 28-31 * *", "45 23 * * 6",
	"* * * * *", "*/7 * * * *", "30 * * * *", "*/30 1-3 * * *", "10 */2 * * *", "0 0-23/3 * * *", "*/20 2 * * 0",
}

// cronModel is the expressions of modelSpecs in a zone, by both.
type cronModel struct {
	zone    *time.Location
	crons   []scheduler.Cron
	walkers []*walker
}

func newCronModel(t testing.TB, name string) *cronModel {
	m := &cronModel{}
	var err error
	m.zone, err = time.LoadLocation(name)
	must(t, err)
	for _, spec := range modelSpecs {
		c, err := scheduler.ParseCron(spec, name)
		must(t, err)
		m.crons, m.walkers = append(m.crons, c), append(m.walkers, newWalker(spec))
	}
	return m
}

// compare holds that both have the same ticks, and returns how many.
func (m *cronModel) compare(t testing.TB, from, to time.Time) (ticks int) {
	from, to = from.Truncate(time.Minute), to.Truncate(time.Minute)
	for i, want := range walk(m.walkers, from, to, m.zone) {
		got := cronTicks(m.crons[i], from, to)
		if !slices.Equal(got, want) {
			t.Errorf("%s in %s from %v:\n%v\nthe walker has\n%v", modelSpecs[i], m.zone, from, local(got, m.zone), local(want, m.zone))
		}
		ticks += len(want)
	}
	return ticks
}

// around compares some time before and after every transition of some years.
func (m *cronModel) around(t testing.TB, span time.Duration, years ...int) (ticks, moved int) {
	for _, at := range transitions(m.zone, years...) {
		ticks += m.compare(t, at.Add(-span), at.Add(span))
		moved++
	}
	return ticks, moved
}

// TestCronAgainstWalker compares a day and a half around transitions of years
// in which zones did what they do not do any more: no midnight, half hours,
// days that vanished.
func TestCronAgainstWalker(t *testing.T) {
	zones := []string{
		"Europe/Berlin", "America/Sao_Paulo", "America/St_Johns", "America/Caracas", "Asia/Pyongyang",
		"Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Antarctica/Troll", "Asia/Gaza",
	}
	compared, moved := 0, 0
	for _, name := range zones {
		ticks, n := newCronModel(t, name).around(t, 36*time.Hour, 2007, 2008, 2011, 2012, 2015, 2016)
		compared, moved = compared+ticks, moved+n
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

func cronTicks(c scheduler.Cron, from, to time.Time) (list []int64) {
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

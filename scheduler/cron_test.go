package scheduler_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"quintet/engine"
	"quintet/scheduler"
)

// TestCronAroundTransitions is the table of what happens where a zone's clock
// jumps. Times are local, as in "03-08 03:00"; a trailing * marks the second
// time that the clock shows it.
func TestCronAroundTransitions(t *testing.T) {
	f := func(name, spec, zone, from string, days int, want, note string) {
		t.Run(name, func(t *testing.T) {
			c, err := scheduler.ParseCron(spec, zone)
			must(t, err)
			loc, err := time.LoadLocation(zone)
			must(t, err)
			start, err := time.ParseInLocation(time.DateTime, from+" 00:00:00", loc)
			if start.Hour() != 0 {
				start, err = start.Add(-12*time.Hour), nil // there is no midnight
			}
			must(t, err)
			var got, notes []string
			for at, end := start.Add(-time.Second), start.AddDate(0, 0, days); ; {
				next, ok := c.Next(at)
				if !ok || !next.Before(end) {
					break
				}
				text := next.In(loc).Format("01-02 15:04")
				if _, now := next.In(loc).Zone(); slices.Contains(got, text) || func() bool { _, before := next.Add(-3 * time.Hour).In(loc).Zone(); return before > now }() {
					if next.Add(-time.Hour).In(loc).Format("01-02 15:04") == text {
						text += "*"
					}
				}
				got = append(got, text)
				if n := c.Note(next); n != "" {
					notes = append(notes, n)
				}
				at = next
			}
			if strings.Join(got, ", ") != want {
				t.Errorf("ticks %s\nexpected %s", strings.Join(got, ", "), want)
			}
			if strings.Join(notes, ", ") != note {
				t.Errorf("notes %q, expected %q", notes, note)
			}
		})
	}
	const ny, berlin = "America/New_York", "Europe/Berlin"
	f("OK gap New York 02:30", "30 2 * * *", ny, "2026-03-07", 3, "03-07 02:30, 03-08 03:00, 03-09 02:30", "02:30 does not exist on this day; runs at 03:00")
	f("OK gap New York 02:00", "0 2 * * *", ny, "2026-03-07", 3, "03-07 02:00, 03-08 03:00, 03-09 02:00", "02:00 does not exist on this day; runs at 03:00")
	f("OK gap Berlin 02:30", "30 2 * * *", berlin, "2026-03-28", 3, "03-28 02:30, 03-29 03:00, 03-30 02:30", "02:30 does not exist on this day; runs at 03:00")
	f("OK gap Berlin 02:00", "0 2 * * *", berlin, "2026-03-28", 3, "03-28 02:00, 03-29 03:00, 03-30 02:00", "02:00 does not exist on this day; runs at 03:00")
	f("OK gap and its end are one", "0 2,3 * * *", berlin, "2026-03-29", 1, "03-29 03:00", "02:00 does not exist on this day; runs at 03:00")
	f("OK no midnight in Sao Paulo", "0 0 * * *", "America/Sao_Paulo", "2018-11-03", 3, "11-03 00:00, 11-04 01:00, 11-05 00:00", "00:00 does not exist on this day; runs at 01:00")
	f("OK no midnight in Beirut", "0 0 * * *", "Asia/Beirut", "2024-03-30", 3, "03-30 00:00, 03-31 01:00, 04-01 00:00", "00:00 does not exist on this day; runs at 01:00")
	f("OK no Friday in Samoa", "0 12 * * *", "Pacific/Apia", "2011-12-29", 3, "12-29 12:00, 12-31 00:00, 12-31 12:00", "12:00 does not exist on this day; runs at 00:00")
	f("OK overlap New York", "30 1 * * *", ny, "2026-10-31", 3, "10-31 01:30, 11-01 01:30, 11-02 01:30", "01:30 comes twice on this day; runs the first time")
	f("OK overlap Berlin", "30 2 * * *", berlin, "2026-10-24", 3, "10-24 02:30, 10-25 02:30, 10-26 02:30", "02:30 comes twice on this day; runs the first time")
	f("OK overlap after it", "0 3 * * *", berlin, "2026-10-24", 3, "10-24 03:00, 10-25 03:00, 10-26 03:00", "")
	f("OK every hour through the overlap", "30 1-3,*/12 * * *", berlin, "2026-10-25", 1, "10-25 00:30, 10-25 01:30, 10-25 02:30, 10-25 02:30*, 10-25 03:30, 10-25 12:30", "")
	f("OK wildcard hour in the overlap", "30 * * * *", ny, "2026-11-01", 1,
		"11-01 00:30, 11-01 01:30, 11-01 01:30*, "+hours("11-01", 2, 23, "30"), "")
	f("OK stepped minutes in the gap", "*/30 1-3 * * *", berlin, "2026-03-29", 1, "03-29 01:00, 03-29 01:30, 03-29 03:00, 03-29 03:30", "")
	f("OK 13th or Friday", "0 12 13 * 5", "UTC", "2026-02-10", 12, "02-13 12:00, 02-20 12:00", "")
	f("OK leap day", "0 0 29 2 *", "UTC", "2024-02-20", 20, "02-29 00:00", "")
	f("OK 7 is Sunday", "0 0 * * 7", "UTC", "2026-02-01", 9, "02-01 00:00, 02-08 00:00", "")
	f("OK Friday to Sunday", "0 0 * * 5-7", "UTC", "2026-02-01", 9, "02-01 00:00, 02-06 00:00, 02-07 00:00, 02-08 00:00", "")
	f("OK shorthand", "@daily", "UTC", "2026-02-01", 2, "02-01 00:00, 02-02 00:00", "")
}

// hours lists hours of a day.
func hours(date string, from, to int, minute string) string {
	var list []string
	for h := from; h <= to; h++ {
		list = append(list, date+" "+time.Date(0, 1, 1, h, 0, 0, 0, time.UTC).Format("15:")+minute)
	}
	return strings.Join(list, ", ")
}

// TestCronErrors tells what is no expression, and where.
func TestCronErrors(t *testing.T) {
	f := func(name, spec, zone, location, message string) {
		t.Run(name, func(t *testing.T) {
			_, err := scheduler.ParseCron(spec, zone)
			own, ok := errors.AsType[*engine.Error](err)
			if !ok || own.Kind != engine.Invalid || own.Fields[0].Location != location || !strings.Contains(own.Fields[0].Message, message) {
				t.Errorf("got %v", err)
			}
		})
	}
	f("ErrEmpty", "", "UTC", "body.cron", "0 fields")
	f("ErrFields", "* * * *", "UTC", "body.cron", "has 4 fields and needs five")
	f("ErrSeconds", "0 * * * * *", "UTC", "body.cron", "seconds are not supported")
	f("ErrRange", "5 25 * * *", "UTC", "body.cron", "field 2 (hour), at byte 3")
	f("ErrWord", "*  *  *  foo *", "UTC", "body.cron", "field 4 (month), at byte 10")
	f("ErrStep", "*/0 * * * *", "UTC", "body.cron", "field 1 (minute), at byte 1")
	f("ErrNeverFires", "0 0 30 2 *", "UTC", "body.cron", "never fires")
	f("ErrZoneInside", "TZ=UTC", "UTC", "body.cron", "send it as zone")
	f("ErrZoneInside whole", "CRON_TZ=UTC 0 0 * * *", "UTC", "body.cron", "send it as zone")
	f("ErrEvery", "@every 500ms", "UTC", "body.cron", "@every is not supported")
	f("ErrReboot", "@reboot", "UTC", "body.cron", "use @hourly")
	f("ErrLast day", "0 0 L * *", "UTC", "body.cron", "L and W are not supported")
	f("ErrHash", "0 0 * * 5#2", "UTC", "body.cron", "does not belong there")
	f("ErrSeven", "0 0 * * 7-9", "UTC", "body.cron", "7 is Sunday")
	f("ErrSeven step", "0 0 * * 5-7/0", "UTC", "body.cron", "step")
	f("ErrEight", "0 0 * * 8", "UTC", "body.cron", "field 5")
	f("ErrLong", strings.Repeat("1,", 200)+"1 * * * *", "UTC", "body.cron", "256 bytes")
	f("ErrControl", "0 0 * * 1\x00", "UTC", "body.cron", "does not belong")
	f("ErrZone", "0 0 * * *", "Europe/Atlantis", "body.zone", "is not a zone")
	f("ErrZone path", "0 0 * * *", "../etc/passwd", "body.zone", "is not a zone")
	f("ErrZone local", "0 0 * * *", "Local", "body.zone", "is the name of a zone")
}

// TestCronLatest compares latest with walking from tick to tick.
func TestCronLatest(t *testing.T) {
	for _, spec := range []string{"* * * * *", "*/7 3 * * *", "30 2 * * *", "0 0 29 2 *", "0 0 1 1 *"} {
		c, err := scheduler.ParseCron(spec, "Europe/Berlin")
		must(t, err)
		first, _ := c.Next(time.Date(2023, 10, 1, 0, 0, 0, 0, time.UTC))
		for _, after := range []time.Duration{0, time.Minute, time.Hour, 40 * 24 * time.Hour, 900 * 24 * time.Hour} {
			until := first.Add(after)
			want := first
			for next := first; after < 50*24*time.Hour || spec[0] != '*'; want = next {
				var ok bool
				if next, ok = c.Next(want); !ok || next.After(until) {
					break
				}
			}
			if got := c.Latest(first, until); after < 50*24*time.Hour && !got.Equal(want) {
				t.Errorf("%s: the latest until %v is %v, expected was %v", spec, until, got, want)
			} else if next, ok := c.Next(got); ok && !next.After(until) {
				t.Errorf("%s: after %v comes %v, until %v", spec, got, next, until)
			}
		}
	}
}

// FuzzParseCron holds that no expression panics, and that ticks rise.
func FuzzParseCron(f *testing.F) {
	for _, spec := range []string{"30 2 * * *", "*/15 0-23/2 1,15 JAN-DEC MON-7", "TZ=UTC", "@hourly", "0 0 * * 5-7/2", "? ? ? ? ?"} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		c, err := scheduler.ParseCron(spec, "Europe/Berlin")
		if err != nil {
			return
		}
		at := time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)
		for range 5 {
			next, ok := c.Next(at)
			if !ok {
				return
			}
			if !next.After(at) {
				t.Fatalf("%q: %v comes after %v", spec, next, at)
			}
			at = next
		}
	})
}

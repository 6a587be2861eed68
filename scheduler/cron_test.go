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
	f("ErrSeven", "0 0 * * 7-9", "UTC", "body.cron", "at byte 9: 9 is too large")
	f("ErrSeven begins", "0 0 * * 7-7", "UTC", "body.cron", "7 is Sunday and ends a range")
	f("ErrSeven stepped", "0 0 * * 7/2", "UTC", "body.cron", "7 is Sunday and ends a range")
	f("ErrSeven step", "0 0 * * 5-7/0", "UTC", "body.cron", "step")
	f("ErrEight", "0 0 * * 8", "UTC", "body.cron", "field 5")
	f("ErrLong", strings.Repeat("1,", 200)+"1 * * * *", "UTC", "body.cron", "256 bytes")
	f("ErrControl", "0 0 * * 1\x00", "UTC", "body.cron", "does not belong")
	f("ErrZone", "0 0 * * *", "Europe/Atlantis", "body.zone", "is not a zone")
	f("ErrZone path", "0 0 * * *", "../etc/passwd", "body.zone", "is not a zone")
	f("ErrZone local", "0 0 * * *", "Local", "body.zone", "is the name of a zone")
}

// TestCronHints tells what was probably meant.
func TestCronHints(t *testing.T) {
	f := func(name, spec, zone, message string) {
		t.Run(name, func(t *testing.T) {
			_, err := scheduler.ParseCron(spec, zone)
			if own, ok := errors.AsType[*engine.Error](err); !ok || !strings.Contains(own.Fields[0].Message, message) {
				t.Errorf("got %v\nexpected was %s", err, message)
			}
		})
	}
	f("ErrMonday", "0 9 * * MONDAY", "UTC", `field 5 (day of week), at byte 9: "MONDAY" is probably meant as MON`)
	f("ErrMonday in a list", "0 9 * * TUE,Mondey", "UTC", `at byte 13: "Mondey" is probably meant as MON`)
	f("ErrJuly", "0 9 * july *", "UTC", `"july" is probably meant as JUL`)
	f("ErrFir", "0 9 * * FRY", "UTC", `"FRY" is probably meant as FRI`)
	f("ErrSunday as a month", "0 9 * SUN *", "UTC", `"SUN" belongs into field 5 (day of week)`)
	f("ErrMonth as an hour", "0 DEC * * *", "UTC", `"DEC" belongs into field 4 (month)`)
	f("ErrMinute", "60 * * * *", "UTC", "field 1 (minute), at byte 1: 60 is too large: minutes are 0 to 59")
	f("ErrHour", "0 1,24 * * *", "UTC", "field 2 (hour), at byte 5: 24 is too large: hours are 0 to 23, midnight being 0")
	f("ErrDay", "0 0 0 * *", "UTC", "0 is too small: days of the month are 1 to 31")
	f("ErrMonth", "0 0 1 13 *", "UTC", "months are 1 to 12, or JAN to DEC")
	f("ErrHuge", "99999999999999999999999 * * * *", "UTC", "is too large")
	f("ErrSeconds", "* * * * * *", "UTC", `at byte 11: has 6 fields and needs five: minute, hour, day of month, month, day of week; seconds are not supported, drop the first field: "* * * * *"`)
	f("ErrYear", "0 9 * * MON 2027", "UTC", `years are not supported, drop the last field: "0 9 * * MON"`)
	f("ErrQuartz", "0 0 9 * * ? 2027", "UTC", `drop the first and the last field: "0 9 * * ?"`)
	f("ErrFour", "0 9 * *", "UTC", `to fill up with any day, write "0 9 * * *"`)
	f("ErrEvery", "@every 5m", "UTC", `send every: "5m" and no cron`)
	f("ErrEvery otherwise", "@every 1h30m", "UTC", `send every: "5m" and no cron`)
	f("ErrShorthand", "@Dayly", "UTC", `"@Dayly" is probably meant as @daily`)
	f("ErrNight", "0 22-4 * * *", "UTC", "a range rises; 22-4 is probably meant as 22-23,0-4")
	f("ErrWeekend", "0 9 * * SAT-SUN", "UTC", "SAT-SUN is probably meant as 6,0")
	f("ErrComma", "1,,2 * * * *", "UTC", "at byte 3: a value is missing")
	f("ErrComma at the end", "1, * * * *", "UTC", "at byte 3: a value is missing")
	f("ErrOpen range", "1- * * * *", "UTC", "a value is missing")
	f("ErrStar range", "*-5 * * * *", "UTC", "begins no range")
	f("ErrStep", "*/x * * * *", "UTC", `"x" is no step`)
	f("ErrLast weekday", "0 0 * * 5L", "UTC", "L and W are not supported")
	f("ErrNth", "0 0 * * FRI#2", "UTC", "nth weekday")
	f("ErrUnicode", "0 0 * * MÖN", "UTC", "does not belong there")
	f("ErrWord", "abcdefg * * * *", "UTC", `"abcdefg" is no number: minutes are 0 to 59`)
	f("ErrNeverFires", "0 0 31 4,6 *", "UTC", "early on the 1st of the next")
	f("ErrZone case", "0 0 * * *", "europe/berlin", "did you mean Europe/Berlin?")
	f("ErrZone case of a rare one", "0 0 * * *", "america/st_kitts", "did you mean America/St_Kitts?")
	f("ErrZone letters", "0 0 * * *", "Europe/Belrin", "did you mean Europe/Berlin?")
	f("ErrZone town", "0 0 * * *", "New York", "did you mean America/New_York?")
	f("ErrZone continent", "0 0 * * *", "Asia/Istambul", "did you mean Europe/Istanbul?")
	f("ErrZone abbreviation", "0 0 * * *", "PST", "send America/Los_Angeles")
	f("ErrZone offset", "0 0 * * *", "UTC+2", "an offset has no rule for summer time")
	f("ErrZone long", "0 0 * * *", strings.Repeat("x", 300), "IANA")
	f("ErrZone bytes", "0 0 * * *", "\xff\xfe", "IANA")
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

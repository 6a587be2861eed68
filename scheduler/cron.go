package scheduler

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	parser "github.com/robfig/cron/v3"
)

// cron is a parsed expression in a zone. Which rule its hours follow where the
// zone's clock jumps is decided by how it is written:
//
//   - Fixed hours and minutes, as in "30 2 * * *", are appointments: each
//     happens once a day. One that the clock jumps over happens at the first
//     instant after the jump, one that it shows twice happens the first time.
//   - With a *, ? or / among hours or minutes, as in "*/15 * * * *", it is a
//     rhythm and follows real time: nothing is moved, nothing left out.
type cron struct {
	minute, hour, dom, month, dow uint64 // bit n is set where n matches
	eitherDay                     bool   // day of month and day of week are both restricted: one suffices
	rhythm                        bool
	zone                          *time.Location
}

// cronFields are the fields of an expression in order.
var cronFields = [...]string{"minute", "hour", "day of month", "month", "day of week"}

// shorthands stand for expressions.
var shorthands = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

const (
	maxSpec = 256
	anyBit  = 1 << 63 // by which robfig/cron marks a field that is * or ?
)

// parseCron reads an expression of five fields. Errors name the field and the
// byte at which it begins.
func parseCron(spec, zone string) (*cron, error) {
	loc, err := loadZone(zone)
	if err != nil {
		return nil, err
	}
	if full, ok := shorthands[spec]; ok {
		spec = full
	}
	fields, at, err := splitSpec(spec)
	if err != nil {
		return nil, err
	}
	c := &cron{zone: loc, rhythm: strings.ContainsAny(fields[0]+fields[1], "*?/")}
	bits := [...]*uint64{&c.minute, &c.hour, &c.dom, &c.month, &c.dow}
	for i, field := range fields {
		if *bits[i], err = parseField(i, field); err != nil {
			return nil, invalid("body.cron", "field %d (%s), at byte %d: %s", i+1, cronFields[i], at[i]+1, err)
		}
	}
	c.eitherDay = c.dom&anyBit == 0 && c.dow&anyBit == 0
	if _, ok := c.next(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)); !ok {
		return nil, invalid("body.cron", "never fires: no month that it names has such a day")
	}
	return c, nil
}

func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, invalid("body.zone", "is the name of a zone, as in Europe/Berlin or UTC")
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, invalid("body.zone", "%.64q is not a zone; names are those of the IANA database, as in Europe/Berlin", name)
	}
	return loc, nil
}

// splitSpec guards the parser: it panics on what stands outside of five fields.
func splitSpec(spec string) (fields []string, at []int, err error) {
	switch {
	case len(spec) > maxSpec:
		return nil, nil, invalid("body.cron", "has at most %d bytes", maxSpec)
	case strings.Contains(spec, "TZ="):
		return nil, nil, invalid("body.cron", "at byte %d: a zone does not stand here; send it as zone", strings.Index(spec, "TZ=")+1)
	case strings.HasPrefix(spec, "@every"):
		return nil, nil, invalid("body.cron", "at byte 1: @every is not supported; a rhythm of minutes is written */5 * * * *")
	case strings.HasPrefix(spec, "@"):
		return nil, nil, invalid("body.cron", "at byte 1: use @hourly, @daily, @weekly, @monthly, @yearly or five fields")
	}
	for i := 0; i < len(spec); {
		if spec[i] == ' ' || spec[i] == '\t' {
			i++
			continue
		}
		end := i
		for end < len(spec) && spec[end] != ' ' && spec[end] != '\t' {
			end++
		}
		fields, at = append(fields, spec[i:end]), append(at, i)
		i = end
	}
	if len(fields) != len(cronFields) {
		hint := "minute, hour, day of month, month, day of week"
		if len(fields) == len(cronFields)+1 {
			hint += "; seconds are not supported"
		}
		return nil, nil, invalid("body.cron", "has %d fields and needs five: %s", len(fields), hint)
	}
	return fields, at, nil
}

// parseField reads one field, the others being *.
func parseField(i int, field string) (bits uint64, err error) {
	for _, c := range []byte(field) {
		if c >= 0x80 || strings.IndexByte("*?/,-", c) < 0 && !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return 0, fmt.Errorf("%q does not belong there", string(rune(c)))
		}
	}
	if i == 4 {
		if field, err = sevenIsSunday(field); err != nil {
			return 0, err
		}
	}
	spec := [...]string{"*", "*", "*", "*", "*"}
	spec[i] = field
	parsed, err := parser.NewParser(parser.Minute | parser.Hour | parser.Dom | parser.Month | parser.Dow).Parse(strings.Join(spec[:], " "))
	if err != nil {
		return 0, fmt.Errorf("%w%s", err, hintFor(i, field))
	}
	s := parsed.(*parser.SpecSchedule)
	return [...]uint64{s.Minute, s.Hour, s.Dom, s.Month, s.Dow}[i], nil
}

// hintFor explains what other dialects have and this one has not.
func hintFor(i int, field string) string {
	if i == 2 && strings.ContainsAny(field, "LW") || i == 4 && strings.Contains(field, "L") {
		return "; L and W are not supported: for the last day of a month, run on the 1st of the next"
	}
	return ""
}

// sevenIsSunday rewrites a day of week 7, which the parser does not know, as 0.
func sevenIsSunday(field string) (string, error) {
	parts := strings.Split(field, ",")
	for i, part := range parts {
		days, step, stepped := strings.Cut(part, "/")
		low, high, ranged := strings.Cut(days, "-")
		switch {
		case low == "7" && !ranged && !stepped:
			parts[i] = "0"
		case low == "7":
			return "", fmt.Errorf("7 is Sunday and ends a range; write 0 to begin one")
		case high == "7":
			list, err := daysTo7(low, step, stepped)
			if err != nil {
				return "", err
			}
			parts[i] = list
		}
	}
	return strings.Join(parts, ","), nil
}

// daysTo7 lists the days of a range that ends with 7.
func daysTo7(low, step string, stepped bool) (string, error) {
	from, err := strconv.Atoi(low)
	if err != nil || from < 0 || from > 6 {
		return "", fmt.Errorf("a range that ends with 7 begins with a number from 0 to 6")
	}
	by := 1
	if stepped {
		if by, err = strconv.Atoi(step); err != nil || by < 1 {
			return "", fmt.Errorf("the step %q is not a number from 1 on", step)
		}
	}
	var days []string
	for day := from; day <= 7; day += by {
		days = append(days, strconv.Itoa(day%7))
	}
	return strings.Join(days, ","), nil
}

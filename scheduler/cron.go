package scheduler

import (
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

// shorthands stand for expressions.
var shorthands = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

const (
	maxSpec = 256
	anyBit  = 1 << 63 // by which robfig/cron marks a field that is * or ?
)

// parseCron reads an expression of five fields. Errors name the field, the byte
// at which its fault begins, and what was probably meant.
func parseCron(spec string, zone *time.Location) (*cron, error) {
	if full, ok := shorthands[spec]; ok {
		spec = full
	}
	fields, err := splitSpec(spec)
	if err != nil {
		return nil, err
	}
	c := &cron{zone: zone, rhythm: strings.ContainsAny(fields[0].text+fields[1].text, "*?/")}
	bits := [...]*uint64{&c.minute, &c.hour, &c.dom, &c.month, &c.dow}
	for i, field := range fields {
		if f := cronFields[i].check(field.text); f != nil {
			return nil, invalid("body.cron", "field %d (%s), at byte %d: %s", i+1, cronFields[i].name, field.at+f.at+1, f.text)
		}
		if *bits[i], err = parseField(i, field.text); err != nil {
			return nil, invalid("body.cron", "field %d (%s), at byte %d: %s", i+1, cronFields[i].name, field.at+1, err)
		}
	}
	c.eitherDay = c.dom&anyBit == 0 && c.dow&anyBit == 0
	if _, ok := c.next(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)); !ok {
		return nil, invalid("body.cron", "never fires: no month that it names has such a day; for the end of a month, run early on the 1st of the next")
	}
	return c, nil
}

// specField is one field of an expression and the byte at which it begins.
type specField struct {
	text string
	at   int
}

// splitSpec guards the parser: it panics on what stands outside of five fields.
func splitSpec(spec string) (fields []specField, err error) {
	switch {
	case len(spec) > maxSpec:
		return nil, invalid("body.cron", "has at most %d bytes", maxSpec)
	case strings.Contains(spec, "TZ="):
		return nil, invalid("body.cron", "at byte %d: a zone does not stand here; send it as zone", strings.Index(spec, "TZ=")+1)
	case strings.HasPrefix(spec, "@"):
		return nil, invalid("body.cron", "at byte 1: %s", hintForAt(spec))
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
		fields = append(fields, specField{spec[i:end], i})
		i = end
	}
	if len(fields) == len(cronFields) {
		return fields, nil
	}
	at := len(spec)
	if len(fields) > len(cronFields) {
		at = fields[len(cronFields)].at
	}
	return nil, invalid("body.cron", "at byte %d: has %d fields and needs five: minute, hour, day of month, month, day of week%s", at+1, len(fields), hintForCount(fields))
}

// parseField reads one field, the others being *.
func parseField(i int, field string) (bits uint64, err error) {
	if i == 4 {
		field = sevenIsSunday(field)
	}
	spec := [...]string{"*", "*", "*", "*", "*"}
	spec[i] = field
	parsed, err := parser.NewParser(parser.Minute | parser.Hour | parser.Dom | parser.Month | parser.Dow).Parse(strings.Join(spec[:], " "))
	if err != nil {
		return 0, err
	}
	s := parsed.(*parser.SpecSchedule)
	return [...]uint64{s.Minute, s.Hour, s.Dom, s.Month, s.Dow}[i], nil
}

// sevenIsSunday rewrites a day of week 7, which the parser does not know, as 0,
// and a range that ends with it as the days of the range. The field is checked.
func sevenIsSunday(field string) string {
	parts := strings.Split(field, ",")
	for i, part := range parts {
		days, step, _ := strings.Cut(part, "/")
		low, high, _ := strings.Cut(days, "-")
		if low == "7" {
			parts[i] = "0"
		}
		if high != "7" {
			continue
		}
		from, _ := cronFields[4].value(low)
		by, _ := strconv.Atoi(step)
		var list []string
		for day := from; day <= 7; day += max(by, 1) {
			list = append(list, strconv.Itoa(day%7))
		}
		parts[i] = strings.Join(list, ",")
	}
	return strings.Join(parts, ",")
}

package scheduler

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// cronField is what may stand in one field of an expression.
type cronField struct {
	name      string
	low, high int
	bounds    string // in words
	names     []string
	first     int // the value of names[0]
}

var (
	monthNames = []string{"JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"}
	dayNames   = []string{"SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"}
)

// cronFields are the fields of an expression in order.
var cronFields = [...]cronField{
	{name: "minute", low: 0, high: 59, bounds: "minutes are 0 to 59"},
	{name: "hour", low: 0, high: 23, bounds: "hours are 0 to 23, midnight being 0"},
	{name: "day of month", low: 1, high: 31, bounds: "days of the month are 1 to 31"},
	{name: "month", low: 1, high: 12, bounds: "months are 1 to 12, or JAN to DEC", names: monthNames, first: 1},
	{name: "day of week", low: 0, high: 7, bounds: "days of the week are 0 to 7, Sunday being 0 and 7, or SUN to SAT", names: dayNames},
}

// fault is what is wrong in a field, at the byte where it stands.
type fault struct {
	at   int
	text string
}

// check finds the first fault of a field, nil if it has none.
func (f *cronField) check(field string) *fault {
	at := 0
	for part := range strings.SplitSeq(field, ",") {
		if text := f.checkPart(part); text != "" {
			return &fault{at, text}
		}
		at += len(part) + 1
	}
	return nil
}

// checkPart tells what is wrong with one entry of a list.
func (f *cronField) checkPart(part string) string {
	span, step, stepped := strings.Cut(part, "/")
	low, high, ranged := strings.Cut(span, "-")
	if stepped {
		if by, ok := number(step); !ok || by < 1 {
			return fmt.Sprintf("%q is no step: behind the / stands a number from 1 on", step)
		}
	}
	if low == "*" || low == "?" {
		if ranged {
			return fmt.Sprintf("%s is all there is and begins no range", low)
		}
		return ""
	}
	from, text := f.read(low)
	if text != "" || !ranged {
		if text == "" && from == 7 && stepped && f.high == 7 {
			text = "7 is Sunday and ends a range; write 0 to begin one"
		}
		return text
	}
	to, text := f.read(high)
	switch {
	case text != "":
		return text
	case low == "7" && f.high == 7:
		return "7 is Sunday and ends a range; write 0 to begin one"
	case from > to:
		return fmt.Sprintf("a range rises; %s is probably meant as %s", span, f.around(from, to))
	}
	return ""
}

// around writes a range that goes over the end of the field as two that rise.
func (f *cronField) around(from, to int) string {
	high := f.high
	if high == 7 {
		high = 6
	}
	write := func(low, high int) string {
		if low == high {
			return strconv.Itoa(low)
		}
		return fmt.Sprintf("%d-%d", low, high)
	}
	return write(from, high) + "," + write(f.low, to)
}

// read returns a value, or tells what is wrong with it.
func (f *cronField) read(text string) (int, string) {
	n, ok := f.value(text)
	switch {
	case ok && n >= f.low && n <= f.high:
		return n, ""
	case ok:
		return 0, fmt.Sprintf("%s is too %s: %s", text, map[bool]string{true: "small", false: "large"}[n < f.low], f.bounds)
	case text == "":
		return 0, "a value is missing: " + f.bounds
	}
	return 0, f.hint(text)
}

// value reads a number or a name.
func (f *cronField) value(text string) (int, bool) {
	if n, ok := number(text); ok {
		return n, true
	}
	if i := shortName(f.names, text); i >= 0 {
		return f.first + i, true
	}
	return 0, false
}

// number reads digits alone; too many of them are a large number.
func number(text string) (int, bool) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		n = 1 << 30
	}
	return n, true
}

// shortName finds the first three letters of a name in any case, else -1.
func shortName(names []string, text string) int {
	return slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name[:3], text) })
}

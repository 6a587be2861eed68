package scheduler

import (
	"fmt"
	"slices"
	"strings"

	"quintet/engine/api"
)

// hint tells what a word in a field was probably meant to be.
func (f *cronField) hint(text string) string {
	if len(text) > 32 {
		text = text[:32]
	}
	upper := strings.ToUpper(text)
	if i := strings.IndexFunc(text, func(r rune) bool { return r > 'z' || !isWordByte(byte(r)) }); i >= 0 {
		if text[i] == '#' {
			return fmt.Sprintf("%q does not belong there: # is not supported; for the nth weekday of a month, let the job look at the date", "#")
		}
		return fmt.Sprintf("%q does not belong there: a field has numbers, names and * ? / , -", []rune(text[i:])[0])
	}
	for i := range cronFields {
		if other := &cronFields[i]; other.names != nil && other.name != f.name && nearest(upper, longAndShort(other.names), 0) >= 0 {
			return fmt.Sprintf("%q belongs into field %d (%s)", text, i+1, other.name)
		}
	}
	if n := nearest(upper, longAndShort(f.names), 2); n >= 0 {
		return fmt.Sprintf("%q is probably meant as %s", text, f.names[n/2][:3])
	}
	if strings.Trim(upper, "LW0123456789") == "" {
		return fmt.Sprintf("%q: L and W are not supported; for the last day of a month, run early on the 1st of the next", text)
	}
	return fmt.Sprintf("%q is no number: %s", text, f.bounds)
}

func isWordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// longAndShort lists each name and its first three letters.
func longAndShort(names []string) (list []string) {
	for _, name := range names {
		list = append(list, name, name[:3])
	}
	return list
}

// hintForAt tells what an expression was probably meant to be that begins with
// @ and is no shorthand.
func hintForAt(spec string) string {
	if span, ok := strings.CutPrefix(spec, "@every"); ok {
		span = strings.TrimSpace(span)
		if _, err := api.ParseDuration(span); err != nil {
			span = "5m"
		}
		return fmt.Sprintf("@every is not supported here; send every: %q and no cron", span)
	}
	if len(spec) <= maxSpec {
		names := []string{"@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually", "@midnight"}
		if n := nearest(strings.ToLower(spec), names, 2); n >= 0 {
			return fmt.Sprintf("%q is probably meant as %s", spec, names[n])
		}
	}
	return "use @hourly, @daily, @weekly, @monthly, @yearly or five fields"
}

// hintForCount tells what fields of a wrong number were probably meant to be.
func hintForCount(fields []specField) string {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = f.text
	}
	n := len(texts)
	year := n > len(cronFields) && len(texts[n-1]) >= 4 && strings.Trim(texts[n-1], "0123456789-,") == ""
	switch {
	case n == 7:
		return fmt.Sprintf("; seconds and years are not supported, drop the first and the last field: %q", strings.Join(texts[1:6], " "))
	case n == 6 && year:
		return fmt.Sprintf("; years are not supported, drop the last field: %q, with start_at and end_at beside it", strings.Join(texts[:5], " "))
	case n == 6:
		return fmt.Sprintf("; seconds are not supported, drop the first field: %q", strings.Join(texts[1:], " "))
	case n > 1 && n < 5:
		return fmt.Sprintf("; to fill up with any day, write %q", strings.Join(append(texts, slices.Repeat([]string{"*"}, 5-n)...), " "))
	}
	return ""
}

// nearest finds the word that fewest changes of single letters lead to, at
// most so many, else -1. Of words as short as three letters it allows one.
func nearest(text string, words []string, most int) int {
	best, found := most+1, -1
	for i, word := range words {
		limit := min(best, 1+len(word)/3) // changes must be fewer
		if d := distance(text, word, limit); d < limit {
			best, found = d, i
		}
	}
	return found
}

// distance is the number of letters to put in, take out or change, which is
// Levenshtein's, and limit where it is not below.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0] // what stood left above
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			corner, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, corner+cost)
		}
	}
	return min(row[len(b)], limit)
}

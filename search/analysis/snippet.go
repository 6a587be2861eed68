package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// snippet chooses the part of a text to be shown, in bytes: at most length
// characters around the best window of marks. Without marks it is the head.
func snippet(text string, marks []mark, length int) (start, end int) {
	head := len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
	tail := len(strings.TrimRightFunc(text, unicode.IsSpace))
	if head >= tail {
		return 0, 0
	}
	first, last, used := head, head, 0 // what must be shown
	if len(marks) > 0 {
		l, r := window(marks, length)
		first, last, used = marks[l].start, marks[r].end, marks[r].last-marks[l].first
	}
	if used > length {
		return first, forward(text, first, tail, length)
	}
	spare := length - used
	start = back(text, head, first, spare/2)
	end = forward(text, last, tail, spare-utf8.RuneCountInString(text[start:first]))
	start = back(text, head, first, spare-utf8.RuneCountInString(text[last:end]))
	if start > head {
		start = leave(text, start, first)
	}
	return trim(text, start, end, first, last)
}

// window finds the marks l to r that have the most different terms of all that
// stand within length characters, of those the most marks, of those the first.
// One mark may be longer.
func window(marks []mark, length int) (l, r int) {
	counts := make([]int, len(marks)) // by term; there are no more terms than marks
	different, bestDifferent, bestCount := 0, 0, 0
	from := 0
	for to, m := range marks {
		if counts[m.term]++; counts[m.term] == 1 {
			different++
		}
		for from < to && m.last-marks[from].first > length {
			term := marks[from].term
			if counts[term]--; counts[term] == 0 {
				different--
			}
			from++
		}
		if count := to - from + 1; different > bestDifferent || different == bestDifferent && count > bestCount {
			l, r, bestDifferent, bestCount = from, to, different, count
		}
	}
	return l, r
}

// back returns where the n characters before at begin, not before limit.
func back(text string, limit, at, n int) int {
	for ; n > 0 && at > limit; n-- {
		_, size := utf8.DecodeLastRuneInString(text[limit:at])
		at -= size
	}
	return at
}

// forward returns where the n characters behind at end, not behind limit.
func forward(text string, at, limit, n int) int {
	for ; n > 0 && at < limit; n-- {
		_, size := utf8.DecodeRuneInString(text[at:limit])
		at += size
	}
	return at
}

// leave moves the start of a part out of a word and behind what ends a
// sentence or a bracket, but not behind limit.
func leave(text string, start, limit int) int {
	for start < limit {
		r, size := utf8.DecodeRuneInString(text[start:])
		if border(text, start) && !unicode.In(r, unicode.Po, unicode.Pe, unicode.Pf) && !unicode.IsSpace(r) {
			break
		}
		start += size
	}
	return start
}

// trim moves the ends of a part inwards to where words end, and leaves out the
// blanks there, but keeps what stands from first to last. A part that would
// then be empty is cut within a word.
func trim(text string, start, end, first, last int) (int, int) {
	for start < first && (!border(text, start) || spaceAt(text, start)) {
		_, size := utf8.DecodeRuneInString(text[start:])
		start += size
	}
	short := end
	for short > last && (!border(text, short) || spaceBefore(text, short)) {
		_, size := utf8.DecodeLastRuneInString(text[:short])
		short -= size
	}
	if short > start {
		end = short
	}
	return start, end
}

// border reports whether a text may be cut at an offset.
func border(text string, at int) bool {
	if at <= 0 || at >= len(text) {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	behind, _ := utf8.DecodeRuneInString(text[at:])
	return !unicode.IsMark(behind) && (!partOfWord(before) || !partOfWord(behind) || standsAlone(behind))
}

func spaceAt(text string, at int) bool {
	r, _ := utf8.DecodeRuneInString(text[at:])
	return unicode.IsSpace(r)
}

func spaceBefore(text string, at int) bool {
	r, _ := utf8.DecodeLastRuneInString(text[:at])
	return unicode.IsSpace(r)
}

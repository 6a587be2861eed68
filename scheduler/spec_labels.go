package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of the texts by which jobs are told apart and found.
const (
	maxKeyText   = 256 // bytes of a key, of a unique key
	maxTags      = 16
	maxTag       = 64 // bytes
	maxHeaders   = 32
	maxHeader    = 64      // bytes of a header's name
	maxHeaderAll = 8 << 10 // bytes of all names and values
)

// stateSet has one bit for each State.
type stateSet uint16

func (set stateSet) has(s State) bool { return set&(1<<s) != 0 }

// unfinished are the states that refuse another job of the same unique key,
// unless the job says which.
const unfinished stateSet = 1<<Scheduled | 1<<Ready | 1<<Running | 1<<Retrying

// parseStates reads names of states.
func parseStates(at string, names []string) (set stateSet, err error) {
	for i, name := range names {
		state, ok := parseState(name)
		if !ok {
			return 0, invalid(fmt.Sprintf("%s[%d]", at, i), "%s", stateWords)
		}
		set |= 1 << state
	}
	return set, nil
}

const stateWords = "is one of scheduled, ready, running, retrying, done, dead, cancelled"

func (sp *JobSpec) checkUnique(at string, p *plan) (err error) {
	if p.uniqueKey, err = word(at+".unique_key", sp.UniqueKey, maxKeyText); err != nil {
		return err
	}
	if p.uniqueKey == "" && (sp.UniqueFor != "" || sp.UniqueStates != nil) {
		return invalid(at+".unique_key", "is missing: unique_for and unique_states say how long and against which jobs it counts")
	}
	d, err := duration(at+".unique_for", sp.UniqueFor, 0, time.Second, maxRetention)
	if err != nil {
		return err
	}
	p.uniqueFor, p.clash = d.Milliseconds(), unfinished
	if sp.UniqueStates != nil {
		if p.clash, err = parseStates(at+".unique_states", sp.UniqueStates); err == nil && p.clash == 0 {
			return invalid(at+".unique_states", "is empty, so that nothing would be refused; leave unique_key out")
		}
	}
	return err
}

// word checks a text that a client chose to tell jobs apart by.
func word(at, text string, most int) (string, error) {
	if len(text) > most {
		return "", invalid(at, "has at most %d bytes", most)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return "", invalid(at, "has no control characters")
	}
	return text, nil
}

// checkTags reads tags; one that is given twice counts once.
func checkTags(at string, tags []string) (list []string, err error) {
	if len(tags) > maxTags {
		return nil, invalid(at, "has at most %d entries", maxTags)
	}
	for i, tag := range tags {
		here := fmt.Sprintf("%s[%d]", at, i)
		if tag == "" {
			return nil, invalid(here, "is empty")
		}
		if tag, err = word(here, tag, maxTag); err != nil {
			return nil, err
		}
		if !slices.Contains(list, tag) {
			list = append(list, tag)
		}
	}
	return list, nil
}

// checkHeaders reads headers, in the order of their names.
func checkHeaders(at string, headers map[string]string) (list []header, err error) {
	if len(headers) > maxHeaders {
		return nil, invalid(at, "has at most %d members", maxHeaders)
	}
	all := 0
	for name, value := range headers {
		if !isHeaderName(name) {
			return nil, invalid(at, "has the name %.80q; one has 1 to %d of a-z, 0-9, - and _", name, maxHeader)
		}
		if value, err = word(at+"."+name, value, maxHeaderAll); err != nil {
			return nil, err
		}
		list, all = append(list, header{name, value}), all+len(name)+len(value)
	}
	if all > maxHeaderAll {
		return nil, invalid(at, "has %d bytes and may have %d", all, maxHeaderAll)
	}
	slices.SortFunc(list, func(a, b header) int { return strings.Compare(a.name, b.name) })
	return list, nil
}

func isHeaderName(name string) bool {
	return name != "" && len(name) <= maxHeader && !strings.ContainsFunc(name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_')
	})
}

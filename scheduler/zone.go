package scheduler

import (
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// zones keeps the time zones that schedules name, so that the schedules of one
// zone share its tables. The zero value is empty; it is safe for concurrent
// use, and bounded by the names of the zone database.
type zones struct {
	mu     sync.Mutex
	byName map[string]*time.Location
}

// load returns the zone of a name.
func (z *zones) load(name string) (*time.Location, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if zone := z.byName[name]; zone != nil {
		return zone, nil
	}
	if name == "" || name == "Local" {
		return nil, invalid("body.zone", "is the name of a zone, as in Europe/Berlin or UTC")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, invalid("body.zone", "%.64q is not a zone; %s", name, hintForZone(name))
	}
	if z.byName == nil {
		z.byName = map[string]*time.Location{}
	}
	z.byName[name] = zone
	return zone, nil
}

// frequentZones are the names that a misspelt one is compared with: the zone
// database is compiled in, but nothing lists its names.
const frequentZones = "Africa/Cairo Africa/Casablanca Africa/Johannesburg Africa/Lagos Africa/Nairobi " +
	"America/Anchorage America/Argentina/Buenos_Aires America/Bogota America/Caracas America/Chicago America/Denver America/Halifax " +
	"America/Havana America/Lima America/Los_Angeles America/Mexico_City America/Montevideo America/New_York America/Phoenix " +
	"America/Santiago America/Sao_Paulo America/St_Johns America/Toronto America/Vancouver " +
	"Asia/Baghdad Asia/Bangkok Asia/Beirut Asia/Colombo Asia/Dhaka Asia/Dubai Asia/Ho_Chi_Minh Asia/Hong_Kong Asia/Jakarta Asia/Jerusalem " +
	"Asia/Karachi Asia/Kathmandu Asia/Kolkata Asia/Kuala_Lumpur Asia/Manila Asia/Riyadh Asia/Seoul Asia/Shanghai Asia/Singapore Asia/Taipei " +
	"Asia/Tashkent Asia/Tehran Asia/Tokyo Asia/Yangon Atlantic/Azores Atlantic/Reykjavik " +
	"Australia/Adelaide Australia/Brisbane Australia/Darwin Australia/Hobart Australia/Melbourne Australia/Perth Australia/Sydney " +
	"Europe/Amsterdam Europe/Athens Europe/Belgrade Europe/Berlin Europe/Brussels Europe/Bucharest Europe/Budapest Europe/Copenhagen " +
	"Europe/Dublin Europe/Helsinki Europe/Istanbul Europe/Kyiv Europe/Lisbon Europe/London Europe/Luxembourg Europe/Madrid Europe/Moscow " +
	"Europe/Oslo Europe/Paris Europe/Prague Europe/Rome Europe/Sofia Europe/Stockholm Europe/Vienna Europe/Vilnius Europe/Warsaw Europe/Zurich " +
	"Pacific/Auckland Pacific/Fiji Pacific/Honolulu UTC"

// zoneWords are abbreviations and offices that people write for a zone.
const zoneWords = "AEST Australia/Sydney BST Europe/London CDT America/Chicago CEST Europe/Berlin CST America/Chicago EDT America/New_York " +
	"EEST Europe/Athens IST Asia/Kolkata JST Asia/Tokyo MDT America/Denver MSK Europe/Moscow PDT America/Los_Angeles PST America/Los_Angeles " +
	"US/Mountain America/Denver Z UTC"

// hintForZone tells what a name was probably meant to be.
func hintForZone(name string) string {
	const otherwise = "names are those of the IANA database, as in Europe/Berlin"
	if len(name) > 64 || !utf8.ValidString(name) {
		return otherwise
	}
	words := strings.Fields(zoneWords)
	for i := 0; i < len(words); i += 2 {
		if strings.EqualFold(words[i], name) {
			return "send " + words[i+1] + " if that is meant"
		}
	}
	if strings.ContainsAny(name, "+-") && strings.ContainsAny(name, "0123456789") {
		return "an offset has no rule for summer time; " + otherwise
	}
	if full := capitalized(name); full != name {
		if _, err := time.LoadLocation(full); err == nil {
			return "did you mean " + full + "?"
		}
	}
	if zone := nearestZone(name); zone != "" {
		return "did you mean " + zone + "?"
	}
	return otherwise
}

// nearestZone compares with whole names, and with that of the town alone.
func nearestZone(name string) string {
	names := strings.Fields(frequentZones)
	text := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), " ", "_"))
	var whole, towns []string
	for _, n := range names {
		n = strings.ToLower(n)
		whole, towns = append(whole, n), append(towns, n[strings.LastIndexByte(n, '/')+1:])
	}
	if i := nearest(text, whole, 2); i >= 0 {
		return names[i]
	}
	if i := nearest(text[strings.LastIndexByte(text, '/')+1:], towns, 1); i >= 0 {
		return names[i]
	}
	return ""
}

// capitalized writes a name the way that the database does, mostly.
func capitalized(name string) string {
	upper := true
	return strings.Map(func(r rune) rune {
		s := strings.ToLower(string(r))
		if upper {
			s = strings.ToUpper(s)
		}
		upper = r == '/' || r == '_' || r == '-' || r == ' '
		if r == ' ' {
			return '_'
		}
		c, _ := utf8.DecodeRuneInString(s)
		return c
	}, name)
}

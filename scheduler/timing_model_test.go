package scheduler

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTiming compares what a timing computes at once with walking from tick to
// tick, which TestCronEverywhere proves.
func TestTiming(t *testing.T) {
	zone, err := new(zones).load("Europe/Berlin")
	must(t, err)
	crons := map[string]*cron{}
	for _, spec := range []string{"*/7 * * * *", "30 2 * * *", "0 */5 * * *", "* 3 * * *"} {
		crons[spec], err = parseCron(spec, zone)
		must(t, err)
	}
	origin := time.Date(2026, 3, 27, 0, 0, 0, 0, time.UTC).UnixMilli()
	rapid.Check(t, func(t *rapid.T) {
		hours := func(name string, least, most int) int64 {
			return rapid.Int64Range(int64(least)*3_600_000, int64(most)*3_600_000).Draw(t, name)
		}
		w := timing{anchor: origin + hours("anchor", -2, 2), start: origin + hours("start", -100, 30)}
		w.end = w.start + hours("length", 0, 100) + 1
		switch rapid.SampledFrom([]string{"cron", "every", "at"}).Draw(t, "kind") {
		case "cron":
			w.cron = crons[rapid.SampledFrom([]string{"*/7 * * * *", "30 2 * * *", "0 */5 * * *", "* 3 * * *"}).Draw(t, "spec")]
		case "every":
			w.every = rapid.Int64Range(1_000, 5*3_600_000).Draw(t, "every")
			if w.every < 60_000 {
				w.end = min(w.end, w.start+2_000_000)
			}
		case "at":
			w.at = origin + hours("at", -10, 60)
		}
		from := origin + hours("from", -4, 20)
		until := from + hours("span", 0, 60)
		var walked []int64
		for at := from - 1; ; {
			next, ok := w.next(at)
			if !ok || next > until {
				break
			}
			if next <= at || next < w.start || next >= w.end || w.every != 0 && (next-w.anchor)%w.every != 0 {
				t.Fatalf("%d comes after %d", next, at)
			}
			walked, at = append(walked, next), next
		}
		n := rapid.IntRange(1, 50).Draw(t, "n")
		if got, want := w.between(from, until+1, n), walked[:min(n, len(walked))]; !slices.Equal(got, want) {
			t.Fatalf("between: %v, expected was %v", got, want)
		}
		if len(walked) == 0 {
			return
		}
		if got := w.latest(walked[0], until); got != walked[len(walked)-1] {
			t.Fatalf("the latest is %d, expected was %d", got, walked[len(walked)-1])
		}
		if got, want := w.newest(walked[0], until, n), walked[max(0, len(walked)-n):]; !slices.Equal(got, want) {
			t.Fatalf("newest: %v, expected was %v", got, want)
		}
	})
}

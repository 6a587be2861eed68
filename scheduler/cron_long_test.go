package scheduler_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// zoneFolder is where systems keep the zone database; its names are what the
// long walk takes, the rules come from time/tzdata as everywhere.
const zoneFolder = "/usr/share/zoneinfo"

// TestCronEverywhere walks all zones with different rules, through ten years,
// two days around every transition.
func TestCronEverywhere(t *testing.T) {
	if os.Getenv("QUINTET_LONG") != "1" {
		t.Skip("the walk through all zones and ten years: QUINTET_LONG=1")
	}
	zones := differentZones(t)
	var years []int
	for year := 2017; year <= 2026; year++ {
		years = append(years, year)
	}
	compared, moved := 0, 0
	for name, zone := range zones {
		for _, at := range transitions(zone, years...) {
			moved++
			from, to := at.Add(-48*time.Hour).Truncate(time.Minute), at.Add(48*time.Hour).Truncate(time.Minute)
			for _, spec := range modelSpecs {
				want := newWalker(spec).ticks(from, to, zone)
				if got := cronTicks(t, spec, name, from, to); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s in %s around %v:\n%v\nthe walker has\n%v", spec, name, at, local(got, zone), local(want, zone))
				}
				compared += len(want)
			}
		}
	}
	t.Logf("%d ticks around %d transitions of %d zones agree", compared, moved, len(zones))
}

// differentZones lists one zone of each that jump at the same instants by the
// same offsets.
func differentZones(t *testing.T) map[string]*time.Location {
	zones, seen := map[string]*time.Location{}, map[string]bool{}
	err := filepath.WalkDir(zoneFolder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		name := strings.TrimPrefix(path, zoneFolder+"/")
		if strings.HasPrefix(name, "right/") || strings.HasPrefix(name, "posix/") {
			return nil
		}
		zone, err := time.LoadLocation(name)
		if err != nil {
			return nil // no zone but a table beside them
		}
		var rules strings.Builder
		for _, at := range transitions(zone, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026) {
			_, offset := at.In(zone).Zone()
			fmt.Fprint(&rules, at.Unix(), offset, " ")
		}
		if !seen[rules.String()] {
			seen[rules.String()] = true
			zones[name] = zone
		}
		return nil
	})
	must(t, err)
	if len(zones) < 10 {
		t.Skipf("%s has no zones", zoneFolder)
	}
	return zones
}

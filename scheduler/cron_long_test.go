package scheduler_test

import (
	"archive/zip"
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// walkedYears are the ten years that the proof covers.
var walkedYears = []int{2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026}

// TestCronEverywhere proves the rule of cron in all zones with different
// rules, two days around every transition of ten years, by twenty expressions:
// no tick is lost or doubled. With QUINTET_LONG=1 it walks all of the ten years.
func TestCronEverywhere(t *testing.T) {
	names := differentZones(t)
	if len(names) < 50 {
		t.Fatalf("%d zones have different rules: that is not all of them", len(names))
	}
	long := os.Getenv("QUINTET_LONG") == "1"
	var compared, moved atomic.Int64
	next := make(chan string)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for name := range next {
				m := newCronModel(t, name)
				ticks, n := m.around(t, 48*time.Hour, walkedYears...)
				for _, year := range walkedYears {
					if long {
						ticks += m.compare(t, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC))
					}
				}
				compared.Add(int64(ticks))
				moved.Add(int64(n))
			}
		})
	}
	for _, name := range names {
		next <- name
	}
	close(next)
	all.Wait()
	t.Logf("%d ticks around %d transitions of %d zones agree, all of ten years: %v", compared.Load(), moved.Load(), len(names), long)
}

// differentZones lists one zone of each that jump at the same instants by the
// same offsets, in the ten years. The names are those of the zone database that
// Go carries.
func differentZones(t *testing.T) (names []string) {
	path := filepath.Join(build.Default.GOROOT, "lib", "time", "zoneinfo.zip")
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Skipf("the names of all zones are in %s, which cannot be read: %v", path, err)
	}
	defer archive.Close()
	seen := map[string]bool{}
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		zone, err := time.LoadLocation(f.Name)
		must(t, err)
		_, offset := time.Date(walkedYears[0], 1, 1, 0, 0, 0, 0, time.UTC).In(zone).Zone()
		rules := fmt.Sprint(offset)
		for _, at := range transitions(zone, walkedYears...) {
			_, offset := at.In(zone).Zone()
			rules += fmt.Sprint(" ", at.Unix(), offset)
		}
		if !seen[rules] {
			seen[rules] = true
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return names
}

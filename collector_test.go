package main

import "testing"

// TestCollector holds that a heap never grows beyond 384 MB because it is small.
func TestCollector(t *testing.T) {
	for live := uint64(1 << 20); live < 1<<30; live += 1 << 20 {
		grown := live + live*uint64(collectorPercent(live))/100
		if most := max(384<<20, 2*live); grown > most || grown < 3*live/2 {
			t.Errorf("of %d bytes that live it grows to %d", live, grown)
		}
	}
}

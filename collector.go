package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The garbage collector runs when the heap has doubled. While little lives that
// is often, and an import of documents spends a seventh of its time in it: so a
// small heap may grow to three times what lives, to 384 MB at most, and a larger
// one to a little less than twice. GOGC, where it is set, is obeyed instead.
const (
	smallHeap    = 128 << 20 // bytes that live
	usualPercent = 90
	smallPercent = 200
)

// collectorPercent is by how much a heap may grow, of which so much lives.
func collectorPercent(live uint64) int {
	if live < smallHeap {
		return smallPercent
	}
	return usualPercent
}

// tuneCollector follows the size of the heap until ctx ends.
func tuneCollector(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for percent := 100; ; {
		metrics.Read(sample)
		if now := collectorPercent(sample[0].Value.Uint64()); now != percent {
			percent = now
			debug.SetGCPercent(percent)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

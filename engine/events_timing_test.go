package engine_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"quintet/engine"
)

// BenchmarkEvents is the log as the capabilities use it, sealed under a tenant:
// the loads of BenchmarkAppend in engine/log, which is the log alone.
func BenchmarkEvents(b *testing.B) {
	const eventBytes = 150
	for _, load := range []struct{ callers, events, batches int }{{1, 1, 5_000}, {256, 1, 500_000}, {4, 1000, 10_000}} {
		b.Run(fmt.Sprintf("callers=%d/events=%d/sealed", load.callers, load.events), func(b *testing.B) {
			e := open(b, engine.Options{})
			acme, data := tenant(b, e, "bench"), make([]byte, load.events*eventBytes)
			var ids atomic.Uint64
			rate, took := drive(b, &ids, load.callers, sized(b, load.callers, load.batches), func(id uint64) error {
				batch := engine.EventBatch{Stream: engine.ID{byte(id % uint64(load.callers))}, Count: uint32(load.events), Data: data}
				_, err := e.Events.Append(context.Background(), acme, batch)
				return err
			})
			b.ReportMetric(rate*float64(load.events), "events/s")
			b.ReportMetric(p99(took), "p99-ms")
			finish(b)
		})
	}
}

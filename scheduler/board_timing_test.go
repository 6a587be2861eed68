package scheduler

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"quintet/engine"
)

// BenchmarkBoard enters jobs into an empty board by their keys alone, as a
// start does: its time and its heap, without the store's reading. The delayed
// ones are due in no order. The baseline is a map of a struct for each job, by
// id, which could lease none of them in order.
func BenchmarkBoard(b *testing.B) {
	for _, n := range []int{1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("delayed/%d", n), func(b *testing.B) { benchBoard(b, n, Scheduled) })
	}
	b.Run("ready/1000000", func(b *testing.B) { benchBoard(b, 1_000_000, Ready) })
	b.Run("map/1000000", func(b *testing.B) { benchMap(b, 1_000_000) })
}

// benchPlaces calls each with the key of one place after the other.
func benchPlaces(n int, state State, each func(key []byte)) {
	p := place{queue: "default", state: state, priority: defaultPriority, move: 1}
	for i := range n {
		binary.BigEndian.PutUint64(p.id[:], uint64(i/4)<<16|0x7000|uint64(i%4))
		binary.BigEndian.PutUint64(p.id[8:], uint64(i)*0x9E3779B97F4A7C15)
		p.time = 1_700_000_000_000 + int64(i/4)
		if state == Scheduled {
			p.time += int64(uint64(i) * 0x9E3779B97F4A7C15 >> 40)
		}
		each(p.bytes())
	}
}

func benchBoard(b *testing.B, n int, state State) {
	for b.Loop() {
		before := heapBytes()
		board := newBoard(100_000)
		tb := newTenantBoard(engine.Tenant{})
		b.ResetTimer()
		benchPlaces(n, state, func(key []byte) { board.put(tb, key) })
		b.StopTimer()
		b.ReportMetric(float64(heapBytes()-before)/float64(n), "heap-B/job")
		b.ReportMetric(float64(b.Elapsed().Milliseconds()), "ms")
		runtime.KeepAlive(board)
		runtime.KeepAlive(tb)
		b.StartTimer()
	}
}

func benchMap(b *testing.B, n int) {
	for b.Loop() {
		before := heapBytes()
		all := map[engine.ID]*place{}
		b.ResetTimer()
		benchPlaces(n, Ready, func(key []byte) {
			if _, p, ok := splitPlace(key); ok {
				all[p.id] = &p
			}
		})
		b.StopTimer()
		b.ReportMetric(float64(heapBytes()-before)/float64(n), "heap-B/job")
		b.ReportMetric(float64(b.Elapsed().Milliseconds()), "ms")
		runtime.KeepAlive(all)
		b.StartTimer()
	}
}

func heapBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

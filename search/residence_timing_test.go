package search_test

import (
	"testing"
	"time"
)

// BenchmarkCold takes 100,000 collections that nobody uses, and does once what is
// done each second: looks for what is to be sealed, merged and put away. A
// hundredth of a second of it is a hundredth of one processor.
func BenchmarkCold(b *testing.B) {
	bed := newBed(b)
	bed.s.AddCold(bed.acme, 100_000)
	for b.Loop() {
		bed.s.LookAround(background)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(time.Millisecond)/float64(b.N), "ms/s")
}

// BenchmarkOthers lists the collections of a tenant that has none, where another
// one has 100,000.
func BenchmarkOthers(b *testing.B) {
	bed := newBed(b)
	bed.s.AddCold(bed.acme, 100_000)
	for b.Loop() {
		if list, err := bed.s.Collections(background, bed.globex, 10, ""); err != nil || len(list.Items) > 0 {
			b.Fatal(list, err)
		}
	}
}

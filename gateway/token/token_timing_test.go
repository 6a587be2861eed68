package token_test

import (
	"testing"
	"time"
)

// BenchmarkVerify checks one token beside jwx in the same run and prints how
// many times faster: parsing, signature, issuer, audience and time.
func BenchmarkVerify(b *testing.B) {
	f := newForge(b)
	raw, lax := f.claims(), library(b, f)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.verify(raw); err != nil {
			b.Fatal(err)
		}
	}
	ours := b.Elapsed() / time.Duration(b.N)
	began, n := time.Now(), min(b.N, 2000)
	for range n {
		if _, err := lax(raw); err != nil {
			b.Fatal(err)
		}
	}
	theirs := time.Since(began) / time.Duration(n)
	b.ReportMetric(float64(theirs.Nanoseconds()), "jwx-ns/op")
	b.ReportMetric(float64(theirs)/float64(ours), "x-jwx")
}

// BenchmarkRefuse measures what a forged token costs, which nobody's rate
// bounds: with and without a key that we know.
func BenchmarkRefuse(b *testing.B) {
	f := newForge(b)
	for name, raw := range map[string]string{
		"unknown key":     f.head(f.key.ID, "unknown"),
		"wrong signature": sign(f.other, f.header(), f.payload()),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := f.verify(raw); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

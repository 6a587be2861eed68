// Package fence gives tests memory that a kernel in assembly cannot leave
// unseen:
//
//	codes := fence.Bytes(t, 4*rows)
//	sums := fence.Of[int32](t, rows)
//
// On Linux it lies between two pages that the process may neither read nor
// write, up against the one behind: one byte too far kills the test. In front of
// it, and elsewhere on both sides, stand guard bytes, which are compared when the
// test ends.
package fence

import "testing"

// Bytes is Of for bytes.
func Bytes(t testing.TB, n int) []byte { return Of[byte](t, n) }

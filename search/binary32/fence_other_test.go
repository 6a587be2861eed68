//go:build !linux

package binary32

import "testing"

// fenced is n bytes. Only Linux tests put up the fence.
func fenced(_ testing.TB, n int) []byte { return make([]byte, n) }

//go:build !linux

package graph_test

import "testing"

// fenced is n bytes. Only Linux tests put up the fence.
func fenced(_ testing.TB, n int) []byte { return make([]byte, n) }

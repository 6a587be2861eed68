package api_test

import (
	"fmt"
	"testing"

	"quintet/engine/api"
)

// BenchmarkCheckJSON is the check of a body of 100 kB beside the same rule by
// encoding/json's tokens.
func BenchmarkCheckJSON(b *testing.B) {
	data := []byte("[")
	for i := range 1000 {
		data = fmt.Appendf(data, `{"ts":%d,"type":"view","country":"DE","duration_ms":%d,"path":"/a/b","tags":["x","y"]},`, i, i*7)
	}
	data = append(data, "{}]"...)
	for name, check := range map[string]func([]byte) bool{
		"scan":   func(d []byte) bool { return api.CheckJSON(d) == nil },
		"tokens": strictByTokens,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if !check(data) {
					b.Fatal("refused")
				}
			}
		})
	}
}

package api_test

import (
	"encoding/json"
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

// BenchmarkDecode is Decode of the body of one job beside two passes of
// encoding/json, which is what it would take without a scan of our own.
func BenchmarkDecode(b *testing.B) {
	type job struct {
		Payload  json.RawMessage `json:"payload"`
		Priority *int            `json:"priority"`
		Tags     []string        `json:"tags"`
	}
	data := fmt.Appendf(nil, `{"payload":"%0198d","priority":5,"tags":["a","b"]}`, 0)
	for name, decode := range map[string]func([]byte, any) bool{
		"scan":       func(d []byte, dst any) bool { return api.Decode(d, dst) == nil },
		"two passes": decodeByTwo,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var j job
				if !decode(data, &j) {
					b.Fatal("refused")
				}
			}
		})
	}
}

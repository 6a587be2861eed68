package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

const wireConnections = 64

// BenchmarkWire posts 200 bytes on 64 connections to a server that answers 400,
// by wire and, as the baseline, by net/http with as many kept-alive connections.
// Both share the process with the server, whose part is the same.
func BenchmarkWire(b *testing.B) {
	body, answer := bytes.Repeat([]byte("x"), 200), bytes.Repeat([]byte("y"), 400)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(answer)
	}))
	defer server.Close()
	b.Run("wire", func(b *testing.B) {
		var wires []*wire
		for range wireConnections {
			w, err := dialWire(context.Background(), server.Listener.Addr().String(), "qk_key")
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close()
			wires = append(wires, w)
		}
		b.ResetTimer()
		spread(b, func(c int) error {
			_, _, err := wires[c].do("POST", "/v1/queues/q/jobs", "application/json", body)
			return err
		})
	})
	b.Run("net/http", func(b *testing.B) {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: wireConnections, DisableCompression: true}}
		defer client.CloseIdleConnections()
		spread(b, func(int) error {
			r, err := http.NewRequest("POST", server.URL+"/v1/queues/q/jobs", bytes.NewReader(body))
			if err != nil {
				return err
			}
			r.Header["Content-Type"] = []string{"application/json"}
			r.Header["Authorization"] = []string{"Bearer qk_key"}
			got, err := client.Do(r)
			if err != nil {
				return err
			}
			defer got.Body.Close()
			_, err = io.Copy(io.Discard, got.Body)
			return err
		})
	})
}

// spread has each connection make its share of b.N calls.
func spread(b *testing.B, call func(connection int) error) {
	b.ReportAllocs()
	var all sync.WaitGroup
	for c := range wireConnections {
		all.Go(func() {
			for i := c; i < b.N; i += wireConnections {
				if err := call(c); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

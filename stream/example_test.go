package stream_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/stream"
)

// Two events define a stream, and a query counts them.
func Example() {
	dir, err := os.MkdirTemp("", "quintet-stream-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	e, err := engine.Open(ctx, engine.Options{Dir: dir, Clock: enginetest.NewClock(noon)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	tenant, err := e.Tenants.Create(ctx, "acme", func(*engine.Tx) error { return nil })
	if err != nil {
		fmt.Println(err)
		return
	}
	s := stream.New(e, stream.Config{})
	if err := s.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer s.Stop(ctx)

	lines := `{"ts":"2026-03-01T11:59:01Z","type":"view","ms":12}
{"ts":1772366342000,"type":"view","ms":30}`
	a, err := s.Append(ctx, tenant, "visits", stream.Input{Body: strings.NewReader(lines), Length: -1})
	fmt.Println(a.Accepted, a.FirstOffset, a.LastOffset, err)
	data, err := s.Query(ctx, tenant, "visits", stream.Query{From: "-15m", Step: "1m", GroupBy: []string{"type"}, Select: []string{"count", "max(ms)"}})
	fmt.Println(string(data), err)
	// Output:
	// 2 1 2 <nil>
	// {"step":"1m","series":[{"group":{"type":"view"},"points":[{"time":"2026-03-01T11:59:00Z","count":2,"max(ms)":30}]}],"omitted":0,"late":0,"other":0,"approximate":[]} <nil>
}

package telemetry_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"quintet/engine/telemetry"
)

// withoutTime drops what differs from run to run: "time=… ".
type withoutTime struct{}

func (withoutTime) Write(line []byte) (int, error) {
	_, rest, _ := strings.Cut(string(line), " ")
	fmt.Fprint(os.Stdout, rest)
	return len(line), nil
}

func ExampleNewLog() {
	log, err := telemetry.NewLog(withoutTime{}, telemetry.LogConfig{Format: "text"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()

	ctx := telemetry.WithRequestID(context.Background(), "r1")
	ctx = telemetry.WithTenant(ctx, "acme")
	log.With("capability", "search").InfoContext(ctx, "document stored", "bytes", 17)
	// Output:
	// level=INFO msg="document stored" capability=search bytes=17 request_id=r1 tenant=acme
}

func ExampleInject() {
	tracer := telemetry.NewTracer(func() uint64 { return 0xfeed })
	incoming := http.Header{"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}
	ctx := telemetry.WithTrace(context.Background(), tracer.Continue(incoming))

	outgoing := http.Header{}
	telemetry.Inject(ctx, outgoing)
	fmt.Println(outgoing.Get("traceparent"))
	// Output:
	// 00-4bf92f3577b34da6a3ce929d0e0e4736-000000000000feed-01
}

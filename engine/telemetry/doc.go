// Package telemetry is how the server tells what it does: log lines, metrics,
// and the trace that a request belongs to. Everything is made by main and
// handed down; nothing here is global.
//
// The labels of a request travel in its context and stand on every log line
// that is written with that context:
//
//	ctx = telemetry.WithRequestID(ctx, id)
//	ctx = telemetry.WithTrace(ctx, tracer.Continue(r.Header))
//	ctx = telemetry.WithTenant(ctx, "acme")
//	logger.InfoContext(ctx, "document stored", "bytes", n)
//
//	{"time":…,"level":"INFO","msg":"document stored","bytes":17,
//	 "request_id":"…","trace_id":"…","tenant":"acme"}
//
// A Log writes those lines: JSON, or text on a terminal. Each capability has a
// level of its own, and a line of source that logs too often is cut short, so
// that a fault in a hot loop fills no disk.
//
// Metrics go to one Prometheus registry, made by NewRegistry; each package
// registers its own on the Registerer that it is given. Series carry a tenant
// only through TenantLabels, which bounds how many there are.
//
// A TraceParent names a span of a W3C trace. It comes in and goes out with HTTP
// requests, and its text travels in job payloads. Spans are not recorded: the
// server takes its place in other people's traces and logs their ids. tracestate
// stays in the headers of a request and goes nowhere else.
package telemetry

// Package stream takes events in, keeps them, and counts them while they come.
//
// Its nouns:
//
//   - A stream belongs to a tenant and has a [Definition]: which member of an
//     event is its time, which are dimensions to group by, and which are
//     measures to add up.
//   - An event is one JSON object of at most 64 KiB. It is kept as it was sent
//     and gets the next offset of its stream, counted from 1 without a gap.
//   - A batch is the events of one request: refused as a whole or appended as
//     a whole, one record of the engine's log.
//   - A window is one second of event time. For each series, which is one
//     combination of dimension values, it holds count, sum, min and max.
//   - The horizon of a stream is where its windows in memory begin: every
//     event of the log at or behind it is counted there. What a query asks
//     before it is counted anew from the log.
//   - A producer numbers its batches, so that a repeated one gets the answer
//     of the first.
//   - A subscriber receives a frame each second in which events came: what they
//     add to which window, and the offset up to which that is true.
//
// The service beneath the routes, as a request uses it:
//
//	s := stream.New(e, stream.Config{})
//	err := s.Start(ctx)
//	answer, err := s.Append(ctx, tenant, "visits", stream.Input{Body: lines})
//	result, err := s.Query(ctx, tenant, "visits", stream.Query{From: "-15m", Step: "1m"})
//
// A batch goes through three steps. Prepare reads the whole body and counts
// its events into a tally of its own; nothing shared is touched. Append makes
// it durable. Apply merges the tally into the windows and the live queries, in
// the order of the log, so that memory is at every moment the image of a
// prefix of the log: after a crash it is read again from there.
//
// Lock order: sequencer, then one stream, then whatever either guards.
//
// Caveats:
//
//   - A definition decides how later queries read events, also those stored
//     before it. Changing one empties the windows, and queries read the log
//     until an hour has filled them again.
//   - Sums are float64: exact for whole numbers up to 2^53, else rounded in
//     the order of arrival.
//   - Beyond the cap of series, further combinations are counted together in
//     the series "other".
//
// FORMAT.md describes what is stored, byte by byte.
package stream

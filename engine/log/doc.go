// Package log is the one durable log of the events of all streams.
//
// Its nouns:
//
//   - A batch is what one [Log.Append] brings: events of one stream, opaque
//     to the log. It gets the next sequence, which is dense over the whole
//     log, and each of its events gets the next offset, which is dense within
//     the stream. Both start at 1.
//   - A group is what one write and one sync make durable: every batch that
//     queued while the group before it was being synced. There is no timer,
//     so a lone caller waits for one sync and throughput rises with load.
//   - A segment is a file of groups, as long on the first day as on the last.
//     Its first group is a snapshot of the next offset of every stream, so
//     that opening reads only the end and trimming forgets no counter.
//
// A service opens the log, reads what its memory lacks, and appends:
//
//	l, recovery, err := log.Open(disk.OS(data), "log", log.Options{})
//	next, err := l.Read(ctx, checkpoint, func(r log.Record) error { return apply(r) })
//	receipt, err := l.Append(ctx, log.Batch{Stream: s, Count: 2, Data: sealed})
//	err = l.Close()
//
// Caveats:
//
//   - When Append fails with [ErrPoisoned] its batch may or may not be in the
//     log after the next Open, but never in part.
//   - After a stop without [Log.Close] a damaged last group cannot be told
//     from a torn one: it is cut, and [Recovery] says so. All other damage is
//     refused with file and offset.
//   - Nothing marks how far the log was trimmed: oldest segments that someone
//     removed by hand look like trimmed ones, and [Log.First] tells.
//   - Segments older than the last two are read in full only by [Log.Read]
//     and [Log.Check].
//
// FORMAT.md describes every file byte by byte.
package log

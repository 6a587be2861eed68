// Package engine is the ground floor of Quintet: one store, one log of events,
// one way to be durable. It knows nothing of the capabilities that stand on it.
//
// Its nouns:
//
//   - A [Tenant] is a handle that only gateway makes. Everything stored
//     belongs to one tenant and is sealed under its key; deleting the tenant
//     destroys the key.
//   - The [Store] keeps values under (tenant, bucket, key). Update changes
//     them and returns when the change is on disk; View reads a snapshot.
//   - The [EventLog] takes the events of all streams, far more than a store
//     of keys could.
//   - [Blobs] hold values of more than 64 KiB in files.
//   - An [Observer] keeps something derived in memory in step with the store.
//   - The [Bus] tells what happens to whoever listens, and keeps nothing.
//
// A mutation has three parts, always in this order:
//
//	id, now := e.IDs.New(), e.Clock.Now()           // Prepare: slow things, outside
//	err := e.Store.Update(ctx, tenant, func(tx *engine.Tx) error {
//		if tx.Get(bucketJobs, id[:]) != nil {        // Apply: short and pure
//			return errTaken
//		}
//		tx.Put(bucketJobs, id[:], encode(job, now))
//		return nil
//	})
//	e.Bus.Publish(…)                                // Publish: after it is on disk
//
// Three caveats. Update acknowledges what is on disk, so its time is the
// disk's: a caller alone waits for two syncs, many share them. Keys should
// rise with time: a random key costs ten times as much. And a failed write or
// sync stops all writing for good, because nobody can know any more what is
// on disk; only a full disk heals by itself.
package engine

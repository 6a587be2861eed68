package engine_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"quintet/engine"
)

// A small update that joins while a bulk one is written waits for that one and
// for no other; the bulk ones get the group after it.
func TestBulkUpdatesLetSmallOnesPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{})
		acme := tenant(t, e, "acme")
		release := make(chan struct{})
		var callers sync.WaitGroup
		var small, bulk [2]uint64
		join := func(seq *uint64, options ...engine.UpdateOption) {
			callers.Go(func() {
				err := e.Store.Update(background, acme, func(tx *engine.Tx) error {
					<-release
					*seq = tx.Seq()
					tx.Put(things, []byte{byte(*seq)}, nil)
					return nil
				}, options...)
				if err != nil {
					t.Error(err)
				}
			})
			synctest.Wait() // it has joined
		}
		join(&bulk[0], engine.Bulk)
		join(&bulk[1], engine.Bulk)
		join(&small[0])
		join(&small[1])
		close(release)
		callers.Wait()
		if small[0] != bulk[0]+1 || small[1] != small[0] || bulk[1] != small[0]+1 {
			t.Errorf("commits of the bulk updates %v, of the small ones %v; want the small ones between", bulk, small)
		}
	})
}

package engine_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"quintet/engine"
)

// tally is what an observer may derive: how many things each tenant has.
type tally struct {
	mu     sync.Mutex
	counts map[string]int // by key
	last   uint64
	built  int
	boom   bool
}

func (c *tally) observer(t *testing.T) *engine.Observer {
	return &engine.Observer{
		Name: "tally",
		Rebuild: func(v *engine.View) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.counts, c.last = map[string]int{}, v.Seq()
			c.built++
			for key, value := range v.Scan(things, nil, nil) {
				c.counts[string(key)] = len(value)
			}
			return nil
		},
		Apply: func(commit engine.Commit) {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.boom {
				c.boom = false
				panic("the observer fails")
			}
			if commit.Seq <= c.last {
				t.Errorf("commit %d after %d", commit.Seq, c.last)
			}
			c.last = commit.Seq
			for _, w := range commit.Writes {
				switch {
				case w.Bucket != things:
				case w.Deleted:
					delete(c.counts, string(w.Key()))
				default:
					c.counts[string(w.Key())] = len(w.Value)
				}
			}
		},
	}
}

func (c *tally) snapshot() (string, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.counts), c.built
}

func TestObserverFollows(t *testing.T) {
	e := open(t, engine.Options{})
	platform := e.Tenants.Platform()
	put := func(key, value string) {
		update(t, e, platform, func(tx *engine.Tx) { tx.Put(things, []byte(key), []byte(value)) })
	}
	put("before", "1")
	// Writers run while the observer is being built: it must miss nothing.
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				put(fmt.Sprintf("k%d-%d", i, j), "22")
			}
		})
	}
	c := &tally{}
	if err := e.Store.Observe(background, c.observer(t)); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	update(t, e, platform, func(tx *engine.Tx) { tx.Delete(things, []byte("before")) })
	got, _ := c.snapshot()
	fresh := &tally{}
	if err := e.Store.Observe(background, fresh.observer(t)); err != nil {
		t.Fatal(err)
	}
	if want, _ := fresh.snapshot(); got != want {
		t.Errorf("derived %s\nwant    %s", got, want)
	}
}

func TestObserverPanics(t *testing.T) {
	e := open(t, engine.Options{})
	platform := e.Tenants.Platform()
	c := &tally{}
	if err := e.Store.Observe(background, c.observer(t)); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.boom = true
	c.mu.Unlock()
	update(t, e, platform, func(tx *engine.Tx) { tx.Put(things, []byte("k"), []byte("1")) })
	for i := 0; e.Failed() != nil; i++ { // until the rebuild is done; each update is a round of the committer
		update(t, e, platform, func(tx *engine.Tx) { tx.Put(things, fmt.Appendf(nil, "n%d", i), nil) })
	}
	update(t, e, platform, func(tx *engine.Tx) { tx.Put(things, []byte("after"), []byte("22")) })
	got, built := c.snapshot()
	if built != 2 {
		t.Errorf("built %d times; want a rebuild after the panic", built)
	}
	fresh := &tally{}
	if err := e.Store.Observe(background, fresh.observer(t)); err != nil {
		t.Fatal(err)
	}
	if want, _ := fresh.snapshot(); got != want {
		t.Errorf("derived %s\nwant    %s", got, want)
	}
}

func TestObserverRebuildFails(t *testing.T) {
	e := open(t, engine.Options{})
	errOwn := errors.New("cannot derive")
	o := (&tally{}).observer(t)
	o.Rebuild = func(*engine.View) error { return errOwn }
	if err := e.Store.Observe(background, o); !errors.Is(err, errOwn) {
		t.Errorf("Observe: %v", err)
	}
	if err := e.Failed(); !errors.Is(err, errOwn) {
		t.Errorf("readiness: %v; want the reason", err)
	}
}

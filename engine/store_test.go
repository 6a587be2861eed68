package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"quintet/engine"
)

const (
	things engine.Bucket = "test.things"
	marks  engine.Bucket = "test.marks"
)

var background = context.Background()

func update(tb testing.TB, e *engine.Engine, t engine.Tenant, fn func(*engine.Tx)) {
	tb.Helper()
	err := e.Store.Update(background, t, func(tx *engine.Tx) error { fn(tx); return nil })
	if err != nil {
		tb.Fatal(err)
	}
}

// dump returns what a view of one bucket holds, as "key=value key=value".
func dump(tb testing.TB, e *engine.Engine, t engine.Tenant, b engine.Bucket) string {
	tb.Helper()
	var found []string
	err := e.Store.View(background, t, func(v *engine.View) error {
		found = nil
		for key, value := range v.Scan(b, nil, nil) {
			found = append(found, string(key)+"="+string(value))
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Join(found, " ")
}

func TestUpdate(t *testing.T) {
	e := open(t, engine.Options{})
	acme := tenant(t, e, "acme")
	put := func(key, value string) func(*engine.Tx) {
		return func(tx *engine.Tx) { tx.Put(things, []byte(key), []byte(value)) }
	}
	f := func(name string, fn func(*engine.Tx) error, wantErr error, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			err := e.Store.Update(background, acme, fn)
			if !errors.Is(err, wantErr) {
				t.Fatalf("error %v; want %v", err, wantErr)
			}
			if got := dump(t, e, acme, things); got != want {
				t.Fatalf("holds %q; want %q", got, want)
			}
		})
	}
	errOwn := errors.New("refused by fn")
	f("OK/put", func(tx *engine.Tx) error { put("a", "1")(tx); put("b", "2")(tx); return nil }, nil, "a=1 b=2")
	f("OK/sees its own writes", func(tx *engine.Tx) error {
		tx.Put(things, []byte("c"), []byte("3"))
		tx.Delete(things, []byte("a"))
		if got := tx.Get(things, []byte("a")); got != nil {
			return fmt.Errorf("deleted key reads %q", got)
		}
		if got := string(tx.Get(things, []byte("c"))); got != "3" {
			return fmt.Errorf("own key reads %q", got)
		}
		return nil
	}, nil, "b=2 c=3")
	f("OK/empty value is not absent", func(tx *engine.Tx) error {
		tx.Put(things, []byte("d"), nil)
		if tx.Get(things, []byte("d")) == nil {
			return errors.New("an empty value reads as absent")
		}
		tx.Delete(things, []byte("d"))
		return nil
	}, nil, "b=2 c=3")
	f("Err/fn fails", func(tx *engine.Tx) error { put("b", "9")(tx); put("x", "9")(tx); return errOwn }, errOwn, "b=2 c=3")
	f("Err/key empty", func(tx *engine.Tx) error { put("x", "9")(tx); put("", "9")(tx); return nil }, engine.ErrKeyInvalid, "b=2 c=3")
	f("Err/key too long", func(tx *engine.Tx) error { put(strings.Repeat("k", 1025), "9")(tx); return nil }, engine.ErrKeyInvalid, "b=2 c=3")
	f("Err/value too large", func(tx *engine.Tx) error { put("x", strings.Repeat("v", 64<<10+1))(tx); return nil }, engine.ErrValueTooLarge, "b=2 c=3")
	f("Err/65 keys without Bulk", func(tx *engine.Tx) error {
		for i := range 65 {
			put(fmt.Sprintf("x%d", i), "9")(tx)
		}
		return nil
	}, engine.ErrTooManyKeys, "b=2 c=3")
}

func TestUpdatePanic(t *testing.T) {
	e := open(t, engine.Options{})
	acme := tenant(t, e, "acme")
	err := e.Store.Update(background, acme, func(tx *engine.Tx) error {
		tx.Put(things, []byte("a"), []byte("1"))
		panic("boom")
	})
	var p *engine.PanicError
	if !errors.As(err, &p) || p.Value != "boom" || !strings.Contains(string(p.Stack), "TestUpdatePanic") {
		t.Fatalf("error %v; want a PanicError with the value and the stack", err)
	}
	update(t, e, acme, func(tx *engine.Tx) { tx.Put(things, []byte("b"), []byte("2")) })
	if got := dump(t, e, acme, things); got != "b=2" {
		t.Fatalf("holds %q; want only what came after the panic", got)
	}
}

// A group runs many updates over one overlay: one that fails must leave no
// trace in it, also where it overwrote what an earlier one wrote.
func TestUpdateGroupKeepsFailuresApart(t *testing.T) {
	e := open(t, engine.Options{})
	acme := tenant(t, e, "acme")
	release, blocked := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // holds the committer, so that the rest becomes one group
		update(t, e, acme, func(*engine.Tx) { close(blocked); <-release })
	})
	<-blocked
	const n = 60
	results := make([]error, n)
	for i := range n {
		wg.Go(func() {
			results[i] = e.Store.Update(background, acme, func(tx *engine.Tx) error {
				count := len(tx.Get(things, []byte("count")))
				tx.Put(things, []byte("count"), make([]byte, count+1))
				tx.Put(marks, fmt.Appendf(nil, "%02d", i), nil)
				if i%3 == 0 {
					return errors.New("refused")
				}
				return nil
			})
		})
	}
	close(release)
	wg.Wait()
	succeeded := 0
	for i, err := range results {
		if (err != nil) != (i%3 == 0) {
			t.Fatalf("update %d: error %v", i, err)
		}
		if err == nil {
			succeeded++
		}
	}
	if got := len(dump(t, e, acme, things)) - len("count="); got != succeeded {
		t.Errorf("count is %d; want %d", got, succeeded)
	}
	if got := len(strings.Fields(dump(t, e, acme, marks))); got != succeeded {
		t.Errorf("%d marks; want %d", got, succeeded)
	}
}

func TestUpdateCancelled(t *testing.T) {
	e := open(t, engine.Options{})
	acme := tenant(t, e, "acme")
	f := func(name string, options ...engine.UpdateOption) {
		t.Run(name, func(t *testing.T) {
			release, blocked := make(chan struct{}), make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() { update(t, e, acme, func(*engine.Tx) { close(blocked); <-release }) })
			<-blocked
			ctx, cancel := context.WithCancel(background)
			result := make(chan error)
			go func() {
				result <- e.Store.Update(ctx, acme, func(tx *engine.Tx) error {
					tx.Put(things, []byte("never"), nil)
					return nil
				}, options...)
			}()
			cancel()
			if err := <-result; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v; want context.Canceled while the update is queued", err)
			}
			close(release)
			wg.Wait()
			update(t, e, acme, func(*engine.Tx) {})
			if got := dump(t, e, acme, things); got != "" {
				t.Errorf("holds %q; a cancelled update ran", got)
			}
		})
	}
	f("OK/small")
	f("OK/bulk", engine.Bulk)
}

func TestUpdateQueueIsBounded(t *testing.T) {
	e := open(t, engine.Options{})
	acme, other := tenant(t, e, "acme"), tenant(t, e, "other")
	release, blocked := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { update(t, e, acme, func(*engine.Tx) { close(blocked); <-release }) })
	<-blocked
	// Two of 20 MiB are more than one tenant's half of 64 MiB, and nothing can
	// finish before the release: the first answer is the refusal.
	results := make(chan error)
	heavy := func(t engine.Tenant) {
		results <- e.Store.Update(background, t, func(*engine.Tx) error { return nil }, engine.Weight(20<<20))
	}
	go heavy(acme)
	go heavy(acme)
	if err := <-results; !errors.Is(err, engine.ErrBusy) {
		t.Errorf("the second: %v; want ErrBusy", err)
	}
	go heavy(other)
	close(release)
	for range 2 {
		if err := <-results; err != nil {
			t.Errorf("%v; another tenant must find its own half free", err)
		}
	}
	wg.Wait()
}

func TestTenantsAreApart(t *testing.T) {
	e := open(t, engine.Options{})
	acme, other := tenant(t, e, "acme"), tenant(t, e, "other")
	update(t, e, acme, func(tx *engine.Tx) {
		tx.Put(things, []byte("k"), []byte("acme's"))
		tx.Platform().Put(things, []byte("k"), []byte("platform's"))
	})
	if got := dump(t, e, other, things); got != "" {
		t.Errorf("another tenant sees %q", got)
	}
	if got := dump(t, e, acme, things); got != "k=acme's" {
		t.Errorf("acme sees %q", got)
	}
	if got := dump(t, e, e.Tenants.Platform(), things); got != "k=platform's" {
		t.Errorf("the platform sees %q", got)
	}
	if acme.Hash("email", "a@b") == other.Hash("email", "a@b") || acme.Hash("email", "a@b") == acme.Hash("tag", "a@b") {
		t.Error("hashes of tenants and labels must differ")
	}
	if err := e.Store.View(background, engine.Tenant{}, func(*engine.View) error { return nil }); !errors.Is(err, engine.ErrTenantGone) {
		t.Errorf("the zero tenant: %v", err)
	}
}

// The model is a sorted map; every step compares scans in both directions,
// inside the update that writes and in a view afterwards.
func TestScanModel(t *testing.T) {
	e := open(t, engine.Options{})
	acme := tenant(t, e, "acme")
	tenant(t, e, "neighbour")
	rapid.Check(t, func(rt *rapid.T) {
		update(t, e, acme, func(tx *engine.Tx) {
			for key := range tx.Keys(things, nil, nil) {
				tx.Delete(things, key)
			}
		})
		model := map[string]string{}
		key := rapid.StringMatching(`[a-c]{1,3}`)
		for range rapid.IntRange(1, 4).Draw(rt, "updates") {
			steps := rapid.IntRange(1, 12).Draw(rt, "steps")
			update(t, e, acme, func(tx *engine.Tx) {
				for range steps {
					k := key.Draw(rt, "key")
					if rapid.Bool().Draw(rt, "delete") {
						tx.Delete(things, []byte(k))
						delete(model, k)
					} else {
						v := rapid.StringMatching(`[0-9]{0,2}`).Draw(rt, "value")
						tx.Put(things, []byte(k), []byte(v))
						model[k] = v
					}
				}
				compare(rt, tx, model, key)
			})
			if err := e.Store.View(background, acme, func(v *engine.View) error { compare(rt, v, model, key); return nil }); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

func compare(rt *rapid.T, r engine.Reader, model map[string]string, key *rapid.Generator[string]) {
	var from, to []byte
	if rapid.Bool().Draw(rt, "bounded below") {
		from = []byte(key.Draw(rt, "from"))
	}
	if rapid.Bool().Draw(rt, "bounded above") {
		to = []byte(key.Draw(rt, "to"))
	}
	var want []string
	for k, v := range model {
		if k >= string(from) && (to == nil || k < string(to)) {
			want = append(want, k+"="+v)
		}
		if got := r.Get(things, []byte(k)); got == nil || string(got) != v {
			rt.Fatalf("Get(%q) = %q; want %q", k, got, v)
		}
	}
	slices.SortFunc(want, func(a, b string) int {
		ak, _, _ := strings.Cut(a, "=")
		bk, _, _ := strings.Cut(b, "=")
		return strings.Compare(ak, bk)
	})
	var up, down, keys []string
	for k, v := range r.Scan(things, from, to) {
		up = append(up, string(k)+"="+string(v))
	}
	for k, v := range r.Descend(things, from, to) {
		down = append(down, string(k)+"="+string(v))
	}
	for k := range r.Keys(things, from, to) {
		keys = append(keys, string(k))
	}
	slices.Reverse(down)
	if !slices.Equal(up, want) || !slices.Equal(down, want) || len(keys) != len(want) {
		rt.Fatalf("range %q–%q: up %v, down %v, keys %v; want %v", from, to, up, down, keys, want)
	}
}

// A loop over a scan may change what it walks over, also ahead of itself.
func TestScanWhileChanging(t *testing.T) {
	e := open(t, engine.Options{})
	acme := tenant(t, e, "acme")
	update(t, e, acme, func(tx *engine.Tx) {
		for _, k := range []string{"a", "b", "d", "f"} {
			tx.Put(things, []byte(k), nil)
		}
	})
	var seen []string
	update(t, e, acme, func(tx *engine.Tx) {
		seen = nil
		for k := range tx.Keys(things, nil, nil) {
			seen = append(seen, string(k))
			tx.Delete(things, k)
			switch string(k) {
			case "b":
				tx.Put(things, []byte("a"), nil) // behind
				tx.Put(things, []byte("c"), nil) // next
				tx.Delete(things, []byte("d"))   // ahead
			case "f":
				tx.Put(things, []byte("g"), nil) // beyond the last
			}
		}
	})
	if got := strings.Join(seen, ""); got != "abcfg" {
		t.Errorf("saw %q; want abcfg", got)
	}
	if got := dump(t, e, acme, things); got != "a=" {
		t.Errorf("holds %q; want a=", got)
	}
}

func TestViewIsASnapshot(t *testing.T) {
	e := open(t, engine.Options{})
	acme := tenant(t, e, "acme")
	update(t, e, acme, func(tx *engine.Tx) { tx.Put(things, []byte("k"), []byte("old")) })
	err := e.Store.View(background, acme, func(v *engine.View) error {
		before := v.Seq()
		update(t, e, acme, func(tx *engine.Tx) {
			if tx.Seq() <= before {
				t.Errorf("commit %d does not follow %d", tx.Seq(), before)
			}
			tx.Put(things, []byte("k"), []byte("new"))
		})
		got := v.Get(things, []byte("k"))
		if string(got) != "old" {
			t.Errorf("a view sees %q, committed after it began", got)
		}
		got[0] = 'X' // the caller's own copy
		if again := v.Get(things, []byte("k")); string(again) != "old" {
			t.Errorf("a view hands out memory that it shares: %q", again)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestViewExpires(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		e, err := engine.Open(background, engine.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		acme := tenant(t, e, "acme")
		update(t, e, acme, func(tx *engine.Tx) { tx.Put(things, []byte("k"), []byte("v")) })
		err = e.Store.View(background, acme, func(v *engine.View) error {
			if v.Get(things, []byte("k")) == nil {
				t.Error("nothing to read before the limit")
			}
			time.Sleep(5*time.Second + time.Millisecond) // of the bubble's clock
			if got := v.Get(things, []byte("k")); got != nil {
				t.Errorf("an expired view reads %q", got)
			}
			for range v.Scan(things, nil, nil) {
				t.Error("an expired view scans")
			}
			return nil
		})
		if !errors.Is(err, engine.ErrViewExpired) {
			t.Errorf("error %v; want ErrViewExpired although fn returned nil", err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	e := open(t, engine.Options{Dir: dir})
	acme := tenant(t, e, "acme")
	var seq uint64
	update(t, e, acme, func(tx *engine.Tx) { seq = tx.Seq(); tx.Put(things, []byte("k"), []byte("v")) })
	if _, err := engine.Open(background, engine.Options{Dir: dir}); !errors.Is(err, engine.ErrLocked) {
		t.Fatalf("a second process: %v; want ErrLocked", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Store.Update(background, acme, func(*engine.Tx) error { return nil }); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("Update after Close: %v", err)
	}
	if err := e.Store.View(background, acme, func(*engine.View) error { return nil }); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("View after Close: %v", err)
	}
	e = open(t, engine.Options{Dir: dir})
	if e.Unclean() {
		t.Error("a closed folder counts as unclean")
	}
	acme, err := e.Tenants.Lookup("acme")
	if err != nil {
		t.Fatal(err)
	}
	if got := dump(t, e, acme, things); got != "k=v" {
		t.Errorf("after reopening: %q", got)
	}
	update(t, e, acme, func(tx *engine.Tx) {
		if tx.Seq() <= seq {
			t.Errorf("commit number %d after %d", tx.Seq(), seq)
		}
	})
}

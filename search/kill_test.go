package search_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quintet/engine/enginetest"
	"quintet/search"
)

// Slots of one writer: ids that it puts, replaces and deletes in turn.
const (
	killWriters = 4
	killSlots   = 5
)

// killStep is what step n of a writer does, which follows from n alone: every
// fourth deletes, every seventh stores several at once.
func killStep(n int) (slots []int, deletes bool) {
	switch {
	case n%4 == 3:
		return []int{(n / 4) % killSlots}, true
	case n%7 == 0:
		return []int{0, 1, 2, 3, 4}, false
	}
	return []int{n % killSlots}, false
}

func killText(writer string, slot, n int) string {
	return fmt.Sprintf("%sslot%d %sslot%drevision%d", writer, slot, writer, slot, n)
}

// TestKill kills a process that stores, replaces and deletes documents, and
// holds what it leaves against the ledger of what was answered.
func TestKill(t *testing.T) {
	enginetest.Kill(t,
		func(dir string, ack enginetest.Ack) { killChild(t, dir, ack) },
		func(dir string, acked []string) { killVerify(t, dir, acked) })
}

// openKilled opens a folder in whose life segments are written all the time.
func openKilled(t *testing.T, dir string) *bed {
	b := &bed{t: t, dir: dir, model: &fake{}, options: search.Options{FlushRows: 20, FlushAfter: time.Millisecond}}
	b.open()
	return b
}

// killChild never returns: its parent kills it. Each life has ids of its own.
func killChild(t *testing.T, dir string, ack enginetest.Ack) {
	b := openKilled(t, dir)
	if err := b.s.Start(background); err != nil {
		panic(err)
	}
	b.do("PUT", "/v1/collections/c", `{}`)
	life := fmt.Sprintf("l%dx", time.Now().UnixNano())
	var all sync.WaitGroup
	for w := range killWriters {
		all.Go(func() {
			writer := fmt.Sprintf("%sw%dx", life, w)
			for n := 0; ; n++ {
				killWrite(b, writer, n)
				ack("%s %d", writer, n)
			}
		})
	}
	all.Go(func() { // collections that come and go
		for n := 0; ; n++ {
			name := fmt.Sprintf("gone%d", n%3)
			b.do("PUT", "/v1/collections/"+name, `{}`)
			b.do("POST", "/v1/collections/"+name+"/documents", `[{"x":"gone"},{"x":"gone"}]`)
			b.do("DELETE", "/v1/collections/"+name, "")
			ack("dropped %d", n)
		}
	})
	all.Wait()
}

func killWrite(b *bed, writer string, n int) {
	slots, deletes := killStep(n)
	if deletes {
		if r := b.do("DELETE", fmt.Sprintf("/v1/collections/c/documents/%s%d", writer, slots[0]), ""); r.status != 204 && r.status != 404 {
			panic(string(r.body))
		}
		return
	}
	var docs []string
	for _, slot := range slots {
		docs = append(docs, fmt.Sprintf(`{"id":"%s%d","text":"%s","n":%d}`, writer, slot, killText(writer, slot, n), n))
	}
	r := b.do("POST", "/v1/collections/c/documents", strings.Join(docs, "\n"), lines...)
	if !strings.Contains(string(r.body), `"rejected":0`) {
		panic(string(r.body))
	}
}

// killVerify demands of every slot the newest acknowledged state, or the one
// that was under way when the process died, in every way to find it.
func killVerify(t *testing.T, dir string, acked []string) {
	b := openKilled(t, dir)
	defer b.close()
	b.check()
	if n := b.model.texts.Load(); n > 0 {
		t.Errorf("a start embedded %d texts", n)
	}
	if n := b.s.Segments(b.acme, "c"); n > 30 {
		t.Errorf("%d segments: none were merged", n)
	}
	newest := map[string]int{}
	for _, line := range acked {
		var writer string
		var n int
		if fmt.Sscan(line, &writer, &n); writer != "dropped" {
			newest[writer] = n
		}
	}
	for writer, last := range newest {
		before, after := killState(last), killState(last+1)
		for slot := range killSlots {
			got := b.killFound(writer, slot)
			if got != before[slot] && got != after[slot] {
				t.Errorf("%s slot %d is revision %d, expected was %d, or %d by the write under way", writer, slot, got, before[slot], after[slot])
			}
		}
	}
}

// killState is the revision of each slot after step n, -1 for none.
func killState(last int) (state [killSlots]int) {
	for slot := range state {
		state[slot] = -1
	}
	for n := range last + 1 {
		slots, deletes := killStep(n)
		for _, slot := range slots {
			if state[slot] = n; deletes {
				state[slot] = -1
			}
		}
	}
	return state
}

// killFound looks for a slot by id, by its words and by its vector, which have
// to agree, and returns its revision, -1 for none.
func (b *bed) killFound(writer string, slot int) int {
	id := fmt.Sprintf("%s%d", writer, slot)
	f := b.search("c", jsonOf(map[string]any{"q": fmt.Sprintf("%sslot%d", writer, slot), "mode": "keyword"}))
	r := b.do("GET", "/v1/collections/c/documents/"+id, "")
	if r.status == 404 {
		if len(f.Hits) > 0 {
			b.t.Errorf("%s is deleted, and found as %s", id, f.ids())
		}
		f = b.search("c", jsonOf(map[string]any{"q": fmt.Sprintf("%sslot%d", writer, slot), "mode": "semantic", "limit": 5}))
		if slices.Contains(strings.Fields(f.ids()), id) {
			b.t.Errorf("%s is deleted, and found by its vector", id)
		}
		return -1
	}
	var d struct{ N int }
	r.want(200).into(&d)
	if f.ids() != id || f.Hits[0].Document["n"] != float64(d.N) {
		b.t.Errorf("%s revision %d is found by its words as %v", id, d.N, f.Hits)
	}
	f = b.search("c", jsonOf(map[string]any{"q": killText(writer, slot, d.N), "mode": "semantic", "limit": 1}))
	if f.ids() != id || f.Hits[0].Score < 0.99 {
		b.t.Errorf("%s revision %d is found by its vector as %v", id, d.N, f.Hits)
	}
	return d.N
}

package search_test

import "testing"

// TestRewritePanics lets a rewrite panic: that costs its own collection a pause,
// and neither the others nor the process.
func TestRewritePanics(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"embed":[]}`)
	b.define("d", `{"embed":[]}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	b.post("d", `{"id":"a","title":"winter"}`)
	b.s.FailNextRewrite(b.acme, "c")
	if err := b.s.SealAll(background); err == nil {
		t.Error("no rewrite failed")
	}
	if n, m := b.s.Segments(b.acme, "c"), b.s.Segments(b.acme, "d"); n != 0 || m != 1 {
		t.Errorf("they have %d and %d segments, expected were 0 and 1", n, m)
	}
}

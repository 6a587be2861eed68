package search

import (
	"slices"
	"testing"
	"time"
)

// tiers is an index without content, to which rows come and in which only the
// choice of what is rewritten is real.
type tiers struct {
	index
	versions  []version // as many as the largest part has
	rewritten int
}

func newTiers(most int) *tiers {
	return &tiers{index: index{current: &part{}}, versions: make([]version, most)}
}

// freezeRows lets so many rows wait to be sealed.
func (x *tiers) freezeRows(rows int, now time.Time) {
	x.written = now
	x.parts = append(x.parts, &part{count: rows, versions: x.versions[:rows]})
}

// rewrite makes one rewrite that is due, if one is.
func (x *tiers) rewrite(now time.Time) bool {
	inputs := x.due(now, Options{FlushAfter: time.Hour})
	rows := 0
	for _, g := range inputs {
		rows += g.count
	}
	x.parts = slices.DeleteFunc(x.parts, func(g *part) bool { return slices.Contains(inputs, g) })
	if rows > 0 {
		x.parts = append(x.parts, &part{count: rows, versions: x.versions[:rows], record: &segmentRecord{}})
	}
	x.rewritten += rows
	return len(inputs) > 0
}

// TestTiers imports without a pause and holds how often a row is written and
// how many parts there are, whether maintenance keeps up or makes one rewrite
// while so many parts fill up.
func TestTiers(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		rows, documents, behind int
		amplification           float64
		parts                   int
	}{
		{5_000, 100_000, 0, 2, 10}, {5_000, 100_000, 1, 2, 20}, {5_000, 100_000, 3, 2, 20},
		{5_000, 1_000_000, 0, 4, 20}, {5_000, 1_000_000, 1, 4, 20}, {5_000, 1_000_000, 3, 4, 20},
		{300, 100_000, 0, 4, 25}, {300, 100_000, 1, 4, 25}, {300, 1_000_000, 2, 5, 30},
		{30, 100_000, 0, 6, 25}, {30, 100_000, 1, 6, 25}, {30, 100_000, 5, 6, 30},
	} {
		x, most := newTiers(c.documents), 0
		for n := range c.documents / c.rows {
			x.freezeRows(c.rows, now)
			most = max(most, len(x.parts))
			if c.behind == 0 {
				for x.rewrite(now) {
				}
			} else if n%c.behind == 0 {
				x.rewrite(now)
			}
		}
		if a := float64(x.rewritten) / float64(c.documents); a > c.amplification || most > c.parts {
			t.Errorf("%+v: each row is written %.1f times, into up to %d parts", c, a, most)
		}
	}
}

// TestIdleRests holds that all parts become one no sooner than a while after
// the last time, also where others were frozen while that went on.
func TestIdleRests(t *testing.T) {
	sealed := func() *part { return &part{count: 10, versions: make([]version, 10), record: &segmentRecord{}} }
	x := &index{current: newPart(&schema{}), thawed: make(chan struct{})}
	a, b, waiting := sealed(), sealed(), sealed()
	waiting.record = nil
	x.parts = append(x.parts, a, b, waiting)
	all := x.look(x.parts[:2])
	x.parts = append(x.parts, sealed()) // while they become one
	x.swap(all, sealed(), time.Minute)
	x.swap(x.look([]*part{waiting}), sealed(), time.Second)
	for _, c := range []struct {
		after  time.Duration
		inputs int
	}{{time.Minute, 0}, {idleShare*time.Minute - time.Minute, 0}, {idleShare*time.Minute + time.Minute, 3}} {
		if inputs := x.due(time.Now().Add(c.after), Options{FlushAfter: time.Hour}); len(inputs) != c.inputs {
			t.Errorf("after %v %d parts are merged, expected were %d", c.after, len(inputs), c.inputs)
		}
	}
}

package search

import (
	"cmp"
	"context"
	"slices"

	"quintet/search/bitset"
	"quintet/search/column"
	"quintet/search/inverted"
)

// staleShare is how small a share of the rows of a part may be dead for it to
// be merged as it is: of words that dead rows alone have some would stay.
const staleShare = 20

// gather builds a part of the live rows of others. Of parts that are stale it
// reads the documents anew.
func (s *Service) gather(ctx context.Context, c *collection, seen sight) (*sealing, error) {
	sc := c.schema.Load() // after the rows were seen: it has every field that they have
	var parts []*part
	var live []bitset.Set
	var again []version
	for i, g := range seen.parts {
		switch n := seen.live[i].Count(); {
		case n == 0: // also where its file could not be read
		case g.rows()-n > g.rows()/staleShare:
			for at := range seen.live[i].All() {
				again = append(again, g.versions[at])
			}
		default:
			parts, live = append(parts, g), append(live, seen.live[i])
		}
	}
	if len(again) > 0 {
		slices.SortFunc(again, compareVersions)
		b := newSealing(sc)
		if err := s.readRows(ctx, c, sc, again, b.add); err != nil || len(parts) == 0 {
			return b, err
		}
		parts, live = append(parts, b.part()), append(live, bitset.Full(len(b.versions)))
	}
	return newMerge(ctx, sc, parts, live)
}

// readRows reads documents from the store and makes rows of them, in order.
func (s *Service) readRows(ctx context.Context, c *collection, sc *schema, versions []version, add func(*row)) error {
	for slice := range slices.Chunk(versions, rebuildSlice) {
		rows, err := s.readSlice(ctx, c, sc, slice, 1)
		if err != nil {
			return err
		}
		for _, r := range rows {
			add(r)
		}
	}
	return nil
}

// part returns what was built so far as an input of a merge.
func (b *sealing) part() *part {
	g := &part{schema: b.schema, versions: b.versions, sizes: b.sizes, text: b.text, vectors: b.vectors}
	for _, c := range b.columns {
		g.columns = append(g.columns, &c.Column)
	}
	return g
}

// origin is where a row comes from.
type origin struct {
	version version
	part    uint32 // its place among those that are merged
	row     uint32
}

// newMerge builds a part of the live rows of others, as if their documents
// had been read again. A document has the values of the fields that there were
// when it came: a field that came later it has not, or could not fill.
func newMerge(ctx context.Context, sc *schema, parts []*part, live []bitset.Set) (*sealing, error) {
	order := originsOf(parts, live)
	b := newSealing(sc)
	of := b.inherit(parts, live)
	inputs := make([]inverted.Input, len(parts))
	for i, g := range parts {
		inputs[i] = inverted.Input{Segment: g.text, Rows: slices.Repeat([]uint32{inverted.Gone}, g.rows())}
	}
	for n, o := range order {
		g := parts[o.part]
		inputs[o.part].Rows[o.row] = uint32(n)
		b.versions, b.sizes = append(b.versions, o.version), append(b.sizes, g.sizes[o.row])
		if b.vectors != nil {
			if int(o.part) == of {
				b.parent.move(g.vectors, o.row, b.vectors.count())
			}
			b.vectors.gather(g.vectors.numbersOf(o.row))
		}
	}
	for i, c := range b.columns {
		for _, o := range order {
			if has := parts[o.part].columns; i < len(has) {
				c.Add(has[i].Value(o.row))
			} else {
				c.Add(column.Value{})
			}
		}
	}
	var err error
	b.words, err = inverted.Merge(ctx, inputs)
	return b, err
}

// inherit takes the graph that has most of the live vectors as the parent, and
// returns whose it is; -1 for none.
func (b *sealing) inherit(parts []*part, live []bitset.Set) (of int) {
	of, most := -1, 0
	for i, g := range parts {
		if n := live[i].Count(); n > most && g.vectors != nil && g.vectors.graph != nil {
			of, most = i, n
		}
	}
	if of >= 0 {
		b.parent = newParent(parts[of].vectors)
	}
	return of
}

// originsOf lists live rows by version. Each is live in one part alone.
func originsOf(parts []*part, live []bitset.Set) (order []origin) {
	for i, g := range parts {
		for at := range live[i].All() {
			order = append(order, origin{g.versions[at], uint32(i), at})
		}
	}
	slices.SortFunc(order, func(x, y origin) int {
		return cmp.Or(compareVersions(x.version, y.version), cmp.Compare(x.part, y.part))
	})
	return order
}

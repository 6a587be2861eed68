package column

// Builder is a column in memory that grows by a row at a time. While a row is
// added nothing else may use it.
type Builder struct{ Column }

// NewBuilder returns a column without rows.
func NewBuilder(k Kind) *Builder {
	b := &Builder{Column{kind: k}}
	switch k {
	case Words:
		b.values = &words{ordinalOf: map[string]uint32{}}
	case Bool:
		b.values = &booleans{}
	default:
		b.values = &numbers{kind: k}
	}
	return b
}

// Add appends a row. Of rows, of words in all rows, and of bytes of words that
// differ there may be less than 2³² each.
func (b *Builder) Add(v Value) {
	row := uint32(b.rows)
	b.rows++
	if v.Set {
		b.present.Add(row)
	} else {
		v = Value{}
	}
	switch values := b.values.(type) {
	case *words:
		values.add(v.Words)
	case *numbers:
		values.keys = append(values.keys, values.key(v))
	case *booleans:
		values.add(row, v.Bool)
	}
}

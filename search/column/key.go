package column

import (
	"cmp"
	"strings"
)

// Key is what a row is sorted by: a word, or a number of which only the order
// means something. Keys of one field can be compared whatever segment they
// come from, and can be stored. The zero Key is that of a row without a value.
type Key struct {
	Set    bool
	Word   string
	Number uint64
}

// Key returns the key of a row. Of several words it is the first in the order
// that is asked for: the lowest, or the highest if it is descending.
func (c *Column) Key(row uint32, descending bool) Key {
	if !c.present.Has(row) {
		return Key{}
	}
	switch values := c.values.(type) {
	case *words:
		word, ok := values.first(row, descending)
		return Key{Set: ok, Word: word}
	case *numbers:
		return Key{Set: true, Number: values.keys[row]}
	default:
		return Key{Set: true, Number: uint64(truth(values.(*booleans).yes.Has(row)))}
	}
}

// Compare orders two keys, below 0 where k comes first. One that is not set
// comes last in either direction.
func (k Key) Compare(other Key, descending bool) int {
	switch {
	case !k.Set || !other.Set:
		return cmp.Compare(truth(other.Set), truth(k.Set))
	case descending:
		k, other = other, k
	}
	return cmp.Or(cmp.Compare(k.Number, other.Number), strings.Compare(k.Word, other.Word))
}

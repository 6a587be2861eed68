package filter

// Expression is one of And, Or, Not and Test; nil is the empty filter, which
// everything passes. It is not changed once it is made.
type Expression interface{ expression() }

type (
	And []Expression // two or more
	Or  []Expression // two or more
	Not struct{ Inner Expression }

	// Test holds if the field and any of Values are in the order of Op. "in"
	// is Equal to one of many; "!=" and "not in" are its Not.
	Test struct {
		Field  string
		Kind   Kind // never None or Time
		Op     Op   // Equal or Exists, where the kind has no order
		Values []Value
	}
)

func (And) expression()  {}
func (Or) expression()   {}
func (Not) expression()  {}
func (Test) expression() {}

// Kind is what a field is compared with.
type Kind uint8

const (
	None   Kind = iota // there is no such field
	Text               // texts, ordered by their bytes
	Label              // texts without an order
	Number             // numbers
	Bool               // true and false, without an order
	Time               // instants; a Test of one is of the kind Number, in milliseconds since 1970
)

// Op is what a test asks.
type Op uint8

const (
	Exists Op = iota // has no values
	Equal
	Less
	AtMost
	Greater
	AtLeast
)

// Value is what a field is compared with: of a Text or Label the text, of a
// Number the number, exactly where it is a whole one of 64 bits; of a Bool 1
// for true and 0 for false.
type Value struct {
	Text    string
	Whole   int64
	IsWhole bool
	Float   float64
}

// Holds reports whether the test holds for one of its values; compare orders
// the field's value and one of them, below, at or above 0.
func (t *Test) Holds(compare func(*Value) int) bool {
	for i := range t.Values {
		if t.Op.holds(compare(&t.Values[i])) {
			return true
		}
	}
	return false
}

func (op Op) holds(order int) bool {
	switch op {
	case Less:
		return order < 0
	case AtMost:
		return order <= 0
	case Greater:
		return order > 0
	case AtLeast:
		return order >= 0
	}
	return order == 0
}

// Compile makes a filter that is not nil a function over rows, of whatever
// they are, out of what test makes of each of its tests.
func Compile[Row any](e Expression, test func(*Test) func(Row) bool) func(Row) bool {
	switch e := e.(type) {
	case And:
		return join(e, test, false)
	case Or:
		return join(e, test, true)
	case Not:
		inner := Compile(e.Inner, test)
		return func(row Row) bool { return !inner(row) }
	default:
		t := e.(Test)
		return test(&t)
	}
}

// join is stop if one of the parts is, and asks none after it.
func join[Row any](all []Expression, test func(*Test) func(Row) bool, stop bool) func(Row) bool {
	var parts []func(Row) bool
	for _, e := range all {
		parts = append(parts, Compile(e, test))
	}
	return func(row Row) bool {
		for _, part := range parts {
			if part(row) == stop {
				return stop
			}
		}
		return !stop
	}
}

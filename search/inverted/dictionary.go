package inverted

import (
	"bytes"
	"errors"

	"github.com/blevesearch/vellum"
)

// A dictionary is an FST: it maps keys to where their records begin.
type dictionary struct{ fst *vellum.FST }

func (d dictionary) find(key string) (at int, ok bool) {
	reader, err := d.fst.Reader()
	if err != nil {
		return 0, false
	}
	v, ok, err := reader.Get([]byte(key))
	return int(v), ok && err == nil
}

// walk yields the keys that begin with prefix and that accept accepts, in
// their order, and reports whether it came to the end of them. A key is valid
// until the next one.
func (d dictionary) walk(prefix string, accept vellum.Automaton, yield func(key []byte, at int) bool) bool {
	keys, err := d.fst.Search(accept, []byte(prefix), behind(prefix))
	for ; err == nil; err = keys.Next() {
		if key, at := keys.Current(); !yield(key, int(at)) {
			return false
		}
	}
	return errors.Is(err, vellum.ErrIteratorDone)
}

// behind is the first key after all that begin with prefix, nil for none.
func behind(prefix string) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			end := []byte(prefix[:i+1])
			end[i]++
			return end
		}
	}
	return nil
}

var errDictionary = errors.New("inverted: damaged dictionary")

// openDictionary reads an FST. The library does not expect a damaged one, so
// all its keys are read here: what survives that does so later, since nothing
// else can be reached. Each key's record is handed to check, which returns
// where it ends; the records must fill all of size.
func openDictionary(b []byte, size int, check func(key []byte, at int) (end int)) (d dictionary, err error) {
	defer func() {
		if recover() != nil {
			err = errDictionary
		}
	}()
	if d.fst, err = vellum.Load(b); err != nil {
		return d, errDictionary
	}
	limit := newLimited()
	end := 0
	whole := d.walk("", limit, func(key []byte, at int) bool {
		if at != end || len(key) == 0 {
			return false
		}
		limit.left = MaxTerm
		end = check(key, at)
		return end > at
	})
	if !whole || limit.left < 0 || end != size {
		return d, errDictionary
	}
	return d, nil
}

// limited is the automaton of all keys. Its state is how many bytes of a key
// it has. It ends, with left below 0, where an FST is damaged: where there was
// no key for longer than the longest key, for each step leads to one; and where
// the steps that one place offers do not rise, for then keys are passed over.
type limited struct {
	left  int
	steps [MaxTerm + 2]int // the last one taken at each place of a key, -1 for none
}

func newLimited() *limited {
	l := &limited{left: MaxTerm}
	l.steps[0] = -1
	return l
}

func (*limited) Start() int               { return 0 }
func (*limited) IsMatch(int) bool         { return true }
func (l *limited) CanMatch(int) bool      { return l.left >= 0 }
func (*limited) WillAlwaysMatch(int) bool { return false }

func (l *limited) Accept(at int, step byte) int {
	if l.left--; at >= MaxTerm || int(step) <= l.steps[at] {
		l.left = -1
		return at
	}
	l.steps[at], l.steps[at+1] = int(step), -1
	return at + 1
}

// dictionaryWriter makes an FST of rising keys.
type dictionaryWriter struct {
	buffer  bytes.Buffer
	builder *vellum.Builder
}

func newDictionaryWriter() *dictionaryWriter {
	w := &dictionaryWriter{}
	w.builder = must(vellum.New(&w.buffer, nil))
	return w
}

func (w *dictionaryWriter) add(key string, at int) {
	must(0, w.builder.Insert([]byte(key), uint64(at)))
}

func (w *dictionaryWriter) bytes() []byte {
	must(0, w.builder.Close())
	return w.buffer.Bytes()
}

// must panics on errors that cannot be: those that vellum has for keys out of
// order and for writers that fail are of this kind.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

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
// their order. A key is valid until the next one.
func (d dictionary) walk(prefix string, accept vellum.Automaton, yield func(key []byte, at int) bool) {
	keys, err := d.fst.Search(accept, []byte(prefix), behind(prefix))
	for ; err == nil; err = keys.Next() {
		if key, at := keys.Current(); !yield(key, int(at)) {
			return
		}
	}
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
// all its keys are read here: what survives that, within as many steps and at
// the depth that true keys have, does so later, since nothing else can be
// reached. Each key's record is handed to check, which returns where it ends;
// the records must fill all of size.
func openDictionary(b []byte, size int, check func(key []byte, at int) (end int)) (d dictionary, err error) {
	defer func() {
		if recover() != nil {
			err = errDictionary
		}
	}()
	if d.fst, err = vellum.Load(b); err != nil {
		return d, errDictionary
	}
	count := &counted{left: MaxTerm * (size + 1)} // a record has at least one byte
	end := 0
	d.walk("", count, func(key []byte, at int) bool {
		if at != end || len(key) == 0 {
			count.left = 0
			return false
		}
		end = check(key, at)
		return end > at
	})
	if count.left <= 0 || end != size {
		return d, errDictionary
	}
	return d, nil
}

// counted is the automaton of all keys up to MaxTerm. Its state is the depth,
// and it ends when it has made too many steps.
type counted struct{ left int }

func (*counted) Start() int                { return 0 }
func (*counted) IsMatch(int) bool          { return true }
func (c *counted) CanMatch(depth int) bool { return depth <= MaxTerm && c.left > 0 }
func (*counted) WillAlwaysMatch(int) bool  { return false }
func (c *counted) Accept(depth int, _ byte) int {
	if depth == MaxTerm {
		c.left = 0 // a key is too long
	}
	c.left--
	return depth + 1
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

// must panics on the errors that vellum has for keys out of order and for
// writers that fail: neither can be.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

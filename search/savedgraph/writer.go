package savedgraph

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
)

// The settings that the library gives a new graph.
const (
	DefaultM        = 16
	DefaultMl       = 0.25
	DefaultEfSearch = 20
)

// Writer writes a file whose keys are strings. It keeps the first error, and
// does nothing after it.
type Writer struct {
	out     *bufio.Writer
	scratch []byte
}

// NewWriter writes the head of a file. To out it writes 64 KiB at a time.
func NewWriter(out io.Writer, h Head) *Writer {
	w := &Writer{out: bufio.NewWriterSize(out, 64<<10)}
	b := binary.AppendVarint(nil, Version)
	b = binary.AppendVarint(b, int64(h.M))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(h.Ml))
	b = binary.AppendVarint(b, int64(h.EfSearch))
	b = appendText(b, h.Distance)
	_, _ = w.out.Write(binary.AppendVarint(b, int64(h.Layers))) // the writer keeps the error
	return w
}

// Layer begins a layer of so many nodes, which follow. The lowest comes first
// and has all nodes; each above has some of the one below, at least one.
func (w *Writer) Layer(nodes int) error {
	_, err := w.out.Write(binary.AppendVarint(nil, int64(nodes)))
	return err
}

// Node writes a node. Its neighbours are keys of the same layer.
func (w *Writer) Node(key string, vector []float32, neighbours []string) error {
	b := appendText(w.scratch[:0], key)
	b = binary.AppendVarint(b, int64(len(vector)))
	for _, x := range vector {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	b = binary.AppendVarint(b, int64(len(neighbours)))
	for _, n := range neighbours {
		b = appendText(b, n)
	}
	w.scratch = b
	_, err := w.out.Write(b)
	return err
}

// Flush writes what is left, when all layers are complete.
func (w *Writer) Flush() error { return w.out.Flush() }

func appendText(b []byte, text string) []byte {
	return append(binary.AppendVarint(b, int64(len(text))), text...)
}

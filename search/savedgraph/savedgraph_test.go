package savedgraph_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"quintet/search/savedgraph"
)

// file builds one by hand, as FORMAT.md has it.
type file struct{ b []byte }

func (f *file) numbers(all ...int) *file {
	for _, n := range all {
		f.b = binary.AppendVarint(f.b, int64(n))
	}
	return f
}

func (f *file) text(s string) *file {
	f.numbers(len(s))
	f.b = append(f.b, s...)
	return f
}

func (f *file) float64(x float64) *file {
	f.b = binary.LittleEndian.AppendUint64(f.b, math.Float64bits(x))
	return f
}

func (f *file) floats(all ...float32) *file {
	f.numbers(len(all))
	for _, x := range all {
		f.b = binary.LittleEndian.AppendUint32(f.b, math.Float32bits(x))
	}
	return f
}

// head begins a file of so many layers.
func head(layers int) *file {
	return new(file).numbers(1, 16).float64(0.25).numbers(20).text("cosine").numbers(layers)
}

// good has two nodes, of which one stands in a second layer.
func good() *file {
	return head(2).
		numbers(2).text("a").floats(1, 0).numbers(1).text("b").text("b").floats(0, 1).numbers(2).text("a").text("gone").
		numbers(1).text("b").floats(0, 1).numbers(0)
}

var two = savedgraph.Limits{Dimensions: 2, Nodes: 10}

// read reads a whole file, and prints its nodes.
func read(from io.Reader, l savedgraph.Limits) (h savedgraph.Head, nodes string, err error) {
	r, err := savedgraph.NewReader(from, l)
	if err != nil {
		return h, "", err
	}
	for {
		key, vector, err := r.Next()
		if err == io.EOF {
			_, _, err = r.Next() // the end is the end
			if err == io.EOF {
				err = nil
			}
			return r.Head(), nodes, err
		}
		if err != nil {
			return r.Head(), nodes, err
		}
		nodes += fmt.Sprint(key, vector, " ")
	}
}

func TestFormat(t *testing.T) {
	h, nodes, err := read(iotest.OneByteReader(bytes.NewReader(good().b)), two)
	if want := (savedgraph.Head{M: 16, Ml: 0.25, EfSearch: 20, Distance: "cosine", Layers: 2}); err != nil || h != want || nodes != "a[1 0] b[0 1] " {
		t.Errorf("%+v, %q, %v", h, nodes, err)
	}
	ints := head(1).numbers(3, -5).floats(1, 0).numbers(1, 300).numbers(0).floats(0, 1).numbers(0).numbers(300).floats(1, 1).numbers(0)
	if _, nodes, err := read(bytes.NewReader(ints.b), savedgraph.Limits{Dimensions: 2, Nodes: 3, IntKeys: true}); err != nil || nodes != "-5[1 0] 0[0 1] 300[1 1] " {
		t.Errorf("%q, %v", nodes, err)
	}
	if _, nodes, err := read(bytes.NewReader(head(0).b), two); err != nil || nodes != "" {
		t.Errorf("%q, %v", nodes, err)
	}
}

// TestWriter holds that what is written is read, and is as FORMAT.md has it.
func TestWriter(t *testing.T) {
	var b bytes.Buffer
	w := savedgraph.NewWriter(&b, savedgraph.Head{M: 16, Ml: 0.25, EfSearch: 20, Distance: "cosine", Layers: 2})
	err := errors.Join(w.Layer(2), w.Node("a", []float32{1, 0}, []string{"b"}), w.Node("b", []float32{0, 1}, []string{"a", "gone"}),
		w.Layer(1), w.Node("b", []float32{0, 1}, nil), w.Flush())
	if err != nil || !bytes.Equal(b.Bytes(), good().b) {
		t.Errorf("%x, %v", b.Bytes(), err)
	}
	failed := errors.New("the disk is full")
	w = savedgraph.NewWriter(iotest.NewWriteLogger("", failing{failed}), savedgraph.Head{})
	for err = nil; err == nil; {
		err = w.Node(strings.Repeat("x", 1000), nil, nil)
	}
	if !errors.Is(err, failed) || !errors.Is(w.Flush(), failed) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestReaderRefuses has a file for each thing that FORMAT.md says is refused.
func TestReaderRefuses(t *testing.T) {
	node := func(f *file) *file { return f.text("a").floats(1, 0).numbers(0) }
	for want, f := range map[string]*file{
		"the version is 2":               new(file).numbers(2),
		"ends where the version":         {},
		"M is -1, and may be 0 to":       new(file).numbers(1, -1),
		"ends where Ml":                  new(file).numbers(1, 16, 7),
		"EfSearch is -20":                new(file).numbers(1, 16).float64(0.25).numbers(-20),
		"of the distance is 65":          new(file).numbers(1, 16).float64(0.25).numbers(20).text(strings.Repeat("x", 65)),
		"number of layers is 65":         head(65),
		"nodes of layer 0 is 11, and":    head(1).numbers(11),
		"nodes of layer 0 is -1":         head(1).numbers(-1),
		"nodes of layer 1 is 2, and may": node(head(2).numbers(1)).numbers(2),
		"length of a key is 4097":        head(1).numbers(1, 4097),
		"ends where a key":               head(1).numbers(1, 5),
		"a vector has 3 numbers, and 2":  head(1).numbers(1).text("a").floats(1, 2, 3),
		"length of a vector is -1":       head(1).numbers(1).text("a").numbers(-1),
		"ends where a vector":            head(1).numbers(1).text("a").numbers(2),
		"of neighbours is 65537":         head(1).numbers(1).text("a").floats(1, 0).numbers(65537),
		"length of a neighbour is 4097":  head(1).numbers(1).text("a").floats(1, 0).numbers(1, 4097),
		"ends where a neighbour":         head(1).numbers(1).text("a").floats(1, 0).numbers(2).text("b").numbers(9),
		"ends where the number of nodes": node(head(2).numbers(1)),
		"behind the last layer":          {append(good().b, 0)},
		"more than 64 bits":              {bytes.Repeat([]byte{0xff}, 11)},
	} {
		_, _, err := read(bytes.NewReader(f.b), two)
		if fault, is := errors.AsType[*savedgraph.Fault](err); !is || !strings.Contains(fault.Error(), want) || fault.Offset > int64(len(f.b)) {
			t.Errorf("%q is refused with %v", want, err)
		}
	}
	whole := good().b
	for cut := range whole {
		if _, _, err := read(bytes.NewReader(whole[:cut]), two); err == nil || !strings.Contains(err.Error(), "ends where") {
			t.Errorf("%d bytes of %d are read with %v", cut, len(whole), err)
		}
	}
	broken := errors.New("the connection is gone")
	if _, _, err := read(io.MultiReader(bytes.NewReader(whole[:40]), iotest.ErrReader(broken)), two); err != broken {
		t.Errorf("a broken connection is %v", err)
	}
}

// TestReaderAllocates holds that no claim of a length takes memory.
func TestReaderAllocates(t *testing.T) {
	l := savedgraph.Limits{Dimensions: 2, Nodes: 1 << 40}
	for _, f := range []*file{
		head(1).numbers(1 << 40),
		head(1).numbers(1 << 40).text("a").numbers(1 << 30),
		head(1).numbers(1).text("a").floats(1, 0).numbers(1 << 16),
	} {
		var before, behind runtime.MemStats
		const times = 20
		runtime.ReadMemStats(&before)
		for range times {
			_, _, _ = read(bytes.NewReader(f.b), l)
		}
		runtime.ReadMemStats(&behind)
		if bytes := (behind.TotalAlloc - before.TotalAlloc) / times; bytes > 100<<10 {
			t.Errorf("%x takes %d bytes", f.b, bytes)
		}
	}
}

// FuzzReader holds that no bytes make a reader panic or give other vectors than
// it promised, and that the nodes that it read are written and read again.
func FuzzReader(f *testing.F) {
	f.Add(good().b, false)
	f.Add(head(1).numbers(1, 7).floats(1, 0).numbers(1, 8).b, true)
	f.Fuzz(func(t *testing.T, b []byte, ints bool) {
		l := savedgraph.Limits{Dimensions: 2, Nodes: 100, IntKeys: ints}
		nodes, err := nodesOf(b, l)
		if err != nil {
			return
		}
		var again bytes.Buffer
		w := savedgraph.NewWriter(&again, savedgraph.Head{Layers: 1})
		_ = w.Layer(len(nodes))
		for _, n := range nodes {
			_ = w.Node(n.key, n.vector[:], []string{n.key})
		}
		_ = w.Flush()
		l.IntKeys = false
		found, err := nodesOf(again.Bytes(), l)
		if err != nil || fmt.Sprintf("%v", found) != fmt.Sprintf("%v", nodes) {
			t.Errorf("%v became %v, %v", nodes, found, err)
		}
	})
}

type node struct {
	key    string
	vector [2]float32
}

func nodesOf(b []byte, l savedgraph.Limits) (nodes []node, err error) {
	r, err := savedgraph.NewReader(bytes.NewReader(b), l)
	if err != nil {
		return nil, err
	}
	for {
		key, vector, err := r.Next()
		if err == io.EOF {
			return nodes, nil
		}
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node{key, [2]float32(vector)})
		if len(nodes) > l.Nodes {
			return nil, errors.New("more nodes than the limit")
		}
	}
}

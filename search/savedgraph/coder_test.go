//go:build !windows

package savedgraph_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/coder/hnsw"

	"quintet/search/savedgraph"
)

// TestTheirs reads what the library itself writes. It does not build on Windows.
func TestTheirs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	byText, byNumber := hnsw.NewGraph[string](), hnsw.NewGraph[int]()
	byNumber.Distance = hnsw.EuclideanDistance
	want := map[string]string{}
	for i := range 300 {
		v := []float32{rng.Float32(), rng.Float32() - 0.5, float32(i)}
		byText.Add(hnsw.MakeNode(fmt.Sprintf("%d", i-100), v))
		byNumber.Add(hnsw.MakeNode(i-100, v))
		want[fmt.Sprint(i-100)] = fmt.Sprint(v)
	}
	var text, number bytes.Buffer
	if err := errors.Join(byText.Export(&text), byNumber.Export(&number)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file *bytes.Buffer
		l    savedgraph.Limits
	}{
		savedgraph.Cosine:    {&text, savedgraph.Limits{Dimensions: 3, Nodes: 300}},
		savedgraph.Euclidean: {&number, savedgraph.Limits{Dimensions: 3, Nodes: 300, IntKeys: true}},
	} {
		r, err := savedgraph.NewReader(c.file, c.l)
		if err != nil {
			t.Fatal(err)
		}
		if h := r.Head(); h.M != savedgraph.DefaultM || h.Ml != savedgraph.DefaultMl || h.EfSearch != savedgraph.DefaultEfSearch || h.Distance != name || h.Layers < 3 {
			t.Errorf("the head is %+v", h)
		}
		got := map[string]string{}
		for key, v, err := r.Next(); err == nil; key, v, err = r.Next() {
			got[key] = fmt.Sprint(v)
		}
		if _, _, err := r.Next(); err == nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %d nodes of %d are as they were, %v", name, len(got), len(want), err)
		}
	}
}

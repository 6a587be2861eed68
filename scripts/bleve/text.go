package main

import (
	"math/rand/v2"
	"strconv"
)

// Words are drawn by Zipf's law with exponent 1.07 from a vocabulary of 50,000,
// from fixed seeds.
const (
	vocabulary = 50_000
	exponent   = 1.07
	length     = 60
)

func word(rank int) string { return "w" + strconv.Itoa(rank) }

func generate(rows int) [][]string {
	rng := rand.New(rand.NewPCG(42, 1))
	zipf := rand.NewZipf(rng, exponent, 1, vocabulary-1)
	text := make([][]string, rows)
	for row := range text {
		for range length {
			text[row] = append(text[row], word(1+int(zipf.Uint64())))
		}
	}
	return text
}

func queries(n int) (all [][]string) {
	rng := rand.New(rand.NewPCG(43, 1))
	for range n {
		var query []string
		for range 2 + rng.IntN(3) {
			query = append(query, word(20+rng.IntN(4_981)))
		}
		all = append(all, query)
	}
	return all
}

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"quintet/search/embed"
)

// The generated text. Words of a language are about as frequent as their ranks
// say by Zipf's law (1949).
const (
	searchSeed     = 1_907
	vocabulary     = 50_000
	zipfExponent   = 1.07
	documentWords  = 60
	titleWords     = 4 // of them
	embeddedTokens = 128
	searchVector   = 384
)

// generated is text that is the same in every run: document and query i depend
// on i alone. It may be used concurrently.
type generated struct {
	words []string // by rank
	model *embed.Model
}

func generate() (*generated, error) {
	model, err := embed.Open()
	g := &generated{words: make([]string, vocabulary), model: model}
	for rank := range g.words {
		g.words[rank] = madeWord(rank)
	}
	return g, err
}

// madeWord makes the word of a rank from two or three syllables. None ends in
// what a stemmer takes for an ending, so that words stay distinct.
func madeWord(rank int) string {
	const consonants, vowels, short = "bdfgklmnprstvz", "aiou", 3_000
	const syllables = len(consonants) * len(vowels)
	length, place := 2, rank*1_009%(syllables*syllables) // 1,009 is prime: each place once
	if rank >= short {
		length, place = 3, rank*100_003%(syllables*syllables*syllables)
	}
	var word []byte
	for range length {
		syllable := place % syllables
		word = append(word, consonants[syllable/len(vowels)], vowels[syllable%len(vowels)])
		place /= syllables
	}
	return string(word)
}

// The streams of random numbers, apart from each other.
const (
	streamDocuments = iota
	streamQueries
	streamVectors
	streamTexts
)

func draws(stream, i int) *rand.Rand {
	return rand.New(rand.NewPCG(searchSeed+uint64(stream), uint64(i)))
}

// text returns n words as frequent as in a language.
func (g *generated) text(r *rand.Rand, n int) []string {
	ranks := rand.NewZipf(r, zipfExponent, 1, vocabulary-1)
	words := make([]string, n)
	for i := range words {
		words[i] = g.words[ranks.Uint64()]
	}
	return words
}

func documentID(i int) string { return "d" + strconv.Itoa(i) }

// document appends document i as a line, with a title, a keyword and a number.
func (g *generated) document(line []byte, i int) []byte {
	r := draws(streamDocuments, i)
	words := g.text(r, documentWords)
	return fmt.Appendf(line, `{"id":"%s","title":"%s","text":"%s","kind":"k%d","year":%d}`+"\n", documentID(i),
		strings.Join(words[:titleWords], " "), strings.Join(words[titleWords:], " "), r.IntN(20), 1900+r.IntN(126))
}

// vectorDocument appends document i with a vector of its own: near one of 256
// centres, for the vectors of real texts lie in heaps, too.
func (g *generated) vectorDocument(line []byte, i int) []byte {
	r := draws(streamDocuments, i)
	line = fmt.Appendf(line, `{"id":"%s","text":"%s","place":[`, documentID(i), strings.Join(g.text(r, documentWords), " "))
	centre := draws(streamVectors, r.IntN(256))
	for d := range searchVector {
		if d > 0 {
			line = append(line, ',')
		}
		line = strconv.AppendFloat(line, centre.NormFloat64()+r.NormFloat64()/2, 'f', 3, 64)
	}
	return append(line, "]}\n"...)
}

// modelDocument appends document i, whose text the model reads as exactly
// embeddedTokens.
func (g *generated) modelDocument(line []byte, i int) []byte {
	return fmt.Appendf(line, `{"id":"%s","text":"%s"}`+"\n", documentID(i), g.tokens(draws(streamDocuments, i)))
}

// embeddings is the body of a request for the vectors of n such texts, none of
// which any document has.
func (g *generated) embeddings(i, n int) ([]byte, error) {
	var input []string
	for j := range n {
		input = append(input, g.tokens(draws(streamTexts, i*n+j)))
	}
	return json.Marshal(map[string]any{"model": embed.Name, "input": input, "encoding_format": "base64"})
}

func (g *generated) tokens(r *rand.Rand) string {
	var words []string
	left := embeddedTokens - 2 // the marks of begin and end
	for _, word := range g.text(r, embeddedTokens) {
		tokens := len(g.model.Tokens(word)) - 2
		if tokens > left {
			break
		}
		words, left = append(words, word), left-tokens
	}
	return strings.Join(append(words, slices.Repeat([]string{"a"}, left)...), " ") // which is one token
}

// query is the body of search i: 2 to 4 words that are neither so frequent that
// they mean nothing nor so rare that they are not there.
func (g *generated) query(i int, mode string) string {
	const first, last = 20, 5_000
	r := draws(streamQueries, i)
	words := make([]string, 2+r.IntN(3))
	for i := range words {
		words[i] = g.words[first-1+r.IntN(last-first+1)]
	}
	return fmt.Sprintf(`{"q":"%s","mode":"%s"}`, strings.Join(words, " "), mode)
}

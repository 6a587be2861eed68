package search_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"quintet/search"
)

// TestDamagedSnapshots restores files with a bit that is another, that are cut
// anywhere, or go on behind their end. Each is refused with the place, and
// leaves nothing.
func TestDamagedSnapshots(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.populate(rand.New(rand.NewPCG(1, 1)), "c", 6, snapshotKinds[0].members)
	_, file := b.snapshot("c")
	documents := b.keys("search.documents")
	rng := rand.New(rand.NewPCG(2, 2))
	try := func(name, damaged string) {
		r := b.do("POST", "/v1/collections/r/restore", damaged, octets...)
		if r.status != 422 || !strings.Contains(string(r.body), "invalid_snapshot") || !strings.Contains(string(r.body), "at byte ") {
			t.Fatalf("%s: %d %.500s", name, r.status, r.body)
		}
	}
	for range 400 {
		at := rng.IntN(len(file))
		flipped := []byte(file)
		flipped[at] ^= 1 << rng.IntN(8)
		try(fmt.Sprintf("another bit in byte %d", at), string(flipped))
		try(fmt.Sprintf("cut at %d", at), file[:at])
	}
	for _, at := range []int{0, 1, 11, 12, 17, len(file) - 1, len(file) - 49} { // at the borders
		try(fmt.Sprintf("cut at %d", at), file[:at])
	}
	try("one byte more", file+"x")
	try("twice", file+file)
	b.do("GET", "/v1/collections/r", "").want(404)
	b.wantNothingLeft(documents, 1, 1)
	b.do("POST", "/v1/collections/r/restore", file, octets...).want(201)
	b.check()
}

// TestForgedSnapshots restores files whose checksums are right and whose
// content nobody could have stored.
func TestForgedSnapshots(t *testing.T) {
	const (
		infers = `{"infer":true,"embed_all":true,"metric":"cosine","language":"english","model":"fake","created":"2026-01-01T00:00:00Z"}`
		own    = `{"fields":[{"name":"v","type":"vector(2)"},{"name":"n","type":"int"}],"metric":"%s","language":"english","created":"2026-01-01T00:00:00Z"}`
		lacks  = `{"fields":[{"name":"n","type":"int"}],"created":"2026-01-01T00:00:00Z"}`
	)
	cosine, dot := fmt.Sprintf(own, "cosine"), fmt.Sprintf(own, "dot")
	one := append([]float32{1}, make([]float32, search.Dimensions-1)...)
	two := append([]float32{2}, one[1:]...)
	infinite, none := float32(math.Inf(1)), float32(math.NaN())
	plain := func(id, text string) [2][]byte { return [2][]byte{search.StoredDocument(id, text, 0, false)} }
	given := func(v ...float32) [2][]byte {
		return [2][]byte{search.StoredDocument("a", `{"id":"a"}`, 0, false, v...)}
	}
	long := `{"id":"a","t":"` + strings.Repeat("x", 100) + `"}`
	passages := func(vector []float32, places ...int) [2][]byte {
		return [2][]byte{search.StoredDocument("a", long, 1, true, one...), search.StoredPassages(vector, places...)}
	}
	b := newBed(t)
	file := search.SnapshotFileOf
	refused := map[string]string{
		"ErrNoHead":              file(`[]`),
		"ErrHeadOfANewerRelease": file(`{"infer":true,"extra":1}`),
		"ErrHeadGoesOn":          file(infers + "{}"),
		"ErrNothingDeclared":     file(`{}`),
		"ErrBothDeclared":        file(`{"infer":true,"fields":[{"name":"n","type":"int"}]}`),
		"ErrNoKind":              file(`{"fields":[{"name":"n","type":"integer"}]}`),
		"ErrTooManyDimensions":   file(`{"fields":[{"name":"v","type":"vector(5000)"}]}`),
		"ErrTwoVectors":          file(`{"fields":[{"name":"v","type":"vector(5)"},{"name":"w","type":"vector(5)"}]}`),
		"ErrMetric":              file(`{"infer":true,"metric":"taxi"}`),
		"ErrInferredTwice":       file(strings.Replace(infers, `{`, `{"inferred":[{"name":"b","type":"bool"},{"name":"b","type":"float"}],`, 1)),
		"ErrInferredInt":         file(strings.Replace(infers, `{`, `{"inferred":[{"name":"b","type":"int"}],`, 1)),
		"ErrInferredWeight":      file(strings.Replace(infers, `{`, `{"inferred":[{"name":"b","type":"text","weight":1e9}],`, 1)),
		"ErrInferredVector":      file(strings.Replace(infers, `{`, `{"inferred":[{"name":"b","type":"vector(3)"}],`, 1)),
		"ErrInferredDeclared":    file(strings.Replace(lacks, `{`, `{"inferred":[{"name":"b","type":"bool"}],`, 1)),

		"ErrNoDocument":   file(infers, [2][]byte{}),
		"ErrAnotherForm":  file(infers, [2][]byte{append([]byte{2}, plain("a", `{"id":"a"}`)[0][1:]...)}),
		"ErrFlag":         file(infers, [2][]byte{append([]byte{1, 4}, plain("a", `{"id":"a"}`)[0][2:]...)}),
		"ErrCut":          file(infers, [2][]byte{plain("a", `{"id":"a"}`)[0][:20]}),
		"ErrNoJSON":       file(infers, plain("a", `{"id":"a"`)),
		"ErrNoObject":     file(infers, plain("a", `["id"]`)),
		"ErrNested":       file(infers, plain("a", `{"id":"a","x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}`)),
		"ErrTwice":        file(infers, plain("a", `{"id":"a","id":"a"}`)),
		"ErrBlanks":       file(infers, plain("a", `{ "id":"a"}`)),
		"ErrNoID":         file(infers, plain("a", `{"x":1}`)),
		"ErrAnotherID":    file(infers, plain("a", `{"id":"b"}`)),
		"ErrBadID":        file(infers, plain("a/b", `{"id":"a/b"}`)),
		"ErrSameID":       file(infers, plain("a", `{"id":"a"}`), plain("b", `{"id":"b"}`), plain("a", `{"id":"a"}`)),
		"ErrTooLarge":     file(infers, plain("a", `{"id":"a","x":"`+strings.Repeat("x", search.MaxDocument)+`"}`)),
		"ErrCarries":      file(infers, plain("a", `{"id":"a","_vector":1}`)),
		"ErrMember":       file(lacks, plain("a", `{"id":"a","n":"one"}`)),
		"ErrVectorMember": file(cosine, plain("a", `{"id":"a","v":[1,0]}`)),

		"ErrVectorOfNone":     file(lacks, given(1)),
		"ErrHashAlone":        file(infers, [2][]byte{search.StoredDocument("a", `{"id":"a"}`, 1, false)}),
		"ErrVectorAlone":      file(infers, [2][]byte{search.StoredDocument("a", `{"id":"a"}`, 0, false, one...)}),
		"ErrHashOfOwn":        file(cosine, [2][]byte{search.StoredDocument("a", `{"id":"a"}`, 1, false, 1, 0)}),
		"ErrLength":           file(cosine, given(1, 1)),
		"ErrZero":             file(cosine, given(0, 0)),
		"ErrInfinite":         file(dot, given(1, infinite)),
		"ErrNone":             file(dot, given(none, 1)),
		"ErrTooLong":          file(strings.Replace(dot, "{", `{"precision":"float32",`, 1), [2][]byte{search.StoredDocument("a", `{"id":"a"}`, 0, false, 0, 2000, 0, 2000)}),
		"ErrPrecision":        file(strings.Replace(dot, "{", `{"precision":"int4",`, 1)),
		"ErrPrecisionOfNone":  file(strings.Replace(lacks, "{", `{"precision":"int8",`, 1)),
		"ErrModelsLength":     file(infers, [2][]byte{search.StoredDocument("a", `{"id":"a","t":"x"}`, 1, false, two...)}),
		"ErrPassagesUnsaid":   file(infers, [2][]byte{search.StoredDocument("a", long, 1, false, one...), search.StoredPassages(one, 0, 9, 5, 20)}),
		"ErrPassagesLacking":  file(infers, [2][]byte{search.StoredDocument("a", long, 1, true, one...)}),
		"ErrPassagesOfOwn":    file(cosine, [2][]byte{search.StoredDocument("a", long, 0, true, 1, 0), search.StoredPassages(one, 0, 9, 5, 20)}),
		"ErrOnePassage":       file(infers, passages(one, 0, 9)),
		"ErrPassageOutside":   file(infers, passages(one, 0, 9, 5, 5000)),
		"ErrPassageBackwards": file(infers, passages(one, 0, 9, 5, 5)),
		"ErrPassageLength":    file(infers, passages(two, 0, 9, 5, 20)),
	}
	for name, forged := range refused {
		t.Run(name, func(t *testing.T) {
			b := *b
			b.t = t
			b.do("POST", "/v1/collections/r/restore", forged, octets...).want(422, "invalid_snapshot", "at byte ")
		})
	}
	b.do("POST", "/v1/collections/r/restore", file(strings.Replace(infers, "fake", "other", 1)), octets...).want(422, "snapshot_of_another_model", "NDJSON")
	b.wantNothingLeft(0, 0, 0)
	for name, sound := range map[string]string{ // the same, but for the fault
		"infers": file(infers, plain("b", `{"id":"b","x":{}}`), passages(one, 0, 9, 5, 20)),
		"cosine": file(cosine, given(0.6, 0.8), plain("b", `{"id":"b","n":1}`)),
		"dot":    file(dot, given(65504, -3)),
		"lacks":  file(lacks, plain("a", `{"id":"a","n":1}`)),
	} {
		b.do("POST", "/v1/collections/"+name+"/restore", sound, octets...).want(201)
	}
	b.check()
}

package inverted_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"testing"

	"quintet/search/inverted"
)

// reseal gives damaged bytes the checksum they ask for, so that it is not the
// only thing that finds the damage.
func reseal(b []byte) []byte {
	if len(b) >= 12 {
		binary.LittleEndian.PutUint32(b[8:], crc32.Checksum(b[12:], crc32.MakeTable(crc32.Castagnoli)))
	}
	return b
}

// small are encoded indexes of all shapes: empty, of one block and of several.
func small(t testing.TB) (all [][]byte, words *text) {
	words = newText(5, 20)
	for _, rows := range []int{0, 1, 30, 300} {
		m := inverted.NewMemory()
		for range rows {
			if _, err := m.Add(words.row()); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, m.Encode())
	}
	return all, words
}

// ask makes searches of each kind. What they find in a damaged index does not
// matter, only that they end.
func ask(x *inverted.Index, words *text) {
	clauses := []inverted.Clause{
		{Kind: inverted.Prefix, Word: words.stems[0][:1], Weight: 1},
		{Kind: inverted.Prefix, Word: "=", Weight: 1},
		{Kind: inverted.Term, Word: "bateboing", Weight: 1},
		{Kind: inverted.Term, Word: "nabaqs", Weight: 1},
	}
	for i, stem := range words.stems {
		clauses = append(clauses, inverted.Clause{Kind: inverted.Term, Terms: []string{stem, stem + "s"}, Weight: 1})
		if i < 5 {
			clauses = append(clauses, inverted.Clause{Kind: inverted.Phrase, Weight: 1, Places: []inverted.Place{
				{Terms: []string{stem}}, {Terms: []string{words.stems[0], words.stems[1]}, Offset: 1}}})
		}
	}
	m := inverted.NewPlan(clauses, x).In(x)
	m.Top(5, nil, nil)
	m.Matches()
	if n := uint32(x.Rows()); n > 0 {
		m.Score([]uint32{0, n - 1})
		m.Explain(n / 2)
	}
}

func TestDamageIsFound(t *testing.T) {
	all, _ := small(t)
	for _, b := range all[:3] {
		for i := range b {
			if _, err := inverted.Open(b[:i:i]); !errors.Is(err, inverted.ErrDamaged) {
				t.Fatalf("%d of %d bytes open with %v", i, len(b), err)
			}
			bad := slices.Clone(b)
			bad[i] ^= 1 << (i % 8)
			if _, err := inverted.Open(bad); !errors.Is(err, inverted.ErrDamaged) {
				t.Fatalf("with byte %d of %d changed, it opens with %v", i, len(b), err)
			}
		}
	}
}

// TestDamageWithTheRightChecksum holds that damage ends in an error or is
// harmless.
func TestDamageWithTheRightChecksum(t *testing.T) {
	all, words := small(t)
	rng := rand.New(rand.NewPCG(9, 9))
	opened := 0
	for _, b := range all {
		for range 500 {
			bad := slices.Clone(b)
			for range 1 + rng.IntN(3) {
				bad[12+rng.IntN(len(bad)-12)] = byte(rng.Uint32() >> (rng.IntN(4) * 8))
			}
			if rng.IntN(8) == 0 {
				bad = bad[:rng.IntN(len(bad))]
			}
			if x, err := inverted.Open(reseal(bad)); err == nil {
				opened++
				ask(x, words)
			}
		}
	}
	if opened == 0 {
		t.Error("no damaged index has opened, so no search was tried")
	}
}

// FuzzOpen holds the same of any bytes.
func FuzzOpen(f *testing.F) {
	all, words := small(f)
	for _, b := range all {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, err := inverted.Open(reseal(slices.Clone(b))); err == nil {
			ask(x, words)
		}
	})
}

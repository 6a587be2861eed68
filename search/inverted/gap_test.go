package inverted_test

import (
	"slices"
	"testing"

	"quintet/search/inverted"
)

// TestFarApart holds that rows are found however far they are from each other:
// numbers of all widths are packed and unpacked.
func TestFarApart(t *testing.T) {
	m := inverted.NewMemory()
	var want []uint32
	token := []inverted.Token{{Term: "w1", Weight: 1}}
	for _, gap := range []int{0, 1, 3, 200, 5, 20_000, 40_000, 0, 100_000} {
		for range gap {
			if _, err := m.Add(nil); err != nil {
				t.Fatal(err)
			}
		}
		for range 50 { // so that blocks begin and end at odd places
			row, err := m.Add(token)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, row)
			m.Add(nil)
		}
	}
	x := encoded(t, m)
	matcher := inverted.NewPlan(terms(1), x).In(x)
	if got := slices.Collect(matcher.Matches().All()); !slices.Equal(got, want) {
		t.Errorf("%v for %v", got, want)
	}
	for i, score := range matcher.Score(want) {
		if score <= 0 {
			t.Errorf("row %d is not found", want[i])
		}
	}
	if top := matcher.Top(1, nil, nil); len(top) != 1 || top[0].Row != want[len(want)-1] {
		t.Errorf("the newest of equal rows is %v", top)
	}
}

// TestManyFrequencies holds the same of the numbers of frequencies, each of
// which is another here.
func TestManyFrequencies(t *testing.T) {
	m := inverted.NewMemory()
	const rows = 70_000
	for row := range rows {
		if _, err := m.Add([]inverted.Token{{Term: "w1", Weight: 1 + float32(row)/4096}}); err != nil {
			t.Fatal(err)
		}
	}
	x := encoded(t, m)
	a, b := inverted.NewPlan(terms(1), x).In(x), inverted.NewPlan(terms(1), m).In(m)
	all := make([]uint32, rows)
	for row := range all {
		all[row] = uint32(row)
		if row%97 == 0 {
			if got, want := a.Explain(uint32(row)), b.Explain(uint32(row)); !slices.Equal(got, want) || got[0].Frequency != 1+float32(row)/4096 {
				t.Fatalf("row %d is %v for %v", row, got, want)
			}
		}
	}
	if !slices.Equal(a.Score(all), b.Score(all)) {
		t.Error("scores differ")
	}
	if got, want := a.Top(500, nil, nil), b.Top(500, nil, nil); !slices.Equal(got, want) {
		t.Errorf("%v for %v", got, want)
	}
}

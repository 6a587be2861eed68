package inverted_test

import (
	"fmt"
	"strings"

	"quintet/search/inverted"
)

// Two segments are searched as one: their rows are ranked by the figures of
// both.
func Example() {
	tokens := func(text string) (all []inverted.Token) {
		for i, word := range strings.Fields(text) {
			all = append(all, inverted.Token{Term: strings.TrimSuffix(word, "s"), Word: word, Position: uint32(i), Weight: 1})
		}
		return all
	}
	old, young := inverted.NewMemory(), inverted.NewMemory()
	old.Add(tokens("warm winter coats"))
	old.Add(tokens("a coat of paint"))
	young.Add(tokens("warm socks"))
	index, err := inverted.Open(old.Encode())
	if err != nil {
		fmt.Println(err)
		return
	}

	plan := inverted.NewPlan([]inverted.Clause{
		{Kind: inverted.Prefix, Word: "coa", Weight: 1},
		{Kind: inverted.Term, Word: "wintre", Terms: []string{"wintre"}, Weight: 1},
		{Kind: inverted.Term, Word: "warm", Terms: []string{"warm"}, Weight: 1},
	}, index, young)
	for _, segment := range []inverted.Segment{index, young} {
		for _, found := range plan.In(segment).Top(10, nil, nil) {
			fmt.Printf("row %d of %d: %.2f\n", found.Row, segment.Rows(), found.Score)
		}
	}
	fmt.Println("wintre is", plan.Clauses[1].Variants[0].Term)
	// Output:
	// row 0 of 2: 1.80
	// row 1 of 2: 0.41
	// row 0 of 1: 0.54
	// wintre is winter
}

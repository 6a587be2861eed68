package analysis_test

import (
	"fmt"

	"quintet/search/analysis"
)

func Example() {
	english, _ := analysis.For("english")
	text := "The best coats for a cold winter"

	wanted := map[string]bool{}
	clauses, _ := english.Query(`"winter coat" coats`)
	for _, c := range clauses {
		for _, t := range c.Terms {
			wanted[t.Term] = true
		}
	}
	english.Tokens(text, func(t analysis.Token) bool {
		fmt.Println(t.Position, t.Term, text[t.Start:t.End])
		return true
	})
	fmt.Println(english.Highlight(text, func(term, word string) bool { return wanted[term] }, analysis.Options{}))
	// Output:
	// 1 best best
	// 2 coat coats
	// 5 cold cold
	// 6 winter winter
	// The best <mark>coats</mark> for a cold <mark>winter</mark>
}

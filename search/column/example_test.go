package column_test

import (
	"fmt"

	"quintet/engine/filter"
	"quintet/search/column"
)

func Example() {
	colours, err := sealed(column.Words,
		column.Value{Set: true, Words: []string{"red", "blue"}},
		column.Value{},
		column.Value{Set: true, Words: []string{"red"}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := filter.Parse("colour not in ['blue']", filter.Fields{Kind: func(string) filter.Kind { return filter.Text }})
	if err != nil {
		fmt.Println(err)
		return
	}
	rows := column.Evaluate(e, colours.Rows(), colours.Test)
	for row := range rows.All() {
		fmt.Println("row", row, colours.Value(row).Words)
	}
	colours.Facets(rows, func(colour string, n int) { fmt.Println(colour, n) })
	// Output:
	// row 1 []
	// row 2 [red]
	// red 1
}

func sealed(k column.Kind, rows ...column.Value) (*column.Column, error) {
	b := column.NewBuilder(k)
	for _, v := range rows {
		b.Add(v)
	}
	return column.Open(b.Append(nil))
}

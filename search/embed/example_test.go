package embed_test

import (
	"context"
	"fmt"

	"quintet/search/embed"
)

func Example() {
	m, err := embed.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	vectors, tokens, err := m.Embed(context.Background(), []string{
		"How do I reset my password?",
		"Recovering access to an account",
		"Bread needs flour, water and salt",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	near, far := cosine(vectors[0], vectors[1]), cosine(vectors[0], vectors[2])
	fmt.Printf("%s, %d coordinates, tokens %v\n", embed.Name, len(vectors[0]), tokens)
	fmt.Println("the account is nearer than bread:", near > far+.3)
	// Output:
	// minilm, 384 coordinates, tokens [9 7 9]
	// the account is nearer than bread: true
}

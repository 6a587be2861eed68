package inverted

import (
	"errors"
	"fmt"
)

// A Token is a word of a row, as the analysis of its field leaves it.
type Token struct {
	// Term is what is searched: 1 to [MaxTerm] bytes.
	Term string
	// Word is the surface word that the term comes from, lower-cased: prefixes
	// and typos are compared with it. Up to MaxTerm bytes; "" leaves the term
	// out of both.
	Word string
	// Position counts the words of the row over all its fields, with a gap
	// between two fields that no phrase is as long as. From token to token it
	// rises or stays.
	Position uint32
	// Weight is that of the token's field, from [MinWeight] to [MaxWeight].
	Weight float32
}

// The limits of a token and of a clause.
const (
	MaxTerm   = 255
	MinWeight = 1e-3
	MaxWeight = 100
)

// maxRows keeps row numbers, and sums of two, inside an int32.
const maxRows = 1 << 30

var (
	errTerm     = errors.New("inverted: a term has 1 to 255 bytes, a word at most 255")
	errPosition = errors.New("inverted: positions must not fall")
	errWeight   = errors.New("inverted: the weight of a token is from 0.001 to 100")
	errFull     = fmt.Errorf("inverted: a segment has at most %d rows", maxRows)
)

func checkTokens(tokens []Token) error {
	position := uint32(0)
	for i := range tokens {
		t := &tokens[i]
		switch {
		case t.Term == "" || len(t.Term) > MaxTerm || len(t.Word) > MaxTerm:
			return errTerm
		case t.Position < position:
			return errPosition
		case !(t.Weight >= MinWeight && t.Weight <= MaxWeight): // nor NaN
			return errWeight
		}
		position = t.Position
	}
	return nil
}

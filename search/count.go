package search

import "encoding/json"

// Count is how many a query asks for; 0 stands for the default.
type Count int

// UnmarshalJSON reads a count that was sent. One of 0 asks for nothing, which no
// query may: it becomes -1, and is refused like that.
func (c *Count) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, (*int)(c)); err != nil {
		return err
	}
	if *c == 0 && string(b) != "null" {
		*c = -1
	}
	return nil
}

package token

// Scan is scanObject for tests: names and values in turn.
func Scan(data []byte, depth int) (parts []string, ok bool) {
	members, ok := scanObject(data, depth, nil)
	for _, m := range members {
		parts = append(parts, string(m.name), string(m.value))
	}
	return parts, ok
}

// MaxMembers is how many members an object may have.
const MaxMembers = maxMembers

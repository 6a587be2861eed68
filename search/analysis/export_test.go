package analysis

import "strings"

// StopWords are those of a language.
func StopWords(name string) []string {
	for _, l := range languages {
		if l.Name == name {
			return strings.Fields(l.stops)
		}
	}
	return nil
}

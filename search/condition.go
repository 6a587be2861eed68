package search

import "strings"

// Condition is what must be so for a document to be written; the zero value
// demands nothing.
type Condition struct {
	IfMatch string // ETags of which the stored document has one, or * for any document
	Absent  bool   // there is no document of this id
}

// check holds the condition against the stored version, nil for none. Errors:
// etag_mismatch, document_exists.
func (c Condition) check(old []byte) error {
	switch {
	case c.IfMatch != "" && (old == nil || !names(c.IfMatch, etagOf(version(old)))):
		return errDocumentETag
	case c.Absent && old != nil:
		return errDocumentExists
	}
	return nil
}

// names reports whether an If-Match, a list of ETags or *, names this one.
// A weak ETag names nothing (RFC 9110 §13.1.1).
func names(ifMatch, etag string) bool {
	if strings.TrimSpace(ifMatch) == "*" {
		return true
	}
	for tag := range strings.SplitSeq(ifMatch, ",") {
		if strings.TrimSpace(tag) == etag {
			return true
		}
	}
	return false
}

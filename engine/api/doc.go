// Package api holds the conventions of the HTTP contract that every capability
// keeps alike: names, durations, scopes, pages of a list, bulk bodies, and
// JSON that is read strictly. It knows nothing of a server.
package api

import (
	"regexp"
	"strings"

	"quintet/engine"
)

var (
	namePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,128}$`)
)

// CheckName refuses what may not name a collection, stream, queue or schedule.
// What says which of them it is.
func CheckName(what, name string) error {
	if namePattern.MatchString(name) {
		return nil
	}
	return engine.Errorf(engine.Invalid, "invalid_name", "the name of %s has 1 to 63 of a-z, 0-9, _ and -, and begins with a letter", withArticle(what))
}

// CheckID refuses what may not be an id that a client chooses.
func CheckID(what, id string) error {
	if idPattern.MatchString(id) {
		return nil
	}
	return engine.Errorf(engine.Invalid, "invalid_id", "the id of %s has 1 to 128 of A-Z, a-z, 0-9, ., _, ~ and -", withArticle(what))
}

func withArticle(noun string) string {
	if strings.IndexByte("aeiou", noun[0]) >= 0 {
		return "an " + noun
	}
	return "a " + noun
}

// NotSupported refuses a field or value that the contract names and this
// release does not have, rather than ignoring it.
func NotSupported(location string) error {
	return &engine.Error{
		Kind: engine.Invalid, Code: "not_supported", Detail: location + " is not supported yet; leave it out",
		Fields: []engine.FieldError{{Location: location, Message: "is not supported yet"}},
	}
}

// Security of an operation, as its OpenAPI document says it and as the server
// enforces it.
type Security = []map[string][]string

// Scope demands a credential with a scope, such as "scheduler:write".
func Scope(scope string) Security { return Security{{"bearer": {scope}}} }

// AnyPrincipal demands a credential, with whatever scopes.
func AnyPrincipal() Security { return Security{{"bearer": {}}} }

// Public demands nothing. An operation with nil security is a mistake, and is
// refused; an empty one says that it is meant.
func Public() Security { return Security{} }

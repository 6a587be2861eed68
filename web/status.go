package web

import (
	"net/http"
	"strings"
)

// plain gives code and detail to statuses that come without: from the router,
// from huma, or from a handler that has nothing to add.
var plain = map[int]struct{ code, detail string }{
	http.StatusBadRequest:            {"malformed_json", "the body is not valid JSON"},
	http.StatusUnauthorized:          {"credential_missing", "send a credential: Authorization: Bearer <API key or access token>"},
	http.StatusForbidden:             {"forbidden", "the credential does not allow this"},
	http.StatusNotFound:              {"not_found", "there is nothing at this path; GET /openapi.json lists every route"},
	http.StatusMethodNotAllowed:      {"method_not_allowed", "this path does not take the method; the header Allow lists those that it takes"},
	http.StatusNotAcceptable:         {"not_acceptable", "the answer exists only as application/json"},
	http.StatusRequestTimeout:        {"body_timeout", "the body took too long to arrive"},
	http.StatusRequestEntityTooLarge: {"too_large", "the body is too large"},
	http.StatusUnsupportedMediaType:  {"unsupported_media_type", "the body has a media type that is not taken here"},
	http.StatusUnprocessableEntity:   {"validation_failed", "the request was understood and refused"},
	http.StatusInternalServerError:   {"internal", "the server failed; its log tells more under the request_id"},
}

func codeOf(status int) string {
	if p, ok := plain[status]; ok {
		return p.code
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

func detailOf(status int) string {
	if p, ok := plain[status]; ok {
		return p.detail
	}
	return http.StatusText(status)
}

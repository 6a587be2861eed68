package gateway

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// tokenRequest is a request to the token endpoint, read by parseTokenRequest.
type tokenRequest struct {
	grant        string
	scope        string
	clientID     string
	clientSecret string
	basic        bool // the client came by HTTP Basic
}

// oauthError is RFC 6749 §5.2.
type oauthError struct {
	Code        string `json:"error" doc:"One of RFC 6749 §5.2." example:"invalid_client"`
	Description string `json:"error_description" doc:"What was wrong."`

	basic bool
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Description }

// status is 401 for a client that is not authenticated, which a client that
// came by HTTP Basic needs; everything else is 400.
func (e *oauthError) status() int {
	if e.Code == "invalid_client" {
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

func badRequest(description string) *oauthError {
	return &oauthError{Code: "invalid_request", Description: description}
}

// parseTokenRequest reads the form of a token request and the client's
// credentials. Secrets do not belong into URLs, which are logged, so a query
// is refused.
func parseTokenRequest(header http.Header, query string, body []byte) (r tokenRequest, err *oauthError) {
	if query != "" {
		return r, badRequest("parameters belong into the body")
	}
	form, parseErr := url.ParseQuery(string(body))
	if parseErr != nil {
		return r, badRequest("the body is not a form")
	}
	for name, values := range form {
		if len(values) > 1 {
			return r, badRequest("a parameter stands twice: " + printable(name))
		}
	}
	if err := r.authenticate(header, form); err != nil {
		return r, err
	}
	r.grant, r.scope = form.Get("grant_type"), form.Get("scope")
	if r.grant == "" {
		return r, badRequest("grant_type is missing")
	}
	return r, nil
}

// authenticate takes the client's credentials from HTTP Basic or the form. Two
// ways at once are refused (RFC 6749 §2.3).
func (r *tokenRequest) authenticate(header http.Header, form url.Values) *oauthError {
	sent := header.Values("Authorization")
	switch {
	case len(sent) > 1:
		return badRequest("there are two Authorization headers")
	case len(sent) == 1 && form.Has("client_secret"):
		return badRequest("the client authenticates in two ways at once")
	case len(sent) == 1:
		var ok bool
		r.basic = true
		if r.clientID, r.clientSecret, ok = parseBasic(sent[0]); !ok {
			return &oauthError{Code: "invalid_client", Description: "Authorization is not HTTP Basic with a form-encoded id and secret", basic: true}
		}
		if form.Has("client_id") && form.Get("client_id") != r.clientID {
			return badRequest("client_id is not the client that authenticates")
		}
	default:
		r.clientID, r.clientSecret = form.Get("client_id"), form.Get("client_secret")
	}
	if r.clientID == "" || r.clientSecret == "" {
		return &oauthError{Code: "invalid_client", Description: "send the client's id and secret, by HTTP Basic or as client_id and client_secret", basic: r.basic}
	}
	return nil
}

// parseBasic reads HTTP Basic, in which OAuth encodes id and secret as in a
// form first (RFC 6749 §2.3.1).
func parseBasic(header string) (id, secret string, ok bool) {
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	plain, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(plain), ":")
	if !ok {
		return "", "", false
	}
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	return id, secret, idErr == nil && secretErr == nil
}

// printable keeps what error_description may hold (RFC 6749 §5.2), and not
// much of it.
func printable(s string) string {
	kept := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return '?'
		}
		return c
	}, s)
	return kept[:min(len(kept), 40)]
}

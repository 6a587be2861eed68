package token

import (
	"encoding/base64"
	"strings"
	"time"
)

// accessType is the typ of an access token (RFC 9068 §2.1). No other kind of
// token has it, so that none can stand in for an access token.
const accessType = "at+jwt"

// MaxBytes is how long a token may be.
const MaxBytes = 16 << 10

// Refusal is why a token does not count.
type Refusal string

// The refusals, in the order of the checks.
const (
	Malformed    Refusal = "malformed"    // not three parts of canonical base64url
	BadHeader    Refusal = "header"       // not exactly alg, kid and typ, or not ours
	UnknownKey   Refusal = "key"          // nobody has a key of that id
	BadSignature Refusal = "signature"    // the key did not sign this
	BadClaims    Refusal = "claims"       // missing, of a wrong type, or not yet valid
	WrongIssuer  Refusal = "wrong_issuer" // another issuer's, or for another audience
	Expired      Refusal = "expired"
)

func (r Refusal) Error() string { return "token: refused: " + string(r) }

// Issuer is what a token is held against: the key that its header names, and
// exactly what iss and aud must be.
type Issuer struct {
	Key           *Key
	URL, Audience string
}

// Verify returns the claims of an access token that is valid at now. The
// function issuerOf finds the issuer whose key has an id. The error is always
// a Refusal.
//
// The order is that of RFC 7515 §5.2 with the cheapest first, and nothing of
// the payload is looked at before its signature is known to be good.
func Verify(raw string, now time.Time, issuerOf func(kid string) (Issuer, bool)) (Claims, error) {
	signed, header, payload, signature, ok := split(raw)
	if !ok {
		return Claims{}, Malformed
	}
	kid, ok := parseHeader(header)
	if !ok {
		return Claims{}, BadHeader
	}
	issuer, ok := issuerOf(kid)
	if !ok || issuer.Key.ID != kid {
		return Claims{}, UnknownKey
	}
	if !issuer.Key.verify(signed, signature) {
		return Claims{}, BadSignature
	}
	claims, ok := parseClaims(payload)
	if !ok {
		return Claims{}, BadClaims
	}
	return claims, claims.check(issuer, now)
}

// split decodes the three parts of a compact JWS. Strict refuses bits behind
// the last byte; line ends are refused first, because the decoder skips them.
func split(raw string) (signed string, header, payload, signature []byte, ok bool) {
	if len(raw) > MaxBytes || strings.ContainsAny(raw, "\r\n") {
		return "", nil, nil, nil, false
	}
	first, last := strings.IndexByte(raw, '.'), strings.LastIndexByte(raw, '.')
	if first < 0 || first == last || strings.IndexByte(raw[first+1:last], '.') >= 0 {
		return "", nil, nil, nil, false
	}
	var parts [3][]byte
	for i, text := range [...]string{raw[:first], raw[first+1 : last], raw[last+1:]} {
		part, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil || len(part) == 0 {
			return "", nil, nil, nil, false
		}
		parts[i] = part
	}
	return raw[:last], parts[0], parts[1], parts[2], true
}

// parseHeader returns the kid of a header that holds alg, kid and typ, and
// nothing else: no jku, jwk, x5u, x5c, crit, b64, zip, cty, enc.
func parseHeader(header []byte) (kid string, ok bool) {
	var room [3]member
	members, ok := scanObject(header, 1, room[:0])
	if !ok || len(members) != len(room) {
		return "", false
	}
	for _, m := range members {
		text, ok := textOf(m.value)
		if !ok {
			return "", false
		}
		switch string(m.name) {
		case "alg":
			ok = text == algorithm
		case "typ":
			ok = text == accessType
		case "kid":
			kid = text
		default:
			ok = false
		}
		if !ok {
			return "", false
		}
	}
	return kid, kid != ""
}

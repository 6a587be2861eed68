package token

import (
	"encoding/json"
	"fmt"
	"time"
)

// Skew is how far iat and nbf may be ahead of the verifier's clock.
const Skew = 30 * time.Second

// claimDepth is how deep claims may nest.
const claimDepth = 4

// Claims are what an access token says (RFC 9068 §2.2). Times are in seconds
// since 1970.
type Claims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	Expires   int64  `json:"exp"`
	ID        string `json:"jti"`
	ClientID  string `json:"client_id"`
	Scope     string `json:"scope,omitempty"` // scopes with one space between
}

// Sign makes the access token that says c.
func Sign(k *Key, c Claims) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return k.sign(payload, accessType)
}

// parseClaims reads a payload. Every claim but scope must be there, and be of
// its type; claims that we do not know are passed over.
func parseClaims(payload []byte) (c Claims, ok bool) {
	var room [maxMembers]member
	members, ok := scanObject(payload, claimDepth, room[:0])
	if !ok {
		return c, false
	}
	texts := []struct {
		name string
		into *string
	}{{"iss", &c.Issuer}, {"sub", &c.Subject}, {"aud", &c.Audience}, {"jti", &c.ID}, {"client_id", &c.ClientID}}
	for _, t := range texts {
		m := find(members, []byte(t.name))
		if m == nil {
			return c, false
		}
		if *t.into, ok = textOf(m.value); !ok || *t.into == "" {
			return c, false
		}
	}
	times := []struct {
		name string
		into *int64
	}{{"iat", &c.IssuedAt}, {"nbf", &c.NotBefore}, {"exp", &c.Expires}}
	for _, t := range times {
		m := find(members, []byte(t.name))
		if m == nil {
			return c, false
		}
		if *t.into, ok = secondsOf(m.value); !ok {
			return c, false
		}
	}
	if m := find(members, []byte("scope")); m != nil {
		c.Scope, ok = textOf(m.value)
	}
	return c, ok
}

// check holds claims against their issuer and the clock.
func (c Claims) check(i Issuer, now time.Time) error {
	ahead := now.Add(Skew).Unix()
	switch {
	case c.Issuer != i.URL || c.Audience != i.Audience:
		return WrongIssuer
	case c.IssuedAt > ahead || c.NotBefore > ahead || c.Expires <= c.IssuedAt:
		return BadClaims
	case now.Unix() >= c.Expires:
		return Expired
	}
	return nil
}

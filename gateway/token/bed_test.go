package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"quintet/gateway/token"
)

const (
	issuerURL = "https://quintet.test/t/acme"
	otherURL  = "https://quintet.test/t/globex"
	audience  = "https://quintet.test"
)

var now = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// forge makes tokens that say and look as a test wants.
type forge struct {
	key, other *token.Key // of acme and of globex
}

func newForge(tb testing.TB) *forge {
	tb.Helper()
	return &forge{newKey(tb), newKey(tb)}
}

func newKey(tb testing.TB) *token.Key {
	tb.Helper()
	k, err := token.NewKey()
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// issuer knows acme's key and globex's, as a server with two tenants does.
func (f *forge) issuer(kid string) (token.Issuer, bool) {
	switch kid {
	case f.key.ID:
		return token.Issuer{Key: f.key, URL: issuerURL, Audience: audience}, true
	case f.other.ID:
		return token.Issuer{Key: f.other, URL: otherURL, Audience: audience}, true
	}
	return token.Issuer{}, false
}

func (f *forge) verify(raw string) (token.Claims, error) { return token.Verify(raw, now, f.issuer) }

// header and payload are those of a good token, with text replaced: old and
// new in turn.
func (f *forge) header(replace ...string) string {
	return edit(fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"at+jwt"}`, f.key.ID), replace)
}

func (f *forge) payload(replace ...string) string {
	return edit(fmt.Sprintf(`{"iss":%q,"sub":"c1","aud":%q,"iat":%d,"nbf":%d,"exp":%d,"jti":"j1","client_id":"c1","scope":"search:read"}`,
		issuerURL, audience, now.Unix(), now.Unix(), now.Add(5*time.Minute).Unix()), replace)
}

func edit(text string, replace []string) string {
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			panic("nothing to replace: " + replace[i])
		}
		text = strings.Replace(text, replace[i], replace[i+1], 1)
	}
	return text
}

// claims and head are whole tokens, signed by acme's key.
func (f *forge) claims(replace ...string) string {
	return sign(f.key, f.header(), f.payload(replace...))
}

func (f *forge) head(replace ...string) string {
	return sign(f.key, f.header(replace...), f.payload())
}

// sign is written anew here, so that it can sign what the product never would.
func sign(k *token.Key, header, payload string) string {
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	r, s := rawSign(k, signed)
	return signed + "." + b64(fixed(r, s))
}

func rawSign(k *token.Key, signed string) (r, s *big.Int) {
	hash := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, private(k), hash[:])
	if err != nil {
		panic(err)
	}
	return r, s
}

func private(k *token.Key) *ecdsa.PrivateKey {
	secret, err := k.Secret()
	if err != nil {
		panic(err)
	}
	p, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	if err != nil {
		panic(err)
	}
	return p
}

func fixed(r, s *big.Int) []byte {
	b := make([]byte, 64)
	r.FillBytes(b[:32])
	s.FillBytes(b[32:])
	return b
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// algorithm is the only one that is signed with and verified by.
const algorithm = "ES256"

// Key is a key pair on P-256. This file alone knows the JOSE library, which
// writes keys and signs; reading what others send is ours.
type Key struct {
	ID string // its thumbprint, RFC 7638

	private *ecdsa.PrivateKey
	jwk     jwk.Key // the same, as the library takes it
}

// NewKey draws a key.
func NewKey() (*Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("new signing key: %w", err)
	}
	return wrapKey(private)
}

// ParseKey reads what Secret wrote.
func ParseKey(secret []byte) (*Key, error) {
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return wrapKey(private)
}

func wrapKey(private *ecdsa.PrivateKey) (*Key, error) {
	k, err := jwk.FromRaw(private)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	thumbprint, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	id := base64.RawURLEncoding.EncodeToString(thumbprint)
	for name, value := range map[string]any{jwk.KeyIDKey: id, jwk.AlgorithmKey: jwa.ES256, jwk.KeyUsageKey: jwk.ForSignature} {
		if err := k.Set(name, value); err != nil {
			return nil, fmt.Errorf("signing key: %w", err)
		}
	}
	return &Key{ID: id, private: private, jwk: k}, nil
}

// Secret returns the 32 bytes of the private key, for sealed storage.
func (k *Key) Secret() ([]byte, error) { return k.private.Bytes() }

// Set writes the public halves of keys as a JWK Set, RFC 7517 §5.
func Set(keys ...*Key) ([]byte, error) {
	set := jwk.NewSet()
	for _, k := range keys {
		public, err := k.jwk.PublicKey()
		if err != nil {
			return nil, fmt.Errorf("key set: %w", err)
		}
		if err := set.AddKey(public); err != nil {
			return nil, fmt.Errorf("key set: %w", err)
		}
	}
	return json.Marshal(set)
}

// sign returns payload as a compact JWS whose header is alg, kid and typ.
func (k *Key) sign(payload []byte, typ string) (string, error) {
	header := jws.NewHeaders()
	if err := header.Set(jws.TypeKey, typ); err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	raw, err := jws.Sign(payload, jws.WithKey(jwa.ES256, k.jwk, jws.WithProtectedHeaders(header)))
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return string(raw), nil
}

// verify checks a signature as RFC 7518 §3.4 writes it: r and s, 32 bytes each.
func (k *Key) verify(signed string, signature []byte) bool {
	if len(signature) != 64 {
		return false
	}
	hash := sha256.Sum256([]byte(signed))
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(&k.private.PublicKey, hash[:], r, s)
}

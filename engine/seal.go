package engine

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// A sealed value is
//
//	byte  0       format, 1
//	bytes 1–16    salt, drawn once per process
//	bytes 17–24   counter, big-endian
//	then          AES-256-GCM ciphertext and 16 bytes of tag
//
// with key = HKDF-SHA256(tenant key, salt, "quintet seal 1") and nonce =
// counter behind four zero bytes. A counter is never used twice under one
// salt and a salt never by two processes, so neither a restart nor a restored
// backup repeats a nonce; random nonces under one key would end at 2^32
// values (NIST SP 800-38D §8.3).
const (
	sealFormat   = 1
	saltBytes    = 16
	sealHeader   = 1 + saltBytes + 8
	sealOverhead = sealHeader + 16
)

var errSealBroken = errors.New("the seal does not hold")

type salt [saltBytes]byte

// sealer holds what sealing needs beside a tenant's key: this process's salt
// and the counter that all tenants share.
type sealer struct {
	salt    salt
	counter atomic.Uint64
}

// tenantKeys derives every key of one tenant from its 32-byte root.
// Safe for concurrent use.
type tenantKeys struct {
	root [32]byte
	hash []byte      // HMAC key for client-chosen text
	own  cipher.AEAD // under this process's salt

	mu  sync.RWMutex
	old map[salt]cipher.AEAD // of earlier processes; at most maxOldSalts
}

// maxOldSalts bounds the derived keys kept per tenant; a process start adds one.
const maxOldSalts = 64

func newTenantKeys(root [32]byte, own salt) *tenantKeys {
	k := &tenantKeys{root: root, old: map[salt]cipher.AEAD{}}
	k.hash = k.derive(nil, "quintet hash 1")
	k.own = k.aead(own)
	return k
}

func (k *tenantKeys) derive(salt []byte, label string) []byte {
	key, err := hkdf.Key(sha256.New, k.root[:], salt, label, 32)
	if err != nil {
		panic(err) // only for lengths that HKDF cannot give
	}
	return key
}

func (k *tenantKeys) aead(s salt) cipher.AEAD { return newGCM(k.derive(s[:], "quintet seal 1")) }

func newGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a key that has not 32 bytes
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the block size that GCM wants
	}
	return gcm
}

// under returns the cipher of a salt, from the cache where it stands there.
func (k *tenantKeys) under(s salt) cipher.AEAD {
	k.mu.RLock()
	gcm := k.old[s]
	k.mu.RUnlock()
	if gcm != nil {
		return gcm
	}
	gcm = k.aead(s)
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.old) >= maxOldSalts {
		clear(k.old)
	}
	k.old[s] = gcm
	return gcm
}

// seal appends the sealed value to dst.
func (s *sealer) seal(dst []byte, k *tenantKeys, value, aad []byte) []byte {
	var nonce [12]byte
	binary.BigEndian.PutUint64(nonce[4:], s.counter.Add(1))
	dst = append(dst, sealFormat)
	dst = append(dst, s.salt[:]...)
	dst = append(dst, nonce[4:]...)
	return k.own.Seal(dst, nonce[:], value, aad)
}

// open appends the value of a sealed one to dst. It fails with errSealBroken
// when a byte was changed, or the value stood under another key.
func (s *sealer) open(dst []byte, k *tenantKeys, sealed, aad []byte) ([]byte, error) {
	if len(sealed) < sealOverhead {
		return nil, fmt.Errorf("%w: %d bytes are too few", errSealBroken, len(sealed))
	}
	if sealed[0] != sealFormat {
		return nil, fmt.Errorf("%w: unknown format %d", errSealBroken, sealed[0])
	}
	gcm := k.own
	if in := salt(sealed[1 : 1+saltBytes]); in != s.salt {
		gcm = k.under(in)
	}
	var nonce [12]byte
	copy(nonce[4:], sealed[1+saltBytes:sealHeader])
	value, err := gcm.Open(dst, nonce[:], sealed[sealHeader:], aad)
	if err != nil {
		return nil, errSealBroken
	}
	return value, nil
}

// appendAAD writes what binds a sealed value to its place: tenant, bucket and
// key, each behind its length, so that no two places share the same bytes.
func appendAAD(dst []byte, uid UID, bucket Bucket, key []byte) []byte {
	dst = append(dst, uid[:]...)
	dst = append(dst, byte(len(bucket)))
	dst = append(dst, bucket...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(key)))
	return append(dst, key...)
}

// hashText returns 16 bytes of HMAC-SHA256 over label and text.
func (k *tenantKeys) hashText(label, text string) (h [16]byte) {
	mac := hmac.New(sha256.New, k.hash)
	mac.Write([]byte(label))
	mac.Write([]byte{0})
	mac.Write([]byte(text))
	copy(h[:], mac.Sum(nil))
	return h
}

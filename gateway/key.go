package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"strings"
)

// An API key is qk_<tenant>_<random>_<checksum>: 256 random bits and the
// CRC-32 of all before the last underscore, both in base62. The prefix lets
// scanners find leaked keys, the checksum lets us refuse typos without I/O.
// Links to the console and its sessions are spelt alike. A client's secret is
// qs_<random>.
const (
	keyPrefix     = "qk_"
	linkPrefix    = "ql_"
	sessionPrefix = "qc_"
	secretPrefix  = "qs_"
	randomDigits  = 43 // of base62 hold 256 bits
	sumDigits     = 6  // hold 32 bits
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func newKey(tenant string) string { return newText(keyPrefix, tenant) }

// newText draws a credential that names its tenant.
func newText(prefix, tenant string) string {
	body := prefix + tenant + "_" + randomText()
	return body + "_" + checksum(body)
}

func newSecret() string { return secretPrefix + randomText() }

func parseKey(key string) (tenant string, ok bool) { return parseText(keyPrefix, key) }

// parseText returns the tenant that a credential names, if it is spelt as one.
// It is read from the right: the name _platform holds an underscore itself.
func parseText(prefix, text string) (tenant string, ok bool) {
	body, sum, ok := cutLast(text)
	if !ok || !strings.HasPrefix(body, prefix) || sum != checksum(body) {
		return "", false
	}
	tenant, random, ok := cutLast(body[len(prefix):])
	return tenant, ok && tenant != "" && len(random) == randomDigits && strings.Trim(random, base62) == ""
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, '_')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func checksum(body string) string {
	n := crc32.ChecksumIEEE([]byte(body))
	var digits [sumDigits]byte
	for i := range digits {
		digits[sumDigits-1-i] = base62[n%62]
		n /= 62
	}
	return string(digits[:])
}

// randomText draws base62 digits without favouring any: bytes from 248 on, the
// largest multiple of 62, are drawn again.
func randomText() string {
	var text [randomDigits]byte
	for i := 0; i < len(text); {
		var drawn [64]byte
		_, _ = rand.Read(drawn[:]) // it never fails
		for _, b := range drawn {
			if b < 248 && i < len(text) {
				text[i] = base62[b%62]
				i++
			}
		}
	}
	return string(text[:])
}

// hashOf is what is kept of a secret. One that is drawn from 256 bits needs no
// slow hash.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

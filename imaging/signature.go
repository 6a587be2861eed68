package imaging

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"quintet/engine"
)

// signingKey makes and proves the signatures of one tenant's URLs.
type signingKey struct {
	kid     string
	created int64 // Unix milliseconds
	secret  [32]byte
}

const (
	keyFormat = 1
	keyBytes  = 41
)

func (k signingKey) encode() []byte {
	b := binary.BigEndian.AppendUint64([]byte{keyFormat}, uint64(k.created))
	return append(b, k.secret[:]...)
}

func decodeKey(kid, value []byte) (k signingKey, err error) {
	if len(value) != keyBytes || value[0] != keyFormat {
		return k, errors.New("imaging: a signing key is not of this format")
	}
	k.kid, k.created = string(kid), int64(binary.BigEndian.Uint64(value[1:]))
	copy(k.secret[:], value[9:])
	return k, nil
}

// sign returns base64url(HMAC-SHA256(key, tenant \n operations \n source \n exp)).
func (k signingKey) sign(tenant, operations, source, exp string) string {
	mac := hmac.New(sha256.New, k.secret[:])
	mac.Write([]byte(tenant + "\n" + operations + "\n" + source + "\n" + exp))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signers holds the signing keys of all tenants. An observer of the store
// keeps it in step. Safe for concurrent use.
type signers struct {
	mu   sync.RWMutex
	keys map[engine.UID][]signingKey // oldest first
}

func (s *signers) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = map[engine.UID][]signingKey{}
}

func (s *signers) add(t engine.UID, k signingKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := append(slices.DeleteFunc(slices.Clone(s.keys[t]), func(old signingKey) bool { return old.kid == k.kid }), k)
	slices.SortFunc(list, func(a, b signingKey) int {
		return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.kid, b.kid))
	})
	s.keys[t] = list
}

func (s *signers) remove(t engine.UID, kid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(s.keys[t]), func(k signingKey) bool { return k.kid == kid })
	if s.keys[t] = list; len(list) == 0 {
		delete(s.keys, t)
	}
}

// find returns a key by its id, or the newest where kid is "".
func (s *signers) find(t engine.UID, kid string) (signingKey, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, k := range slices.Backward(s.keys[t]) {
		if kid == "" || k.kid == kid {
			return k, true
		}
	}
	return signingKey{}, false
}

// Signed is a URL that needs no credential.
type Signed struct {
	URL       string    `json:"url" doc:"The path on this server." example:"/img/demo/w=400/0123456789abcdef0123456789abcdef?exp=1767225600&kid=5f3a9c01&sig=…"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Sign returns the URL of a rendition that works for so long, up to 30 days;
// 0 means 24 hours. The tenant's key is made when it signs for the first time.
func (s *Images) Sign(ctx context.Context, t engine.Tenant, id ID, ops Operations, life time.Duration) (Signed, error) {
	if life == 0 {
		life = defaultExpiry
	}
	if life < time.Second || life > maxExpiry {
		return Signed{}, engine.Errorf(engine.Invalid, "invalid_expiry", "body.expires_in is from 1s to 30d")
	}
	if _, err := s.order(ctx, t, id, ops); err != nil {
		return Signed{}, err
	}
	key, ok := s.signers.find(t.UID(), "")
	if !ok {
		var err error
		if key, err = s.createKey(ctx, t); err != nil {
			return Signed{}, err
		}
	}
	until := s.now().Add(life).Truncate(time.Second)
	exp := strconv.FormatInt(until.Unix(), 10)
	operations, source := ops.String(), id.String()
	url := "/img/" + t.Name() + "/" + operations + "/" + source + "?exp=" + exp + "&kid=" + key.kid + "&sig=" + key.sign(t.Name(), operations, source, exp)
	return Signed{URL: url, ExpiresAt: until}, nil
}

// createKey makes the first key of a tenant, or finds the one that was faster.
func (s *Images) createKey(ctx context.Context, t engine.Tenant) (k signingKey, err error) {
	fresh := signingKey{created: s.now().UnixMilli()}
	var name [4]byte
	_, _ = rand.Read(name[:]) // crypto/rand never fails
	_, _ = rand.Read(fresh.secret[:])
	fresh.kid = hex.EncodeToString(name[:])
	err = s.engine.Store.Update(ctx, t, func(tx *engine.Tx) error {
		k = fresh
		for kid, value := range tx.Scan(bucketKeys, nil, nil) {
			var err error
			k, err = decodeKey(kid, value)
			return err
		}
		tx.Put(bucketKeys, []byte(k.kid), k.encode())
		return nil
	})
	return k, err
}

// signature is what stands in a signed URL, as it was sent.
type signature struct{ tenant, operations, source, exp, kid, sig string }

// verify returns the tenant of a signed URL and when it expires. Before the
// signature is proved it looks at nothing but memory, and every fault gets the
// same answer: nobody learns which tenants and keys exist.
func (s *Images) verify(u signature) (engine.Tenant, time.Time, error) {
	t, err := s.engine.Tenants.Lookup(u.tenant)
	var key signingKey
	ok := false
	if err == nil {
		key, ok = s.signers.find(t.UID(), u.kid)
	}
	// Without a key the work is done all the same, so that time tells nothing.
	equal := hmac.Equal([]byte(key.sign(u.tenant, u.operations, u.source, u.exp)), []byte(u.sig))
	seconds, err := strconv.ParseInt(u.exp, 10, 64)
	if !ok || u.kid == "" || !equal || err != nil {
		s.metrics.forged.Inc()
		return engine.Tenant{}, time.Time{}, errSignature
	}
	until := time.Unix(seconds, 0)
	if !s.engine.Clock.Now().Before(until) {
		return engine.Tenant{}, time.Time{}, errExpired
	}
	return t, until, nil
}

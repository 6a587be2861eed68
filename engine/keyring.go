package engine

import (
	"bytes"
	"cmp"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"quintet/engine/disk"
)

// keyringFile holds every tenant's key, wrapped by the ring key, in the one
// file that shredding replaces. FORMAT.md describes its bytes.
const keyringFile = "keyring"

const (
	keyringMagic   = "QKEYRING"
	keyringVersion = 1
	ringPlain      = 0 // the ring key stands in the file
	ringWrapped    = 1 // … wrapped by the master key

	wrappedBytes = 12 + 32 + 16 // nonce, key, tag
)

// UID is a tenant's identity below its name: 16 random bytes, never reused.
type UID [16]byte

// keyring is the set of tenant keys. The platform's key is the first entry.
// Safe for concurrent use; a change is durable when the method returns.
type keyring struct {
	fs     disk.FS
	master []byte // nil = the ring key stands in the file

	mu         sync.Mutex
	generation uint64 // rises with each replacement
	platform   UID
	keys       map[UID][32]byte
}

// errNoKeyring tells a new data folder from one that lost its keyring.
var errNoKeyring = errors.New("there is no keyring")

// openKeyring reads the keyring. It returns errNoKeyring when there is none.
func openKeyring(files disk.FS, master []byte) (*keyring, error) {
	data, err := disk.ReadFile(files, keyringFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoKeyring
	}
	if err != nil {
		return nil, err
	}
	k := &keyring{fs: files, master: master}
	if err := k.decode(data); err != nil {
		return nil, err
	}
	return k, nil
}

// newKeyring makes a keyring that holds the platform's key alone.
func newKeyring(files disk.FS, master []byte) (*keyring, error) {
	k := &keyring{fs: files, master: master, keys: map[UID][32]byte{}}
	if _, err := rand.Read(k.platform[:]); err != nil {
		return nil, err
	}
	_, err := k.add(k.platform)
	return k, err
}

// add draws a key for uid and writes the keyring.
func (k *keyring) add(uid UID) ([32]byte, error) {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return key, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[uid] = key
	if err := k.write(); err != nil {
		delete(k.keys, uid)
		return key, err
	}
	return key, nil
}

// remove shreds uids: it writes a keyring without them under a new ring key.
func (k *keyring) remove(uids ...UID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept := map[UID][32]byte{}
	for uid, key := range k.keys {
		if !slices.Contains(uids, uid) {
			kept[uid] = key
		}
	}
	before := k.keys
	k.keys = kept
	if err := k.write(); err != nil {
		k.keys = before
		return err
	}
	return nil
}

func (k *keyring) get(uid UID) ([32]byte, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[uid]
	return key, ok
}

func (k *keyring) uids() []UID {
	k.mu.Lock()
	defer k.mu.Unlock()
	uids := make([]UID, 0, len(k.keys))
	for uid := range k.keys {
		uids = append(uids, uid)
	}
	return uids
}

// write replaces the file under the lock. Before the rename it reads the new
// file back and unwraps every key from it.
func (k *keyring) write() error {
	next := k.generation + 1
	data, err := k.encode(next)
	if err != nil {
		return err
	}
	verify := func(back []byte) error {
		read := &keyring{master: k.master}
		if err := read.decode(back); err != nil {
			return err
		}
		for uid, key := range k.keys {
			if read.keys[uid] != key {
				return errors.New("a key does not unwrap to itself")
			}
		}
		return nil
	}
	if err := disk.Replace(k.fs, keyringFile, data, verify); err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	k.generation = next
	return nil
}

func (k *keyring) encode(generation uint64) ([]byte, error) {
	ring := make([]byte, 32)
	if _, err := rand.Read(ring); err != nil {
		return nil, err
	}
	out := append([]byte(keyringMagic), keyringVersion)
	if k.master == nil {
		out = append(out, ringPlain)
		out = binary.BigEndian.AppendUint64(out, generation)
		out = append(out, ring...)
	} else {
		out = append(out, ringWrapped)
		out = binary.BigEndian.AppendUint64(out, generation)
		out = wrap(out, k.masterKey(), ring, []byte("ring"))
	}
	uids := make([]UID, 0, len(k.keys))
	for uid := range k.keys {
		uids = append(uids, uid)
	}
	slices.SortFunc(uids, func(a, b UID) int {
		return cmp.Or(cmp.Compare(rank(a, k.platform), rank(b, k.platform)), bytes.Compare(a[:], b[:]))
	})
	out = binary.BigEndian.AppendUint32(out, uint32(len(uids)))
	for _, uid := range uids {
		key := k.keys[uid]
		out = append(out, uid[:]...)
		out = wrap(out, ring, key[:], uid[:])
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...), nil
}

// rank puts the platform's entry first.
func rank(uid, platform UID) int {
	if uid == platform {
		return 0
	}
	return 1
}

func (k *keyring) decode(data []byte) error {
	body := len(data) - sha256.Size
	head := len(keyringMagic) + 2 + 8
	if body < head+32+4 || string(data[:len(keyringMagic)]) != keyringMagic {
		return &CorruptError{File: keyringFile, Reason: "it does not begin like a keyring"}
	}
	if v := data[len(keyringMagic)]; v != keyringVersion {
		return fmt.Errorf("%w: keyring version %d", ErrNewerFormat, v)
	}
	if sum := sha256.Sum256(data[:body]); !bytes.Equal(sum[:], data[body:]) {
		return &CorruptError{File: keyringFile, Offset: int64(body), Reason: "its checksum does not match; restore the keyring from a backup"}
	}
	k.generation = binary.BigEndian.Uint64(data[head-8:])
	rest := data[head:body]
	ring, rest, err := k.decodeRing(data[head-9], rest)
	if err != nil {
		return err
	}
	if len(rest) < 4 {
		return &CorruptError{File: keyringFile, Offset: int64(body - len(rest)), Reason: "the number of keys is missing"}
	}
	n, rest := int(binary.BigEndian.Uint32(rest)), rest[4:]
	const entry = len(UID{}) + wrappedBytes
	if n < 1 || len(rest) != n*entry {
		return &CorruptError{File: keyringFile, Offset: int64(body - len(rest)), Reason: fmt.Sprintf("%d keys do not fit in %d bytes", n, len(rest))}
	}
	k.platform = UID(rest)
	k.keys = make(map[UID][32]byte, n)
	for ; len(rest) > 0; rest = rest[entry:] {
		uid := UID(rest)
		key, err := unwrap(ring, rest[len(uid):entry], uid[:])
		if err != nil {
			return &CorruptError{File: keyringFile, Offset: int64(body - len(rest)), Reason: "a key does not unwrap"}
		}
		k.keys[uid] = [32]byte(key)
	}
	return nil
}

func (k *keyring) decodeRing(kind byte, rest []byte) (ring, after []byte, err error) {
	switch {
	case kind == ringPlain && k.master == nil:
		return rest[:32], rest[32:], nil
	case kind == ringPlain:
		return nil, nil, errors.New("the keyring is not protected by a master key, but one is configured: start once without it, or restore the matching keyring")
	case k.master == nil:
		return nil, nil, errors.New("the keyring is protected by a master key: give it with --master-key")
	case len(rest) < wrappedBytes:
		return nil, nil, &CorruptError{File: keyringFile, Offset: 18, Reason: "the ring key is cut off"}
	}
	ring, err = unwrap(k.masterKey(), rest[:wrappedBytes], []byte("ring"))
	if err != nil {
		return nil, nil, errors.New("the master key does not open the keyring: it is another key, or the file is damaged")
	}
	return ring, rest[wrappedBytes:], nil
}

func (k *keyring) masterKey() []byte {
	key, err := hkdf.Key(sha256.New, k.master, nil, "quintet master 1", 32)
	if err != nil {
		panic(err) // only for lengths that HKDF cannot give
	}
	return key
}

// wrap appends nonce, encrypted key and tag. The nonce is random: a ring key
// wraps each tenant once and is then replaced.
func wrap(dst, under, key, aad []byte) []byte {
	nonce := make([]byte, 12)
	if _, err := rand.Read(nonce); err != nil {
		panic(err) // crypto/rand does not fail
	}
	return newGCM(under).Seal(append(dst, nonce...), nonce, key, aad)
}

func unwrap(under, wrapped, aad []byte) ([]byte, error) {
	return newGCM(under).Open(nil, wrapped[:12], wrapped[12:wrappedBytes], aad)
}

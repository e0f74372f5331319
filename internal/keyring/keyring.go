// Package keyring holds the keys that a gate is given: it seals what must not be
// read from the store, and signs what must not be forged there.
package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// A Keyring seals what must not be read from the store. The first key seals;
// all of them open, so that keys can be changed without a pause.
type Keyring struct {
	// A function, because package fmt prints whatever else it finds, the key
	// schedules within the ciphers included.
	keys func() []*derived
}

// derived is what comes of one key.
type derived struct {
	id       [keyIDSize]byte
	aead     cipher.AEAD
	shared   []byte // see With
	callback string
	macs     *sync.Pool // of hash.Hash
}

const (
	keyIDSize = 4

	sealVersion = 1
	sealHeader  = 1 + keyIDSize // version, key ID

	// sealOverhead is what GCM adds: nonce and tag.
	sealOverhead = 12 + 16
)

var errSealed = errors.New("keyring: sealed secret is damaged, belongs to another record, or its key is missing")

// New derives what it needs from keys of 32 bytes each; the newest comes
// first.
func New(keys ...[]byte) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, errors.New("no key")
	}
	var (
		list   []*derived
		faults []error
	)
	for i, key := range keys {
		if len(key) != KeySize {
			faults = append(faults, fmt.Errorf("key %d has %d bytes, want %d", i+1, len(key), KeySize))
			continue
		}
		if isOneByte(key) {
			faults = append(faults, fmt.Errorf("key %d repeats a single byte; make one with crypto/rand", i+1))
			continue
		}
		sk, err := deriveKey(key)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		list = append(list, sk)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &Keyring{keys: func() []*derived { return list }}, nil
}

// With returns a keyring each of whose keys comes of one of k's and of the secret
// together: what it seals opens only to somebody who has both. The secret is random, of
// 128 bits at least.
func (k *Keyring) With(secret string) (*Keyring, error) {
	var list []*derived
	for _, key := range k.keys() {
		both, err := hkdf.Key(sha256.New, []byte(secret), key.shared, "eagate with", KeySize)
		if err != nil {
			return nil, err
		}
		d, err := deriveKey(both)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return &Keyring{keys: func() []*derived { return list }}, nil
}

func isOneByte(key []byte) bool {
	for _, b := range key {
		if b != key[0] {
			return false
		}
	}
	return true
}

func deriveKey(key []byte) (*derived, error) {
	derive := func(purpose string, n int) ([]byte, error) {
		return hkdf.Key(sha256.New, key, nil, "eagate "+purpose, n)
	}
	seal, err := derive("seal", 32)
	if err != nil {
		return nil, err
	}
	id, err := derive("key id", keyIDSize)
	if err != nil {
		return nil, err
	}
	callback, err := derive("callback", 24)
	if err != nil {
		return nil, err
	}
	record, err := derive("record", 32)
	if err != nil {
		return nil, err
	}
	shared, err := derive("shared", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(seal)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &derived{
		id:       [keyIDSize]byte(id),
		aead:     aead,
		shared:   shared,
		callback: base64.RawURLEncoding.EncodeToString(callback),
		macs:     &sync.Pool{New: func() any { return hmac.New(sha256.New, record) }},
	}, nil
}

// Seal encrypts plain for one purpose and one owner. Only Open with the same
// two gives it back, so a sealed secret can't be moved to another user's row.
func (k *Keyring) Seal(plain []byte, purpose, owner string) []byte {
	key := k.keys()[0]
	sealed := make([]byte, sealHeader, sealHeader+len(plain)+key.aead.Overhead())
	sealed[0] = sealVersion
	copy(sealed[1:], key.id[:])
	return key.aead.Seal(sealed, nil, plain, appendAssociated(nil, purpose, owner))
}

// Open decrypts what Seal returned.
func (k *Keyring) Open(sealed []byte, purpose, owner string) ([]byte, error) {
	if len(sealed) < sealHeader || sealed[0] != sealVersion {
		return nil, errSealed
	}
	for _, key := range k.keys() {
		if key.id != [keyIDSize]byte(sealed[1:sealHeader]) {
			continue
		}
		// One buffer holds what is associated, and the plain text behind it.
		n := len(purpose) + 1 + len(owner)
		associated := appendAssociated(make([]byte, 0, n+max(0, len(sealed)-sealHeader-sealOverhead)), purpose, owner)
		plain, err := key.aead.Open(associated[n:n], nil, sealed[sealHeader:], associated)
		if err != nil {
			return nil, errSealed
		}
		return plain, nil
	}
	return nil, errSealed
}

// Newest reports whether the newest key has sealed that.
func (k *Keyring) Newest(sealed []byte) bool {
	return len(sealed) >= sealHeader && sealed[0] == sealVersion && k.keys()[0].id == [keyIDSize]byte(sealed[1:sealHeader])
}

// Reseal returns what Seal would have returned for what is sealed there: the same
// if the newest key has sealed it.
func (k *Keyring) Reseal(sealed []byte, purpose, owner string) ([]byte, error) {
	if k.Newest(sealed) {
		return sealed, nil
	}
	plain, err := k.Open(sealed, purpose, owner)
	if err != nil {
		return nil, err
	}
	return k.Seal(plain, purpose, owner), nil
}

// appendAssociated joins the two so that no other pair gives the same bytes: a
// purpose is a word of ours.
func appendAssociated(b []byte, purpose, owner string) []byte {
	b = append(b, purpose...)
	b = append(b, 0)
	return append(b, owner...)
}

// CallbackSecrets are the path elements under which the service may report, at
// most two: the newest key's first.
func (k *Keyring) CallbackSecrets() []string {
	secrets := make([]string, 0, 2)
	keys := k.keys()
	for _, key := range keys[:min(len(keys), 2)] {
		secrets = append(secrets, key.callback)
	}
	return secrets
}

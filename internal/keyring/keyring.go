// Package keyring seals secrets in the store, and authenticates records there, with the
// keys of a gate.
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

// KeySize is the length of a key, in bytes.
const KeySize = 32

// A Keyring seals secrets and authenticates records.
type Keyring struct {
	*Sealer

	// A function, because package fmt would print other values, including the key
	// schedules in the ciphers.
	keys func() []*derived
}

// A Sealer is the part of a keyring that seals. The first key seals, and all keys open,
// so that keys can be changed without interruption.
type Sealer struct {
	seals func() []*seal // a function, as in a Keyring
}

// A seal is the part of a key that seals.
type seal struct {
	id   [keyIDSize]byte
	aead cipher.AEAD
}

// A derived has what is derived from one key.
type derived struct {
	*seal
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

// New returns the keyring of keys of 32 bytes each, the newest first.
func New(keys ...[]byte) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, errors.New("no key")
	}
	var (
		list   []*derived
		seals  []*seal
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
		list, seals = append(list, sk), append(seals, sk.seal)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &Keyring{&Sealer{func() []*seal { return seals }}, func() []*derived { return list }}, nil
}

// With returns a sealer whose keys are derived from k's and the secret: opening what it
// seals needs both. The secret must have at least 128 random bits.
func (k *Keyring) With(secret string) (*Sealer, error) {
	var seals []*seal
	for _, key := range k.keys() {
		both, err := hkdf.Key(sha256.New, []byte(secret), key.shared, "eagate with", KeySize)
		if err != nil {
			return nil, err
		}
		s, err := deriveSeal(deriver(both))
		if err != nil {
			return nil, err
		}
		seals = append(seals, s)
	}
	return &Sealer{func() []*seal { return seals }}, nil
}

func isOneByte(key []byte) bool {
	for _, b := range key {
		if b != key[0] {
			return false
		}
	}
	return true
}

// deriver returns a function that derives n bytes from a key for a purpose.
func deriver(key []byte) func(purpose string, n int) ([]byte, error) {
	return func(purpose string, n int) ([]byte, error) {
		return hkdf.Key(sha256.New, key, nil, "eagate "+purpose, n)
	}
}

func deriveSeal(derive func(purpose string, n int) ([]byte, error)) (*seal, error) {
	key, err := derive("seal", 32)
	if err != nil {
		return nil, err
	}
	id, err := derive("key id", keyIDSize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &seal{[keyIDSize]byte(id), aead}, nil
}

func deriveKey(key []byte) (*derived, error) {
	derive := deriver(key)
	seal, err := deriveSeal(derive)
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
	return &derived{
		seal:     seal,
		shared:   shared,
		callback: base64.RawURLEncoding.EncodeToString(callback),
		macs:     &sync.Pool{New: func() any { return hmac.New(sha256.New, record) }},
	}, nil
}

// Seal encrypts plain for one purpose and one owner. Open needs the same two, so a sealed
// secret can't be moved to another user's record.
func (s *Sealer) Seal(plain []byte, purpose, owner string) []byte {
	key := s.seals()[0]
	sealed := make([]byte, sealHeader, sealHeader+len(plain)+key.aead.Overhead())
	sealed[0] = sealVersion
	copy(sealed[1:], key.id[:])
	return key.aead.Seal(sealed, nil, plain, appendAssociated(nil, purpose, owner))
}

// Open decrypts what Seal returned.
func (s *Sealer) Open(sealed []byte, purpose, owner string) ([]byte, error) {
	if len(sealed) < sealHeader || sealed[0] != sealVersion {
		return nil, errSealed
	}
	for _, key := range s.seals() {
		if key.id != [keyIDSize]byte(sealed[1:sealHeader]) {
			continue
		}
		// One buffer for the associated data and the plain text after it.
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

// Newest reports whether the newest key has sealed a value.
func (s *Sealer) Newest(sealed []byte) bool {
	return len(sealed) >= sealHeader && sealed[0] == sealVersion && s.seals()[0].id == [keyIDSize]byte(sealed[1:sealHeader])
}

// Reseal returns the value sealed with the newest key, unchanged if it already is.
func (s *Sealer) Reseal(sealed []byte, purpose, owner string) ([]byte, error) {
	if s.Newest(sealed) {
		return sealed, nil
	}
	plain, err := s.Open(sealed, purpose, owner)
	if err != nil {
		return nil, err
	}
	return s.Seal(plain, purpose, owner), nil
}

// appendAssociated appends the associated data. It is unambiguous, because purposes
// contain no NUL.
func appendAssociated(b []byte, purpose, owner string) []byte {
	b = append(b, purpose...)
	b = append(b, 0)
	return append(b, owner...)
}

// CallbackSecrets returns the secret path elements of the callback, at most two: the
// newest key's first.
func (k *Keyring) CallbackSecrets() []string {
	secrets := make([]string, 0, 2)
	keys := k.keys()
	for _, key := range keys[:min(len(keys), 2)] {
		secrets = append(secrets, key.callback)
	}
	return secrets
}

// Package totp makes and matches the codes of authenticator apps (RFC 6238), and writes
// the URIs by which apps learn a secret. It keeps nothing: how often a code may be tried
// is for package factor.
package totp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/pquerna/otp"
)

// SecretSize is the length of a new secret in bytes (RFC 4226 §4, R6).
const SecretSize = 20

// minSecretSize is the shortest secret with which a code is accepted
// (RFC 4226 §4, R6: 128 bits).
const minSecretSize = 16

// Parameters are how codes are made from a secret (RFC 6238 §1.2).
type Parameters struct {
	Algorithm string        // SHA1, SHA256 or SHA512
	Digits    int           // 6 or 8
	Period    time.Duration // whole seconds
}

// Default are the parameters that all authenticator apps support.
var Default = Parameters{Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}

// Lengths are how many digits a code may have.
var Lengths = [...]int{6, 8}

var algorithms = map[string]otp.Algorithm{
	"SHA1":   otp.AlgorithmSHA1,
	"SHA256": otp.AlgorithmSHA256,
	"SHA512": otp.AlgorithmSHA512,
}

// Check returns every fault of the parameters, and whether this program must not use the
// algorithm.
func (p Parameters) Check() error {
	_, err := NewGenerator(p, make([]byte, SecretSize))
	return err
}

// Step returns the time step of a moment (RFC 6238 §4.2).
func (p Parameters) Step(t time.Time) int64 { return t.Unix() / int64(p.Period/time.Second) }

// NewSecret returns a random secret.
func NewSecret() []byte {
	secret := make([]byte, SecretSize)
	rand.Read(secret) // never fails
	return secret
}

var secretText = base32.StdEncoding.WithPadding(base32.NoPadding)

// SecretText returns a secret as it is written in key URIs, for the service and for
// people.
func SecretText(secret []byte) string { return secretText.EncodeToString(secret) }

// A Generator makes the codes of one secret. It is not for concurrent use.
type Generator struct {
	Parameters
	mac     hash.Hash
	modulus uint32
	scratch [8 + sha512.Size]byte // of one allocation with the rest
}

// NewGenerator returns every fault of the parameters and the secret.
func NewGenerator(p Parameters, secret []byte) (*Generator, error) {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !slices.Contains(Lengths[:], p.Digits) {
		fault("TOTP codes of %d digits, want 6 or 8", p.Digits)
	}
	if p.Period < 15*time.Second || p.Period > 2*time.Minute || p.Period%time.Second != 0 {
		fault("TOTP period %v, want whole seconds from 15 s to 2 min", p.Period)
	}
	if len(secret) < minSecretSize {
		fault("TOTP secret of %d bytes, want at least %d", len(secret), minSecretSize)
	}
	mac, err := newMAC(p.Algorithm, secret)
	if err != nil {
		faults = append(faults, err)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	g := &Generator{Parameters: p, mac: mac, modulus: 1_000_000}
	if p.Digits == 8 {
		g.modulus = 100_000_000
	}
	return g, nil
}

// newMAC returns the HMAC of an algorithm, or an error where there is none or it must not
// be used: package hmac panics for SHA-1 where FIPS 140-3 is enforced.
func newMAC(algorithm string, secret []byte) (mac hash.Hash, err error) {
	a, ok := algorithms[algorithm]
	if !ok {
		return nil, fmt.Errorf("unknown TOTP algorithm %q, want SHA1, SHA256 or SHA512", algorithm)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("TOTP algorithm %v can't be used here (%v): where FIPS 140-3 is enforced, take SHA256 or SHA512", a, p)
		}
	}()
	return hmac.New(a.Hash, secret), nil
}

// code returns the number that the code of a step stands for.
func (g *Generator) code(step int64) uint32 {
	counter, sum := g.scratch[:8], g.scratch[8:8]
	g.mac.Reset()
	binary.BigEndian.PutUint64(counter, uint64(step))
	g.mac.Write(counter)
	return truncate(g.mac.Sum(sum)) % g.modulus
}

// truncate is the dynamic truncation of RFC 4226 §5.3.
func truncate(sum []byte) uint32 {
	offset := sum[len(sum)-1] & 0xf
	return binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
}

// Match returns the newest time step, of the present one, the one before and the
// next one, whose code is n: people are slow, and a phone's clock may be off either
// way (RFC 6238 §5.2). It always compares all three.
func (g *Generator) Match(n uint32, now time.Time) (step int64, ok bool) {
	present := g.Step(now)
	for s := present + 1; s >= present-1; s-- {
		if g.code(s) == n && !ok {
			step, ok = s, true
		}
	}
	return step, ok
}

// clockOffMost is how many steps away from the present a code is searched for: farther
// than people are slow, and near enough that a match is hardly chance.
const clockOffMost = 10

// ClockOff returns by how many steps the clock of a phone that shows the code n seems to
// be ahead, negative if it is behind, or 0 if that can't be seen. It leaves out the steps
// of Match, and always compares all others.
func (g *Generator) ClockOff(n uint32, now time.Time) (off int) {
	present := g.Step(now)
	for i := 2; i <= clockOffMost; i++ {
		for _, steps := range [...]int{i, -i} {
			if g.code(present+int64(steps)) == n && off == 0 {
				off = steps
			}
		}
	}
	return off
}

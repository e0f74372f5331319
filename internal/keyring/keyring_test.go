package keyring_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/pairbench"
)

var key = []byte("0123456789abcdef0123456789abcdef")

// otherKeys are good and differ from each other and from key.
func otherKeys(n int) [][]byte {
	keys := make([][]byte, n)
	for i := range keys {
		sum := sha256.Sum256([]byte{byte(i)})
		keys[i] = sum[:]
	}
	return keys
}

func newKeyring(t testing.TB, keys ...[]byte) *keyring.Keyring {
	t.Helper()
	k := expect.Try(keyring.New(keys...)).OrFail(t)
	return k
}

func TestKeyring(t *testing.T) {
	others := otherKeys(3)
	plain := []byte("a secret that is longer than a nonce and a tag")
	sealed := newKeyring(t, key).Seal(plain, "purpose", "alice")
	for _, c := range []struct {
		name    string
		keys    [][]byte
		purpose string
		owner   string
		want    bool
	}{
		{"the same", [][]byte{key}, "purpose", "alice", true},
		{"as the former key", [][]byte{others[0], key}, "purpose", "alice", true},
		{"as the oldest of four", [][]byte{others[0], others[1], others[2], key}, "purpose", "alice", true},
		{"another key", [][]byte{others[0]}, "purpose", "alice", false},
		{"other keys", others, "purpose", "alice", false},
		{"another user", [][]byte{key}, "purpose", "bob", false},
		{"another user of the same length", [][]byte{key}, "purpose", "clara", false},
		{"no user", [][]byte{key}, "purpose", "", false},
		{"a longer user", [][]byte{key}, "purpose", "alice2", false},
		{"another purpose", [][]byte{key}, "other", "alice", false},
		{"another purpose of the same length", [][]byte{key}, "pretext", "alice", false},
		{"no purpose", [][]byte{key}, "", "alice", false},
		{"the border moved", [][]byte{key}, "purposea", "lice", false},
		{"the border in the purpose", [][]byte{key}, "", "purpose\x00alice", false},
	} {
		got, err := newKeyring(t, c.keys...).Open(sealed, c.purpose, c.owner)
		if (err == nil) != c.want || c.want && !bytes.Equal(got, plain) {
			t.Errorf("%s: got %q, %v, want opened %t", c.name, got, err, c.want)
		}
		if !c.want && got != nil {
			t.Errorf("%s: got %q beside an error", c.name, got)
		}
	}
}

// A secret that is sealed twice looks different, and shows nothing.
func TestKeyringHides(t *testing.T) {
	k := newKeyring(t, key)
	plain := []byte("a secret of twenty b")
	a, b := k.Seal(plain, "purpose", "alice"), k.Seal(plain, "purpose", "alice")
	if bytes.Equal(a[5:], b[5:]) {
		t.Error("the same secret was sealed to the same bytes")
	}
	for n := 4; n <= len(plain); n++ {
		if bytes.Contains(a, plain[:n]) {
			t.Errorf("sealed text holds %d bytes of the secret", n)
		}
	}
	if bytes.Contains(a, key[:4]) {
		t.Error("sealed text holds the key")
	}
}

// A MAC is what it was in earlier releases, and that of other parts is another.
func TestMAC(t *testing.T) {
	k := newKeyring(t, key)
	mac := k.MAC([]byte("ab"), []byte("c"))
	expect.Equal(t, fmt.Sprintf("%x", mac), "d6fe6c76719f2dd89c27b9da9266044d80cfb7b9468d889fe53f03933693f022348adf36")
	if !k.Verify(mac, []byte("ab"), []byte("c")) || k.Verify(mac, []byte("a"), []byte("bc")) {
		t.Error("want it to be of these parts only")
	}
}

// A27: not one bit of what is sealed can be changed, and no byte cut off.
func TestA27_SealedDamaged(t *testing.T) {
	k := newKeyring(t, append([][]byte{key}, otherKeys(2)...)...)
	sealed := k.Seal([]byte("a secret of twenty b"), "purpose", "alice")
	refused := func(what string, damaged []byte) {
		t.Helper()
		if got, err := k.Open(damaged, "purpose", "alice"); err == nil || got != nil {
			t.Errorf("%s: got %q, %v, want an error", what, got, err)
		}
	}
	for i := range sealed {
		refused(fmt.Sprintf("cut off at %d", i), sealed[:i])
		refused(fmt.Sprintf("from %d", i+1), sealed[i+1:])
		for bit := range 8 {
			damaged := slices.Clone(sealed)
			damaged[i] ^= 1 << bit
			refused(fmt.Sprintf("bit %d of byte %d", bit, i), damaged)
		}
	}
	refused("nothing", nil)
	refused("a byte more", append(slices.Clone(sealed), 0))
	expect.Try(k.Open(sealed, "purpose", "alice")).OrFail(t, "untouched")
}

func FuzzKeyringOpen(f *testing.F) {
	k := newKeyring(f, key)
	f.Add(k.Seal([]byte("secret"), "purpose", "bob"))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if got, err := k.Open(sealed, "purpose", "alice"); err == nil {
			t.Errorf("opened %x to %q", sealed, got)
		}
	})
}

func TestKeyringFaults(t *testing.T) {
	_, err := keyring.New(key, key[:31], make([]byte, 32), append(slices.Clone(key), 0), nil, bytes.Repeat([]byte{7}, 32))
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"key 2 has 31 bytes", "key 3 repeats", "key 4 has 33 bytes", "key 5 has 0 bytes", "key 6 repeats",
	} {
		expect.Contains(t, err.Error(), want)
	}
	if strings.Contains(err.Error(), "key 1") || strings.Contains(err.Error(), string(key[:8])) {
		t.Errorf("got %q: tells of a good key", err)
	}
	if _, err := keyring.New(); err == nil {
		t.Error("no key: got no error")
	}
}

func TestCallbackSecrets(t *testing.T) {
	others := otherKeys(2)
	secret := func(k []byte) string { return newKeyring(t, k).CallbackSecrets()[0] }
	expect.Differ(t, secret(key), secret(others[0]), "two keys have the same secret")
	if first, again := secret(key), secret(key); first != again {
		t.Error("one key has two secrets")
	}
	got := newKeyring(t, others[0], key, others[1]).CallbackSecrets()
	if want := []string{secret(others[0]), secret(key)}; !slices.Equal(got, want) {
		t.Errorf("three keys: got %d secrets, want those of the newest two", len(got))
	}
	expect.Equal(t, len(newKeyring(t, key).CallbackSecrets()), 1, "one key, secrets")
	raw, err := base64.RawURLEncoding.DecodeString(secret(key))
	if err != nil || len(raw) < 16 {
		t.Errorf("got a secret of %d bytes, %v, want at least 16", len(raw), err)
	}
	// What the store holds gives no part of it away.
	sealed := newKeyring(t, key).Seal([]byte("plain"), "purpose", "alice")
	for i := range len(raw) - 3 {
		if bytes.Contains(sealed, raw[i:i+4]) || bytes.Contains(key, raw[i:i+4]) {
			t.Error("the secret can be read from the sealed text or the key")
		}
	}
}

// A38: nothing that prints a keyring shows what it holds.
func TestA38_KeyringPrinted(t *testing.T) {
	k := newKeyring(t, key)
	sealer := expect.Try(k.With("a secret of 128 bits")).OrFail(t)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{k, *k, &k, []any{k}, struct{ K *keyring.Keyring }{k}, struct{ K keyring.Keyring }{*k}, sealer, *sealer} {
			text := fmt.Sprintf(format, v)
			if len(text) > 200 { // a key schedule, say
				t.Errorf("%s of %T: got %.200s", format, v, text)
			}
			for _, secret := range []string{
				k.CallbackSecrets()[0], fmt.Sprintf("%x", k.CallbackSecrets()[0]), string(key), fmt.Sprintf("%x", key),
			} {
				expect.Lacks(t, text, secret, "%s of %T", format, v)
			}
		}
	}
}

// bareGCM is what opening costs without a keyring.
func bareGCM(t testing.TB) cipher.AEAD {
	t.Helper()
	derived := expect.Try(hkdf.Key(sha256.New, key, nil, "bare", 32)).OrFail(t)
	block := expect.Try(aes.NewCipher(derived)).OrFail(t)
	aead := expect.Try(cipher.NewGCMWithRandomNonce(block)).OrFail(t)
	return aead
}

// BenchmarkOpen compares with the cipher alone.
func BenchmarkOpen(b *testing.B) {
	const purpose = "totp secret"
	secret := make([]byte, 20)
	rand.Read(secret)
	k := newKeyring(b, key)
	sealed := k.Seal(secret, purpose, "alice")
	aead := bareGCM(b)
	associated := []byte(purpose + "\x00" + "alice")
	bare := aead.Seal(nil, nil, secret, associated)
	pairbench.Compare(b, func() bool {
		plain, err := k.Open(sealed, purpose, "alice")
		return err == nil && len(plain) == len(secret)
	}, func() bool {
		plain, err := aead.Open(nil, nil, bare, associated)
		return err == nil && len(plain) == len(secret)
	})
}

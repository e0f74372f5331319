package hashing_test

import (
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/hashing"
)

// A scheme that isn't of a cost that we would spend is like one of a later release.
func TestSchemes(t *testing.T) {
	for scheme, want := range map[string]bool{
		"argon2id 19456 2 1":        true,
		"argon2id 65536 8 4":        true,
		"argon2id 8 1 1":            true,
		"argon2id 65537 2 1":        false,
		"argon2id 19456 9 1":        false,
		"argon2id 19456 2 5":        false,
		"argon2id 7 1 1":            false,
		"argon2id 8 0 1":            false,
		"argon2id 8 1 0":            false,
		"argon2id 15 1 2":           false,
		"argon2id 8 1 1 ":           false,
		"argon2id 08 1 1":           false,
		"argon2id 8 1 257":          false,
		"argon2id 4294967304 1 1":   false,
		"argon2i 19456 2 1":         false,
		"Argon2id 19456 2 1":        false,
		"argon2id 19456 2":          false,
		"argon2id -8 1 1":           false,
		"argon2id 19456 2 1 secret": false,
		"":                          false,
	} {
		cost, ok := hashing.ParseScheme(scheme)
		if ok != want || ok && cost.Scheme() != scheme {
			t.Errorf("%q: got %v, %t, want %t", scheme, cost, ok, want)
		}
	}
}

func TestCostFaults(t *testing.T) {
	for _, cost := range []hashing.Cost{
		{}, {Memory: 8, Passes: 1}, {Memory: 8, Lanes: 1}, {Passes: 1, Lanes: 1}, {Memory: 15, Passes: 1, Lanes: 2},
	} {
		if cost.Check() == nil {
			t.Errorf("%+v: got no fault", cost)
		}
	}
	expect.NoError(t, hashing.Default.Check(), "default")
}

package factor_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/hashing"
	"github.com/eagate/eagate/internal/records"
)

// cheap is what hashing a recovery code takes in tests.
var cheap = hashing.Cost{Memory: 8, Passes: 1, Lanes: 1}

// Codes are hashed as SECURITY.md says unless set otherwise, and are good on nodes
// that hash new ones in another way.
func TestRecoveryCost(t *testing.T) {
	w := newWorld(t)
	withReal := w.node(t, func(cfg *factor.Config) { cfg.RecoveryCost = hashing.Cost{} })
	withCheap := w.node(t)
	w.enrol(t, withReal, alice)
	for _, test := range []struct {
		name           string
		maker, checker *factor.Rules
		scheme         string
		cost           hashing.Cost
	}{
		{"the real one", withReal, withReal, "argon2id 19456 2 1", hashing.Cost{Memory: 19456, Passes: 2, Lanes: 1}},
		{"the real one, elsewhere", withReal, withCheap, "argon2id 19456 2 1", hashing.Cost{Memory: 19456, Passes: 2, Lanes: 1}},
		{"a cheap one, elsewhere", withCheap, withReal, "argon2id 8 1 1", cheap},
	} {
		_, codes, err := test.maker.MakeRecovery(t.Context(), alice, w.fresh(t, alice), factor.Viewer{})
		expect.NoError(t, err)
		set := w.account(t, alice).Recovery
		expect.Equal(t, set.Scheme, test.scheme, "%s, scheme", test.name)
		plain := strings.ReplaceAll(codes[0], "-", "")
		want := argon2.IDKey([]byte(plain), set.Salt, test.cost.Passes, test.cost.Memory, test.cost.Lanes, 32)
		expect.Slice(t, set.Hashes[0], want, "%s, hash", test.name)
		if answer, _ := verify(t, test.checker, alice, codes[0]); answer.Result != factor.CodeAccepted || answer.Left != 9 {
			t.Errorf("%s: got %v and %d left, want accepted and 9", test.name, answer.Result, answer.Left)
		}
	}
}

// Codes of a scheme that this release can't check count as none.
func TestRecoveryScheme(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	for scheme, want := range map[string]int{"argon2id 8 1 1": 2, "argon2id 65537 2 1": 0, "": 0} {
		set := records.Recovery{Scheme: scheme, Hashes: [][]byte{{1}, {2}}}
		w.change(t, alice, func(a *records.Account) { a.Recovery = &set })
		expect.Equal(t, factor.RecoveryLeft(w.account(t, alice)), want, "scheme %q, codes left", scheme)
	}
}

func TestRecoveryCostFault(t *testing.T) {
	w := newWorld(t)
	_, err := factor.New(factor.Config{
		Records: w.records, Service: w.service, Keys: w.keys, Now: w.clock.Now, RecoveryCost: hashing.Cost{Memory: 8, Passes: 1},
	})
	if err == nil || !strings.Contains(err.Error(), "recovery codes") {
		t.Errorf("got %v, want a fault", err)
	}
}

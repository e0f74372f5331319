package factor_test

import (
	"slices"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// What the user has proved the second factor by is remembered, the last five of them.
func TestLastProofs(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	var want []records.Proof // the newest first
	proved := func(method eagate.Method, when time.Time) {
		t.Helper()
		want = slices.Insert(want, 0, records.Proof{Method: method, At: when})
		want = want[:min(len(want), 5)]
		wantProofs(t, w, want)
	}
	began := w.clock.Now()
	p, _ := w.enrol(t, r, alice)
	proved(eagate.TOTP, began)

	verify(t, r, alice, "000000")
	wantProofs(t, w, want) // nothing was proved

	s := begun(t, r, alice, "s")
	expect.Try(r.Decide(t.Context(), s.Token, true)).OrFail(t)
	wantProofs(t, w, want) // nor yet
	w.clock.Add(time.Second)
	if secret, err := r.Consume(t.Context(), alice, s, far); err != nil || secret == "" {
		t.Fatalf("consume: got a grant %t, %v", secret != "", err)
	}
	proved(eagate.Push, w.clock.Now())

	_, codes, err := r.MakeRecovery(t.Context(), alice, w.fresh(t, alice), factor.Viewer{})
	expect.NoError(t, err)
	verify(t, r, alice, codes[0])
	proved(eagate.Recovery, w.clock.Now())

	for range 4 {
		w.clock.Add(time.Hour)
		if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeAccepted {
			t.Fatalf("got %v, want accepted", answer.Result)
		}
		proved(eagate.TOTP, w.clock.Now())
	}

	expect.Try(r.Disable(t.Context(), alice, w.fresh(t, alice))).OrFail(t)
	if acct := w.account(t, alice); acct.Proofs != nil || factor.LastProofs(acct) != nil {
		t.Errorf("off: got %v, want none", acct.Proofs)
	}
}

func wantProofs(t *testing.T, w *world, want []records.Proof) {
	t.Helper()
	got := factor.LastProofs(w.account(t, alice))
	same := func(a, b records.Proof) bool { return a.Method == b.Method && a.At.Equal(b.At) }
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("got %v, want %v", got, want)
	}
}

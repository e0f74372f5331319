package factor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// Codes are noted as kept by a session that is verified, while the factor is on, and only
// those that count.
func TestA38_CodesAreKeptBy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, w *world, p *factor.Proof)
		set    string // another one than that in force
		kept   bool
		err    error
	}{
		"a verified session": {kept: true},
		"one that was logged out": {change: func(t *testing.T, w *world, p *factor.Proof) {
			expect.NoError(t, w.records.DeleteGrant(t.Context(), p.Grant.ID))
		}, err: factor.ErrOvertaken},
		"one whose account is closed": {change: func(t *testing.T, w *world, _ *factor.Proof) {
			w.change(t, alice, func(a *records.Account) { a.HeldSince, a.Era = w.clock.Now(), a.Era+1 })
		}, err: factor.ErrHeld},
		"one whose factor is off": {change: func(t *testing.T, w *world, _ *factor.Proof) {
			w.change(t, alice, func(a *records.Account) { a.State = records.Off })
		}, err: factor.ErrOff},
		"a page with other codes": {set: "another"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.node(t)
			w.enrol(t, r, alice)
			const secret = "the secret of a browser"
			if answer, _, err := r.MakeRecovery(t.Context(), alice, w.fresh(t, alice), factor.Viewer{Secret: secret}); err != nil || answer.Result != factor.CodeAccepted {
				t.Fatalf("got %v, %v, want accepted", answer.Result, err)
			}
			set := factor.SetID(w.account(t, alice).Recovery)
			if c.set != "" {
				set = c.set
			}
			p := w.fresh(t, alice)
			if c.change != nil {
				c.change(t, w, &p)
			}
			for range 2 { // by two clicks
				if kept, err := r.KeepCodes(t.Context(), alice, p, set); kept != c.kept || !errors.Is(err, c.err) {
					t.Errorf("got %t, %v, want %t, %v", kept, err, c.kept, c.err)
				}
			}
			expect.Differ(t, w.account(t, alice).Recovery.Browser != "", c.kept, "the codes wait to be kept")
		})
	}
}

// Who clicks twice changes the account once.
func TestCodesAreKeptOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	if _, _, err := r.MakeRecovery(t.Context(), alice, w.fresh(t, alice), factor.Viewer{Secret: "the secret of a browser"}); err != nil {
		t.Fatal(err)
	}
	set := factor.SetID(w.account(t, alice).Recovery)
	var versions [2]uint64
	for i := range versions {
		if kept, err := r.KeepCodes(t.Context(), alice, w.fresh(t, alice), set); err != nil || !kept {
			t.Errorf("got %t, %v, want true", kept, err)
		}
		versions[i] = w.account(t, alice).Version
	}
	expect.Equal(t, versions[0], versions[1], "versions %v", versions)
}

// Whose codes are being made is told to the browser that they are made for, until they
// are there, and while the factor is on.
func TestA51_CodesAreBeingMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	for name, c := range map[string]struct {
		change func(a *records.Account, s *factor.Session)
		want   bool
	}{
		"now":             {func(*records.Account, *factor.Session) {}, true},
		"another browser": {func(_ *records.Account, s *factor.Session) { s.Browsers = []string{"other"} }, false},
		"already there":   {func(a *records.Account, _ *factor.Session) { a.Recovery = &records.Recovery{Browser: browser} }, false},
		"the former ones": {func(a *records.Account, _ *factor.Session) { a.Recovery = &records.Recovery{} }, true},
		"off":             {func(a *records.Account, _ *factor.Session) { a.State = records.Off }, false},
		"long ago":        {func(a *records.Account, _ *factor.Session) { a.RecoveryMade[0] = w.clock.Now().Add(-time.Minute) }, false},
	} {
		acct, s := w.account(t, alice), session("a")
		acct.RecoveryMaker, acct.RecoveryMade, acct.Recovery = browser, append(acct.RecoveryMade[:0:0], w.clock.Now()), nil
		c.change(&acct, &s)
		expect.Equal(t, r.IsMaking(acct, s), c.want, name)
	}
}

// Without the factor, nobody sees its codes.
func TestA38_NoNewCodesWhileOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	const secret = "the secret of a browser"
	if _, _, err := r.MakeRecovery(t.Context(), alice, w.fresh(t, alice), factor.Viewer{Secret: secret}); err != nil {
		t.Fatal(err)
	}
	s := factor.Session{Browsers: []string{factor.BrowserOf(secret)}, Secrets: []string{secret}}
	acct := w.account(t, alice)
	if _, ok, err := r.NewCodes(t.Context(), acct, s); err != nil || !ok {
		t.Errorf("on: got %t, %v, want the codes", ok, err)
	}
	acct.State = records.Off
	if _, ok, err := r.NewCodes(t.Context(), acct, s); err != nil || ok {
		t.Errorf("off: got %t, %v, want none", ok, err)
	}
}

package factor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

func holding(cfg *factor.Config) { cfg.False, cfg.HoldRejected = eagate.Rejection, true }

func rejecting(cfg *factor.Config) { cfg.False = eagate.Rejection }

// What closes an account, and what a report that comes again must not close.
func TestHold(t *testing.T) {
	type step func(t *testing.T, w *world, r *factor.Rules, token string)
	reported := func(t *testing.T, _ *world, r *factor.Rules, token string) {
		t.Helper()
		expect.Try(r.Decide(t.Context(), token, false)).OrFail(t)
	}
	cutOff := func(t *testing.T, w *world, r *factor.Rules, token string) {
		t.Helper()
		w.store.setFaultOf(store.Accounts, errDown) // and not of the challenge
		if _, err := r.Decide(t.Context(), token, false); !errors.Is(err, errDown) {
			t.Errorf("got %v, want the fault", err)
		}
		w.store.setFault(nil)
	}
	must := func(do func(t *testing.T, r *factor.Rules) error) step {
		return func(t *testing.T, w *world, r *factor.Rules, _ string) {
			t.Helper()
			w.clock.Add(time.Second)
			expect.NoError(t, do(t, r))
		}
	}
	release := must(func(t *testing.T, r *factor.Rules) error { return r.PasswordChanged(t.Context(), alice.ID) })
	unlock := must(func(t *testing.T, r *factor.Rules) error { return r.Unlock(t.Context(), alice.ID, "a test") })
	reset := must(func(t *testing.T, r *factor.Rules) error { return r.Reset(t.Context(), alice.ID, "a test") })
	enrol := func(t *testing.T, w *world, r *factor.Rules, _ string) { w.enrol(t, r, alice) }
	off := func(t *testing.T, w *world, r *factor.Rules, _ string) {
		if answer, err := r.Disable(t.Context(), alice, w.fresh(t, alice)); err != nil || answer.Result != factor.CodeAccepted {
			t.Errorf("disable: got %v, %v", answer, err)
		}
	}
	for _, c := range []struct {
		name  string
		steps []step
		want  bool
	}{
		{"rejected", []step{reported}, true},
		{"cut off", []step{cutOff}, false},
		{"cut off, and reported again", []step{cutOff, reported}, true},
		{"released", []step{reported, release}, false},
		{"released, and reported again", []step{reported, release, reported}, false},
		{"cut off, released, and reported again", []step{cutOff, release, reported}, false},
		{"opened by an administrator", []step{reported, unlock}, false},
		{"opened by an administrator, and reported again", []step{reported, unlock, reported}, false},
		{"reset, and enrolled", []step{reported, reset, enrol}, false},
		{"reset, reported again, and enrolled", []step{reported, reset, reported, enrol}, false},
		{"reset, enrolled, and reported again", []step{reported, reset, enrol, reported}, false},
		{"reset, rejected, and enrolled", []step{reset, reported, enrol}, false},
		{"switched off, rejected, and enrolled", []step{off, reported, enrol}, false},
		{"reset, enrolled, and rejected", []step{reset, enrol, reported}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t, holding)
			w.enrol(t, r, alice)
			token := begun(t, r, alice, "s").Token
			for _, do := range c.steps {
				do(t, w, r, token)
			}
			acct := w.account(t, alice)
			if got := r.LockOf(acct, eagate.TOTP) == eagate.LockHeld; got != c.want || acct.HeldSince.IsZero() == c.want {
				t.Errorf("got held %t since %v, want %t", got, acct.HeldSince, c.want)
			}
		})
	}
}

// A report that comes again says no later time.
func TestHeldSince(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, holding)
	w.enrol(t, r, alice)
	token := begun(t, r, alice, "s").Token
	at := w.clock.Now()
	for range 2 {
		expect.Try(r.Decide(t.Context(), token, false)).OrFail(t)
		w.clock.Add(time.Minute)
	}
	if got := w.account(t, alice).HeldSince; !got.Equal(at) {
		t.Errorf("got held since %v, want %v", got, at)
	}
}

// While an account is closed nothing new is proved, whatever was under way.
func TestHeldTakesNothing(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, holding, trusting)
	p, _ := w.enrol(t, r, alice)
	other := w.stage(t, r, alice, session("staging"), w.fresh(t, alice))
	rejected := begun(t, r, alice, "rejected")
	w.store.setFaultOf(store.Accounts, errDown) // the report is cut off before it closes the account
	if _, err := r.Decide(t.Context(), rejected.Token, false); !errors.Is(err, errDown) {
		t.Fatalf("got %v, want the fault", err)
	}
	w.store.setFault(nil)
	approved := begun(t, r, alice, "approved")
	for token, yes := range map[string]bool{approved.Token: true, rejected.Token: false} {
		expect.Try(r.Decide(t.Context(), token, yes)).OrFail(t)
	}
	expect.Equal(t, expect.Try(r.Consume(t.Context(), alice, approved, far)).OrFail(t), "", "an approval: a grant")
	if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeHeld {
		t.Errorf("a code: got %v, want held", answer.Result)
	}
	// Nor does somebody who is in already change anything, with whatever proof: it
	// may be the one who was rejected.
	for name, proof := range map[string]factor.Proof{"fresh": w.fresh(t, alice), "code": w.proof(t, alice, p.code())} {
		before := w.account(t, alice)
		stage, err1 := r.Stage(t.Context(), alice, session("more"), browser, proof)
		disable, err2 := r.Disable(t.Context(), alice, proof)
		codes, _, err3 := r.MakeRecovery(t.Context(), alice, proof, factor.Viewer{})
		confirm, _, err4 := r.Confirm(t.Context(), alice, session("staging"), w.proof(t, alice, other.code()), far)
		for _, answer := range []factor.CodeAnswer{stage, disable, codes, confirm} {
			expect.Equal(t, answer.Result, factor.CodeHeld, name)
		}
		if _, _, err := r.Trust(t.Context(), alice, proof, ""); !errors.Is(err, factor.ErrHeld) {
			t.Errorf("%s: trust: got %v", name, err)
		}
		expect.NoError(t, errors.Join(err1, err2, err3, err4))
		if a := w.account(t, alice); a.Epoch != before.Epoch || a.State != records.On || len(a.Devices) != 0 || a.Recovery != nil {
			t.Errorf("%s: got %+v, want nothing changed", name, a)
		}
	}
	w.clock.Add(time.Hour)
	if _, err := r.Begin(t.Context(), alice, session("more"), browser); !errors.Is(err, factor.ErrHeld) {
		t.Errorf("another request: got %v, want %v", err, factor.ErrHeld)
	}
	expect.NoError(t, r.PasswordChanged(t.Context(), alice.ID))
	if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeAccepted {
		t.Errorf("released: got %v, want accepted", answer.Result)
	}
}

// A user without a second factor has nothing that a changed password could open; what
// was begun is in an earlier era, which an account says.
func TestPasswordChangedOfNobody(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, holding)
	for want := uint64(1); want < 3; want++ {
		expect.NoError(t, r.PasswordChanged(t.Context(), alice.ID))
		if a := w.account(t, alice); a.Era != want || a.State != records.Off || a.Epoch != 0 {
			t.Errorf("got era %d, epoch %d, state %v, want %d, 0 and off", a.Era, a.Epoch, a.State, want)
		}
	}
}

// An approval of an earlier era isn't taken, wherever the account names the challenge.
func TestApprovalOfAnEarlierEra(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	s := begun(t, r, alice, "s")
	expect.Try(r.Decide(t.Context(), s.Token, true)).OrFail(t)
	w.change(t, alice, func(a *records.Account) { a.Era++ })
	expect.Equal(t, expect.Try(r.Consume(t.Context(), alice, s, far)).OrFail(t), "", "a grant")
}

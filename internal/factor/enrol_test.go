package factor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/totp"
)

// Only a session that was verified with the factor that is in force, moments
// ago and not revoked since, may change it without a code.
func TestA39_FreshProof(t *testing.T) {
	for _, c := range []struct {
		name  string
		proof func(t *testing.T, w *world, r *factor.Rules) factor.Proof
		want  bool
	}{
		{"just now", func(t *testing.T, w *world, _ *factor.Rules) factor.Proof {
			return w.fresh(t, alice)
		}, true},
		{"5 minutes ago, less a moment", func(t *testing.T, w *world, _ *factor.Rules) factor.Proof {
			p := w.fresh(t, alice)
			w.clock.Add(5*time.Minute - 1)
			return p
		}, true},
		{"5 minutes ago", func(t *testing.T, w *world, _ *factor.Rules) factor.Proof {
			p := w.fresh(t, alice)
			w.clock.Add(5 * time.Minute)
			return p
		}, false},
		{"in the future", func(t *testing.T, w *world, _ *factor.Rules) factor.Proof {
			p := w.fresh(t, alice)
			w.clock.Add(-6 * time.Second)
			return p
		}, false},
		{"of a trusted device", func(t *testing.T, w *world, _ *factor.Rules) factor.Proof {
			p := w.fresh(t, alice)
			w.byDevice(t, alice, p.Grant)
			return p
		}, false},
		{"nothing", func(*testing.T, *world, *factor.Rules) factor.Proof {
			return factor.Proof{}
		}, false},
		{"another user's", func(t *testing.T, w *world, r *factor.Rules) factor.Proof {
			epoch := w.account(t, alice).Epoch
			w.change(t, bob, func(b *records.Account) { b.Epoch = epoch })
			return w.fresh(t, bob)
		}, false},
		{"with the factor before", func(t *testing.T, w *world, r *factor.Rules) factor.Proof {
			p := w.fresh(t, alice)
			q := w.stage(t, r, alice, session("again"), w.fresh(t, alice))
			if answer, _, err := r.Confirm(t.Context(), alice, session("again"), w.proof(t, alice, q.code()), far); err != nil || answer.Result != factor.CodeAccepted {
				t.Fatalf("confirm: got %v, %v", answer, err)
			}
			return p
		}, false},
		{"revoked elsewhere", func(t *testing.T, w *world, r *factor.Rules) factor.Proof {
			p, _ := w.enrol(t, r, bob) // whatever the cache knows
			w.clock.Add(time.Minute)
			_, grant := verify(t, r, bob, p.code())
			_, g, err := r.Check(t.Context(), bob.ID, grant)
			expect.NoError(t, err)
			proof := w.fresh(t, alice)
			proof.Grant.ID = g.ID
			expect.NoError(t, w.node(t).Revoke(t.Context(), grant))
			return proof
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t)
			w.enrol(t, r, alice)
			proof := c.proof(t, w, r)
			before := w.account(t, alice)
			answer, err := r.Stage(t.Context(), alice, session("s"), browser, proof)
			if got := answer.Result == factor.CodeAccepted; err != nil && !errors.Is(err, factor.ErrOvertaken) || got != c.want {
				t.Errorf("stage: got %v, %v, want accepted %t", answer, err, c.want)
			}
			if got := w.account(t, alice).Staged; (got != nil) != c.want {
				t.Errorf("stage: got staged %v, want %t", got, c.want)
			}
			answer, err = r.Disable(t.Context(), alice, proof)
			if got := answer.Result == factor.CodeAccepted; err != nil && !errors.Is(err, factor.ErrOvertaken) || got != c.want {
				t.Errorf("disable: got %v, %v, want accepted %t", answer, err, c.want)
			}
			if after := w.account(t, alice); c.want && (after.State != records.Off || after.Staged != nil) {
				t.Errorf("disable: got state %v, staged %t, want nothing left to confirm", after.State, after.Staged != nil)
			} else if !c.want && (after.State != records.On || after.Epoch != before.Epoch) {
				t.Errorf("disable: got state %v, epoch %d, it unchanged", after.State, after.Epoch)
			}
		})
	}
}

// The store is asked for the proof, so that its fault refuses the change.
func TestA39_FreshProofStoreDown(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	proof := w.fresh(t, alice)
	w.store.setFault(errDown)
	if answer, err := r.Disable(t.Context(), alice, proof); !errors.Is(err, errDown) || answer.Result == factor.CodeAccepted {
		t.Errorf("disable: got %v, %v, want the fault", answer, err)
	}
	if answer, err := r.Stage(t.Context(), alice, session("s"), browser, proof); !errors.Is(err, errDown) || answer.Result == factor.CodeAccepted {
		t.Errorf("stage: got %v, %v, want the fault", answer, err)
	}
}

// A staged secret is the staging session's alone, for a while, once.
func TestA39_Staging(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	mine := session("mine")
	p := w.stage(t, r, alice, mine, factor.Proof{})
	try := func(user eagate.User, s factor.Session, want error) {
		t.Helper()
		if _, err := r.Staged(t.Context(), user, s); !errors.Is(err, want) {
			t.Errorf("see: got %v, want %v", err, want)
		}
		if want == nil {
			return
		}
		if answer, grant, err := r.Confirm(t.Context(), user, s, w.proof(t, user, p.code()), far); !errors.Is(err, want) || grant != "" || answer.Result == factor.CodeAccepted {
			t.Errorf("confirm: got %v, grant %q, %v, want %v", answer, grant, err, want)
		}
	}
	try(alice, mine, nil)
	try(alice, session("another"), factor.ErrNoEnrolment)
	try(alice, factor.Session{}, factor.ErrNoEnrolment)
	try(alice, factor.Session{Token: "token"}, factor.ErrNoEnrolment)
	try(bob, mine, factor.ErrNoEnrolment)
	w.clock.Add(factor.EnrolmentTime - 1)
	try(alice, mine, nil)
	w.clock.Add(1)
	try(alice, mine, factor.ErrNoEnrolment)
	expect.Equal(t, w.account(t, alice).State, records.Off, "state")

	p = w.stage(t, r, alice, mine, factor.Proof{})
	if answer, _, err := r.Confirm(t.Context(), alice, mine, w.proof(t, alice, p.code()), far); err != nil || answer.Result != factor.CodeAccepted {
		t.Fatalf("confirm: got %v, %v", answer, err)
	}
	try(alice, mine, factor.ErrNoEnrolment)
}

// A session without an ID can't own an enrolment: all such would be one.
func TestStagedByNoSession(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	expect.Try(r.Stage(t.Context(), alice, factor.Session{}, browser, factor.Proof{})).OrFail(t)
	if e, err := r.Staged(t.Context(), alice, factor.Session{}); !errors.Is(err, factor.ErrNoEnrolment) {
		t.Errorf("got %v, %v, want %v", e.ExpiresAt, err, factor.ErrNoEnrolment)
	}
}

// Another period counts other steps: the last one of the factor before says
// nothing of the new one.
func TestEnrolOtherPeriod(t *testing.T) {
	for _, c := range []struct{ from, to time.Duration }{
		{30 * time.Second, time.Minute}, {time.Minute, 30 * time.Second}, {30 * time.Second, 30 * time.Second},
	} {
		w := newWorld(t)
		with := func(d time.Duration) *factor.Rules {
			return w.node(t, func(cfg *factor.Config) {
				cfg.TOTP = totp.Parameters{Algorithm: "SHA256", Digits: 8, Period: d}
			})
		}
		w.enrol(t, with(c.from), alice)
		w.clock.Add(c.to + c.from)
		r := with(c.to)
		p := w.stage(t, r, alice, session("again"), w.fresh(t, alice))
		code := p.code()
		if answer, _, err := r.Confirm(t.Context(), alice, session("again"), w.proof(t, alice, code), far); err != nil || answer.Result != factor.CodeAccepted {
			t.Fatalf("from %v to %v: confirm: got %v, %v", c.from, c.to, answer, err)
		}
		if answer, _ := verify(t, r, alice, code); answer.Result != factor.CodeUsed {
			t.Errorf("from %v to %v: the enrolment's code: got %v, want used", c.from, c.to, answer.Result)
		}
		w.clock.Add(c.to)
		if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeAccepted {
			t.Errorf("from %v to %v: the next code: got %v, want accepted", c.from, c.to, answer.Result)
		}
	}
}

// Old mistakes don't keep anybody from starting over, once it is switched off.
func TestEnrolAnew(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	p := w.stage(t, r, alice, session("s"), factor.Proof{})
	for range 5 {
		if answer, _, err := r.Confirm(t.Context(), alice, session("s"), w.proof(t, alice, p.wrong()), far); err != nil || answer.Result != factor.CodeWrong {
			t.Fatalf("wrong code: got %v, %v", answer, err)
		}
	}
	if answer, _, err := r.Confirm(t.Context(), alice, session("s"), w.proof(t, alice, p.code()), far); err != nil || answer.Result != factor.CodePaused {
		t.Errorf("after five: got %v, %v, want paused", answer, err)
	}
	w.enrol(t, r, alice)
}

// Off is off: nothing of the factor is left behind.
func TestDisableForgets(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	p, grant := w.enrol(t, r, alice)
	if answer, err := r.Disable(t.Context(), alice, w.proof(t, alice, p.code())); err != nil || answer.Result != factor.CodeAccepted {
		t.Fatalf("disable: got %v, %v", answer, err)
	}
	a := w.account(t, alice)
	if a.State != records.Off || a.Factor.Secret != nil || a.Staged != nil || a.Sync.Retired != nil {
		t.Errorf("got %+v, want nothing of the factor", a)
	}
	if _, err := r.Disable(t.Context(), alice, w.proof(t, alice, p.code())); !errors.Is(err, factor.ErrOff) {
		t.Errorf("again: got %v, want %v", err, factor.ErrOff)
	}
	wantCheck(t, r, alice, "", factor.Open, "off")
	w.clock.Add(time.Minute)
	w.enrol(t, r, alice)
	wantCheck(t, r, alice, grant, factor.Locked, "the grant of the time before")
}

// A grant that another has taken the place of, or that is about to be deleted,
// proves nothing: a request that was let in before may still bring it.
func TestA39_GrantIsOver(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, w *world, r *factor.Rules, p phone, secret, id string){
		"succeeded": func(t *testing.T, _ *world, r *factor.Rules, p phone, secret, _ string) {
			_, next := verify(t, r, alice, p.code())
			expect.NoError(t, r.Succeed(t.Context(), alice, factor.Session{}, secret, factor.Entry{Secret: next, Method: eagate.TOTP}, far))
		},
		"ended": func(t *testing.T, w *world, _ *factor.Rules, _ phone, _, id string) {
			expect.NoError(t, w.records.UpdateGrant(t.Context(), id, func(g *records.Grant) error { g.Kind = records.KindEnded; return nil }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t, trusting)
			p, secret := w.enrol(t, r, alice)
			_, g, err := r.Check(t.Context(), alice.ID, secret)
			if err != nil || !r.Fresh(g) {
				t.Fatalf("got %+v, %v, want a fresh grant", g, err)
			}
			proof := factor.Proof{Basis: factor.BasisOf(w.account(t, alice)), Grant: g}
			other := w.stage(t, r, alice, session("again"), proof)
			end(t, w, r, p, secret, g.ID)
			_, stage := r.Stage(t.Context(), alice, session("more"), browser, proof)
			_, codes, recovery := r.MakeRecovery(t.Context(), alice, proof, factor.Viewer{})
			device, _, trust := r.Trust(t.Context(), alice, proof, "")
			_, revoke := r.DistrustBy(t.Context(), alice, proof, "")
			_, disable := r.Disable(t.Context(), alice, proof)
			proof.Code = other.code()
			_, grant, confirm := r.Confirm(t.Context(), alice, session("again"), proof, far)
			for change, err := range map[string]error{
				"stage": stage, "recovery codes": recovery, "trust": trust, "revoke": revoke, "disable": disable, "confirm": confirm,
			} {
				expect.Is(t, err, factor.ErrOvertaken, change)
			}
			if codes != nil || device != "" || grant != "" {
				t.Errorf("got codes %q, device %q, grant %q, want none", codes, device, grant)
			}
		})
	}
}

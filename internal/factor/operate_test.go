package factor_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// troubled is an account that is kept out by everything at once, with an enrolment
// under way.
func (w *world) troubled(t testing.TB, r *factor.Rules, on bool) (grant string) {
	t.Helper()
	if on {
		_, grant = w.enrol(t, r, alice)
		w.trusted(t, r, alice)
		begun(t, r, alice, "waiting")
		w.stage(t, r, alice, session("staging"), w.fresh(t, alice))
	} else {
		w.stage(t, r, alice, session("staging"), factor.Proof{})
	}
	later := w.clock.Now().Add(time.Hour)
	w.change(t, alice, func(a *records.Account) {
		a.Failures, a.LockedUntil = 20, later
		a.RecoveryFailures, a.RecoveryLockedUntil = 50, later
		a.Push.Sent, a.Push.PausedUntil = []time.Time{w.clock.Now()}, later
		if on {
			a.HeldSince = w.clock.Now()
			a.Recovery = &records.Recovery{Scheme: "argon2id 19456 2 1", Hashes: [][]byte{[]byte("hash")}}
		}
	})
	return grant
}

func wantUntroubled(t *testing.T, r *factor.Rules, a records.Account) {
	t.Helper()
	if a.Failures != 0 || !a.LockedUntil.IsZero() || a.RecoveryFailures != 0 || !a.RecoveryLockedUntil.IsZero() || !a.HeldSince.IsZero() || len(a.Push.Sent) != 0 || !a.Push.PausedUntil.IsZero() ||
		r.LockOf(a, records.MethodTOTP) != factor.LockNone || r.LockOf(a, records.MethodRecovery) != factor.LockNone {
		t.Errorf("got %d failures until %v, held since %v, %v sent, paused until %v, want nothing left of it",
			a.Failures, a.LockedUntil, a.HeldSince, a.Push.Sent, a.Push.PausedUntil)
	}
}

// A reset leaves nothing to go in by, and nothing that keeps the next phone out;
// also where only an enrolment was under way.
func TestReset(t *testing.T) {
	for name, on := range map[string]bool{"on": true, "off": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t, trusting)
			w.troubled(t, r, on)
			before := w.account(t, alice)
			if err := r.Reset(t.Context(), alice.ID, "a test"); err != nil {
				t.Fatal(err)
			}
			a := w.account(t, alice)
			wantUntroubled(t, r, a)
			if a.State != records.Off || a.Staged != nil || a.Recovery != nil || a.Devices != nil || a.Push.Live != "" || len(a.Factor.Secret) != 0 || a.LastStep != 0 {
				t.Errorf("got state %v, staged %t, recovery %t, %d devices, live %q, want nothing left", a.State, a.Staged != nil, a.Recovery != nil, len(a.Devices), a.Push.Live)
			}
			if a.Epoch == before.Epoch {
				t.Errorf("got epoch %d as before, want a new one", a.Epoch)
			}
		})
	}
}

// What keeps a user out is forgotten, and what is proved, staged or trusted stays.
func TestUnlock(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, trusting)
	w.troubled(t, r, true)
	before := w.account(t, alice)
	if err := r.Unlock(t.Context(), alice.ID, "a test"); err != nil {
		t.Fatal(err)
	}
	a := w.account(t, alice)
	wantUntroubled(t, r, a)
	if a.State != records.On || a.Epoch != before.Epoch || a.Staged == nil || len(a.Recovery.Hashes) != 1 || len(a.Devices) != 1 || a.Push.Live != before.Push.Live {
		t.Errorf("got %+v, want the rest of it unchanged", a)
	}
}

// All that was proved is worthless, and what keeps guessers out stays.
func TestRevokeAll(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, trusting)
	grant := w.troubled(t, r, true)
	wantCheck(t, r, alice, grant, factor.Verified, "before")
	w.change(t, alice, func(a *records.Account) { a.Push.Reserved, a.Push.ReservedUntil = "s", w.clock.Now().Add(time.Hour) })
	if err := r.RevokeAll(t.Context(), alice.ID, "a test"); err != nil {
		t.Fatal(err)
	}
	wantCheck(t, r, alice, grant, factor.Locked, "proved before")
	a := w.account(t, alice)
	if a.State != records.On || len(a.Devices) != 0 || a.Push.Live != "" || a.Push.Reserved != "" || !a.Push.ReservedUntil.IsZero() {
		t.Errorf("got state %v, %d devices, live %q, reserved for %q, want nothing left to go in by", a.State, len(a.Devices), a.Push.Live, a.Push.Reserved)
	}
	if r.LockOf(a, records.MethodTOTP) != factor.LockHeld || a.Failures != 20 || len(a.Push.Sent) != 1 {
		t.Errorf("got lock %v, %d failures, want the limits unchanged", r.LockOf(a, records.MethodTOTP), a.Failures)
	}
}

func TestLockOf(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	now := w.clock.Now()
	for _, c := range []struct {
		acct            records.Account
		phone, recovery factor.Lock
	}{
		{records.Account{}, factor.LockNone, factor.LockNone},
		{records.Account{Failures: 19, LockedUntil: now}, factor.LockNone, factor.LockNone},
		{records.Account{Failures: 19, LockedUntil: now.Add(time.Microsecond)}, factor.LockPaused, factor.LockNone},
		{records.Account{Failures: 20, LockedUntil: now.Add(time.Hour)}, factor.LockBlocked, factor.LockNone},
		{records.Account{RecoveryFailures: 49, RecoveryLockedUntil: now}, factor.LockNone, factor.LockNone},
		{records.Account{RecoveryFailures: 49, RecoveryLockedUntil: now.Add(time.Microsecond)}, factor.LockNone, factor.LockPaused},
		{records.Account{RecoveryFailures: 50}, factor.LockNone, factor.LockBlocked},
		{records.Account{Failures: 20, HeldSince: now}, factor.LockHeld, factor.LockHeld},
	} {
		phone, recovery := r.LockOf(c.acct, records.MethodTOTP), r.LockOf(c.acct, records.MethodRecovery)
		if phone != c.phone || recovery != c.recovery {
			t.Errorf("%+v: got %v and %v, want %v and %v", c.acct, phone, recovery, c.phone, c.recovery)
		}
	}
	for lock, want := range map[factor.Lock]string{factor.LockNone: "none", factor.LockPaused: "paused", factor.LockBlocked: "blocked", factor.LockHeld: "held", 9: "invalid"} {
		if got := lock.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

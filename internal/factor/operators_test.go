package factor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
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
		r.LockOf(a, eagate.TOTP) != eagate.LockNone || r.LockOf(a, eagate.Recovery) != eagate.LockNone {
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
			expect.NoError(t, r.Reset(t.Context(), alice.ID, "a test"))
			a := w.account(t, alice)
			wantUntroubled(t, r, a)
			if a.State != records.Off || a.Staged != nil || a.Recovery != nil || a.Devices != nil || a.Push.Live != "" || len(a.Factor.Secret) != 0 || a.LastStep != 0 {
				t.Errorf("got state %v, staged %t, recovery %t, %d devices, live %q, want nothing left", a.State, a.Staged != nil, a.Recovery != nil, len(a.Devices), a.Push.Live)
			}
			expect.Differ(t, a.Epoch, before.Epoch, "epoch as before")
		})
	}
}

// What keeps a user out is forgotten, and what is proved, staged or trusted stays.
func TestUnlock(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, trusting)
	w.troubled(t, r, true)
	before := w.account(t, alice)
	expect.NoError(t, r.Unlock(t.Context(), alice.ID, "a test"))
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
	expect.NoError(t, r.RevokeAll(t.Context(), alice.ID, "a test"))
	wantCheck(t, r, alice, grant, factor.Locked, "proved before")
	a := w.account(t, alice)
	if a.State != records.On || len(a.Devices) != 0 || a.Push.Live != "" || a.Push.Reserved != "" || !a.Push.ReservedUntil.IsZero() {
		t.Errorf("got state %v, %d devices, live %q, reserved for %q, want nothing left to go in by", a.State, len(a.Devices), a.Push.Live, a.Push.Reserved)
	}
	if r.LockOf(a, eagate.TOTP) != eagate.LockHeld || a.Failures != 20 || len(a.Push.Sent) != 1 {
		t.Errorf("got lock %v, %d failures, want the limits unchanged", r.LockOf(a, eagate.TOTP), a.Failures)
	}
}

func TestLockOf(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	now := w.clock.Now()
	for _, c := range []struct {
		acct            records.Account
		phone, recovery eagate.Lock
	}{
		{records.Account{}, eagate.LockNone, eagate.LockNone},
		{records.Account{Failures: 19, LockedUntil: now}, eagate.LockNone, eagate.LockNone},
		{records.Account{Failures: 19, LockedUntil: now.Add(time.Microsecond)}, eagate.LockPaused, eagate.LockNone},
		{records.Account{Failures: 20, LockedUntil: now.Add(time.Hour)}, eagate.LockBlocked, eagate.LockNone},
		{records.Account{RecoveryFailures: 49, RecoveryLockedUntil: now}, eagate.LockNone, eagate.LockNone},
		{records.Account{RecoveryFailures: 49, RecoveryLockedUntil: now.Add(time.Microsecond)}, eagate.LockNone, eagate.LockPaused},
		{records.Account{RecoveryFailures: 50}, eagate.LockNone, eagate.LockBlocked},
		{records.Account{Failures: 20, HeldSince: now}, eagate.LockHeld, eagate.LockHeld},
	} {
		phone, recovery := r.LockOf(c.acct, eagate.TOTP), r.LockOf(c.acct, eagate.Recovery)
		if phone != c.phone || recovery != c.recovery {
			t.Errorf("%+v: got %v and %v, want %v and %v", c.acct, phone, recovery, c.phone, c.recovery)
		}
	}
	for lock, want := range map[eagate.Lock]string{eagate.LockNone: "none", eagate.LockPaused: "paused", eagate.LockBlocked: "blocked", eagate.LockHeld: "held", 9: "invalid"} {
		expect.Equal(t, lock.String(), want)
	}
}

// rotated is a node with a new key before the former one, and one with the new
// key alone. The world reads and writes as the first does from then on.
func (w *world) rotated(t *testing.T) (both, alone *factor.Rules) {
	t.Helper()
	next := bytes.Repeat([]byte("new key!"), 4)
	both = w.node(t, func(cfg *factor.Config) { cfg.Keys = newKeyring(t, next, key) })
	alone = w.node(t, func(cfg *factor.Config) { cfg.Keys = newKeyring(t, next) })
	w.records = records.New(w.store, newKeyring(t, next, key))
	return both, alone
}

// opens fails the test unless a code counts, which takes the secret.
func opens(t *testing.T, r *factor.Rules, user eagate.User, p phone, want bool) {
	t.Helper()
	p.clock.Add(2 * 30e9)
	var answer factor.CodeAnswer
	basis, err := r.Basis(t.Context(), user.ID)
	if err == nil {
		answer, _, err = r.VerifyCode(t.Context(), user, session("opens"), factor.Proof{Basis: basis, Code: p.code()}, far)
	}
	expect.Equal(t, err == nil && answer.Result == factor.CodeAccepted, want, "code of %s, %v, %v", user.Email, answer, err)
}

// Whatever is changed in an account is sealed by the newest key from then on.
func TestResealedWhenChanged(t *testing.T) {
	w := newWorld(t)
	p, _ := w.enrol(t, w.node(t), alice)
	both, alone := w.rotated(t)
	opens(t, alone, alice, p, false)
	before := w.account(t, alice).Factor.Secret
	if answer, _ := verify(t, both, alice, p.wrong()); answer.Result != factor.CodeWrong {
		t.Fatalf("got %v, want wrong", answer)
	}
	if bytes.Equal(w.account(t, alice).Factor.Secret, before) {
		t.Error("the secret was not sealed anew")
	}
	opens(t, alone, alice, p, true)
}

// A secret that no key opens keeps nobody from changing something else.
func TestUnreadableSecretIsLeft(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	unreadable := []byte("sealed by a lost key")
	w.change(t, alice, func(a *records.Account) { a.Factor.Secret = unreadable })
	expect.Try(r.Begin(t.Context(), alice, session("begin"), browser)).OrFail(t, "push")
	if a := w.account(t, alice); !bytes.Equal(a.Factor.Secret, unreadable) {
		t.Error("a secret that can't be opened was changed")
	}
}

// ResealAll reaches every account, in all that it keeps sealed, and tells how far
// it is; what it can't open it names.
func TestResealAll(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, func(cfg *factor.Config) { cfg.SecretOnDisable = true })
	p, _ := w.enrol(t, r, alice)
	staged := w.stage(t, r, alice, session("staged"), w.fresh(t, alice))
	w.enrol(t, r, bob)
	w.disableUser(t, r, bob) // which keeps the secret that the service wants
	const (
		others = 2*factor.ReportEvery + 7 // accounts
		grants = 6                        // of the proofs until here
		emails = 2                        // that were claimed
	)
	for i := range others {
		user := eagate.User{ID: fmt.Sprint("other ", i), Email: "other@example.com"}
		w.change(t, user, func(a *records.Account) { a.Failures = 1 })
	}
	w.change(t, eagate.User{ID: "damaged"}, func(a *records.Account) { a.Factor.Secret = []byte("damaged") })

	both, alone := w.rotated(t)
	var reports []factor.Progress
	done, err := both.ResealAll(t.Context(), func(p factor.Progress) { reports = append(reports, p) })
	if want := (factor.Progress{Seen: others + 3 + grants + emails, Changed: others + 3 + grants + emails, Failed: 1}); done != want {
		t.Errorf("got %+v, want %+v", done, want)
	}
	if err == nil || !strings.Contains(err.Error(), `"damaged"`) {
		t.Errorf("got %v, want the damaged account named", err)
	}
	if len(reports) != 3 || reports[0].Seen != factor.ReportEvery || reports[2] != done {
		t.Errorf("got the reports %+v, want one now and then, and at the end", reports)
	}
	opens(t, alone, alice, p, true)
	proof := w.fresh(t, alice)
	proof.Code = staged.code()
	if answer, _, err := alone.Confirm(t.Context(), alice, session("staged"), proof, far); err != nil || answer.Result != factor.CodeAccepted {
		t.Errorf("staged: got %v, %v, want accepted", answer, err)
	}
	expect.NoError(t, alone.SyncDue(t.Context()))
	w.wantView(t, bob, "with the secret on DISABLE")

	// Once more, there is nothing to do, and nothing is written.
	version := w.account(t, alice).Version
	if done, _ := both.ResealAll(t.Context(), func(factor.Progress) {}); done.Changed != 0 {
		t.Errorf("once more: got %+v, want no change", done)
	}
	expect.Equal(t, w.account(t, alice).Version, version, "once more: the account was written")
}

func (w *world) disableUser(t *testing.T, r *factor.Rules, user eagate.User) {
	t.Helper()
	if answer, err := r.Disable(t.Context(), user, w.fresh(t, user)); err != nil || answer.Result != factor.CodeAccepted {
		t.Fatalf("disable: got %v, %v, want accepted", answer, err)
	}
}

// A service that has forgotten everything learns it again.
func TestResyncAll(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	w.enrol(t, r, bob)
	w.disableUser(t, r, bob)
	w.change(t, eagate.User{ID: "never"}, func(a *records.Account) { a.Failures = 1 })
	w.sync(t, r)
	w.service.view = map[string]client.Status{bob.Email: {Email: bob.Email, Enabled: true}}

	done, err := r.ResyncAll(t.Context(), func(factor.Progress) {})
	if want := (factor.Progress{Seen: 3, Changed: 2}); done != want || err != nil {
		t.Errorf("got %+v, %v, want %+v", done, err, want)
	}
	var late []string
	for a, err := range r.Accounts(t.Context()) {
		if !a.Sync.Late() {
			continue
		}
		if err != nil || a.Sync.Since.IsZero() {
			t.Errorf("got %+v, %v, want since when it is late", a.Sync, err)
		}
		late = append(late, a.UserID)
	}
	if want := []string{alice.ID, bob.ID}; !slices.Equal(late, want) {
		t.Errorf("late: got %q, want %q", late, want)
	}
	w.sync(t, r)
	w.wantView(t, bob, "told again")
	w.clock.Add(factor.ResyncAfter)
	w.sync(t, r)
	w.wantView(t, alice, "told again")
}

// A fault of the store ends the list, with what was done so far.
func TestAllFault(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	w.store.setFault(errDown)
	if done, err := r.ResyncAll(t.Context(), func(factor.Progress) {}); !errors.Is(err, errDown) || done.Seen != 0 {
		t.Errorf("got %+v, %v, want the store's error", done, err)
	}
}

// While the client doesn't ask the service, no attempt is counted, and the other
// accounts are left alone.
func TestSyncResting(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	for i := range 20 {
		w.enrol(t, r, eagate.User{ID: fmt.Sprint(i), Email: fmt.Sprintf("%d@example.com", i)})
	}
	w.service.setDown(&client.Error{Op: "SyncStatus", Kind: client.Unavailable})
	resting := resting{w.service}
	rests := w.node(t, func(cfg *factor.Config) { cfg.Service = resting })
	expect.NoError(t, rests.SyncDue(t.Context()))
	touched := 0
	for a, err := range r.Accounts(t.Context()) {
		expect.NoError(t, err)
		if a.Sync.Attempts != 0 || !a.Sync.ClaimedUntil.IsZero() {
			t.Errorf("got %+v, want no attempt", a.Sync)
		}
		if a.Sync.NextAt.After(w.clock.Now()) {
			touched++
		}
	}
	if touched == 0 || touched > 4 {
		t.Errorf("%d of 20 accounts were tried, want those of the workers at most", touched)
	}
	expect.Lacks(t, w.log.String(), "level=ERROR", "logged")
	w.service.setDown(nil)
	w.clock.Add(factor.SyncRest)
	w.sync(t, r)
	expect.Equal(t, len(w.service.on()), 20, "users on at the service afterwards")
}

// resting is a client that finds that it had better not ask the service.
type resting struct{ *service }

func (resting) SyncStatus(context.Context, client.Status) error {
	return fmt.Errorf("client: %w", client.ErrCircuitOpen)
}

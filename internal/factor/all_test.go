package factor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

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
func opens(t *testing.T, r *factor.Rules, user factor.User, p phone, want bool) {
	t.Helper()
	p.clock.Add(2 * 30e9)
	var answer factor.CodeAnswer
	basis, err := r.Basis(t.Context(), user.ID)
	if err == nil {
		answer, _, err = r.VerifyCode(t.Context(), user, session("opens"), factor.Proof{Basis: basis, Code: p.code()}, far)
	}
	if got := err == nil && answer.Result == factor.CodeAccepted; got != want {
		t.Errorf("code of %s: got %v, %v, want accepted %t", user.Email, answer, err, want)
	}
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
	if _, err := r.Begin(t.Context(), alice, session("begin"), browser); err != nil {
		t.Errorf("push: got %v", err)
	}
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
		user := factor.User{ID: fmt.Sprint("other ", i), Email: "other@example.com"}
		w.change(t, user, func(a *records.Account) { a.Failures = 1 })
	}
	w.change(t, factor.User{ID: "damaged"}, func(a *records.Account) { a.Factor.Secret = []byte("damaged") })

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
	if err := alone.SyncDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantView(t, bob, "with the secret on DISABLE")

	// Once more, there is nothing to do, and nothing is written.
	version := w.account(t, alice).Version
	if done, _ := both.ResealAll(t.Context(), func(factor.Progress) {}); done.Changed != 0 {
		t.Errorf("once more: got %+v, want no change", done)
	}
	if got := w.account(t, alice).Version; got != version {
		t.Errorf("once more: the account was written")
	}
}

func (w *world) disableUser(t *testing.T, r *factor.Rules, user factor.User) {
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
	w.change(t, factor.User{ID: "never"}, func(a *records.Account) { a.Failures = 1 })
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
		w.enrol(t, r, factor.User{ID: fmt.Sprint(i), Email: fmt.Sprintf("%d@example.com", i)})
	}
	w.service.setDown(&client.Error{Op: "SyncStatus", Kind: client.Unavailable})
	resting := resting{w.service}
	rests := w.node(t, func(cfg *factor.Config) { cfg.Service = resting })
	if err := rests.SyncDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	touched := 0
	for a, err := range r.Accounts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
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
	if log := w.log.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("got logged:\n%s", log)
	}
	w.service.setDown(nil)
	w.clock.Add(factor.SyncRest)
	w.sync(t, r)
	if got := len(w.service.on()); got != 20 {
		t.Errorf("got %d users on at the service afterwards, want 20", got)
	}
}

// resting is a client that finds that it had better not ask the service.
type resting struct{ *service }

func (resting) SyncStatus(context.Context, client.Status) error {
	return fmt.Errorf("client: %w", client.ErrCircuitOpen)
}

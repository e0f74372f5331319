package factor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// choosy is a service that answers with an error for one address.
type choosy struct {
	*service
	email string
	err   error
}

func (c choosy) SyncStatus(ctx context.Context, st client.Status) error {
	if st.Email == c.email {
		return c.err
	}
	return c.service.SyncStatus(ctx, st)
}

// A former address that can't be switched off doesn't keep the new one off; one
// that can't exist is given up.
func TestSyncFormerAddressRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		late bool
	}{
		{"refused", &client.Error{Op: "SyncStatus", Kind: client.Refused}, true},
		{"impossible", &client.Error{Op: "SyncStatus", Kind: client.Invalid}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t, func(cfg *factor.Config) { cfg.Service = choosy{w.service, alice.Email, c.err} })
			w.enrol(t, r, alice)
			r.SyncNow(t.Context(), alice.ID)
			w.swap(t, r, moved)
			w.clock.Add(factor.SyncPauseMax)
			r.SyncNow(t.Context(), alice.ID)
			if got, want := w.service.on(), []string{moved.Email}; !slices.Equal(got, want) {
				t.Errorf("got %q on at the service, want %q", got, want)
			}
			expect.Equal(t, w.account(t, alice).Sync.Late(), c.late)
		})
	}
}

// Accounts that nothing can be done about now don't keep a pass busy, and the
// others from their turn.
func TestSyncPassesOver(t *testing.T) {
	const many = factor.SyncBatch + 7
	for name, spoil := range map[string]func(*world, *records.Account){
		"claimed by a node whose clock is ahead": func(w *world, a *records.Account) {
			a.Sync.ClaimedUntil = w.clock.Now().Add(time.Hour)
			a.Sync.NextAt = w.clock.Now().Add(-time.Hour)
		},
		"that can't be written": func(_ *world, a *records.Account) { a.Failures = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t, func(cfg *factor.Config) { cfg.Records = records.New(damaged{w.store}, w.keys) })
			for i := range many {
				user := eagate.User{ID: fmt.Sprint("spoilt ", i), Email: fmt.Sprintf("%d@example.com", i)}
				w.change(t, user, func(a *records.Account) {
					a.Email, a.Sync.Wanted = user.Email, 1
					spoil(w, a)
				})
			}
			w.enrol(t, r, alice)
			asked := w.store.count()
			_ = r.SyncDue(t.Context())
			w.wantView(t, alice, "behind the others")
			if n := w.store.count() - asked; n > 10*many {
				t.Errorf("the store was asked %d times for %d accounts", n, many)
			}
		})
	}
}

// damaged is a store that can't write some accounts.
type damaged struct{ store.Backend }

func (d damaged) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if kind == store.Accounts && bytes.Contains(doc.Body, []byte(`"failures":-1`)) {
		return 0, errors.New("disk full")
	}
	return d.Backend.Put(ctx, kind, doc)
}

// An address that has gone over from a user to another stays on for that one.
func TestResyncSharedAddress(t *testing.T) {
	for range 20 {
		w := newWorld(t)
		r := w.node(t)
		former, heir := eagate.User{ID: "z", Email: "x@example.com"}, eagate.User{ID: "a", Email: "x@example.com"}
		w.enrol(t, r, former)
		w.disableUser(t, r, former)
		w.sync(t, r)
		w.enrol(t, r, heir)
		w.sync(t, r)
		expect.Try(r.ResyncAll(t.Context(), func(factor.Progress) {})).OrFail(t)
		for range 3 {
			w.sync(t, r)
			w.clock.Add(factor.ResyncAfter)
		}
		w.wantView(t, heir, "told anew")
	}
}

// The secret that a DISABLE wants outlives another enrolment, and one that can't be
// opened doesn't hold the DISABLE up.
func TestSyncRetiredSecret(t *testing.T) {
	wants := func(cfg *factor.Config) { cfg.SecretOnDisable = true }
	t.Run("under a new address", func(t *testing.T) {
		w := newWorld(t)
		r := w.node(t, wants)
		first, _ := w.enrol(t, r, alice)
		w.sync(t, r)
		w.disable(t, r)
		w.enrol(t, r, moved)
		w.sync(t, r)
		if got := w.service.view[alice.Email]; got.Enabled || got.Secret != first.secret {
			t.Errorf("got %v, it off, with its own secret", got)
		}
	})
	t.Run("the key is lost", func(t *testing.T) {
		w := newWorld(t)
		r := w.node(t, wants)
		w.enrol(t, r, alice)
		w.sync(t, r)
		w.disable(t, r)
		w.change(t, alice, func(a *records.Account) { a.Sync.Retired = []byte("sealed by a lost key") })
		w.sync(t, r)
		w.wantView(t, alice, "switched off")
	})
}

// A store that stores, and whose answer is lost once, costs nobody the approval.
func TestConsumeUnanswered(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	s := session("login")
	token := expect.Try(r.Begin(t.Context(), alice, s, browser)).OrFail(t)
	expect.Equal(t, expect.Try(r.Decide(t.Context(), token, true)).OrFail(t), factor.DecisionTaken, "decide")
	lossy := w.node(t, func(cfg *factor.Config) { cfg.Records = records.New(&mute{Backend: w.store, answers: 2}, w.keys) })
	secret, err := lossy.Consume(t.Context(), alice, s, far)
	if err != nil || secret == "" {
		t.Fatalf("consume: got %q, %v, want a grant", secret, err)
	}
	expect.NoError(t, lossy.Succeed(t.Context(), alice, s, "", factor.Entry{Secret: secret, Method: eagate.Push}, far), "move")
	wantCheck(t, lossy, alice, secret, factor.Verified, "after answers were lost")
	expect.Equal(t, expect.Try(lossy.Consume(t.Context(), alice, s, far)).OrFail(t), "", "once more")
}

// mute is a store that loses the answers to so many writes.
type mute struct {
	store.Backend
	answers int
}

func (m *mute) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	version, err := m.Backend.Put(ctx, kind, doc)
	if m.answers > 0 && err == nil {
		m.answers--
		return 0, errDown
	}
	return version, err
}

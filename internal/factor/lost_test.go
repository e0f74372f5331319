package factor_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// forget deletes an account from the store, as an accident does.
func (w *world) forget(t *testing.T, user eagate.User) store.Document {
	t.Helper()
	docs, err := w.store.Get(t.Context(), store.Accounts, user.ID)
	if err == nil {
		err = w.store.Delete(t.Context(), store.Accounts, user.ID, docs[0].Version)
	}
	expect.NoError(t, err)
	return docs[0]
}

// A session that holds a grant of a user isn't let in when the account is gone, not
// even when the grant is gone, too.
func TestAccountLost(t *testing.T) {
	for name, everything := range map[string]bool{"the account": false, "everything": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, grant := w.enrol(t, w.node(t), alice)
			w.forget(t, alice)
			if everything {
				w.store.Backend = store.NewMemory()
			}
			r := w.node(t)
			if verdict, _, err := r.Check(t.Context(), alice.ID, grant); !errors.Is(err, factor.ErrAccountLost) || verdict != factor.Locked {
				t.Errorf("got %v, %v, want ErrAccountLost", verdict, err)
			}
			wantCheck(t, r, bob, grant, factor.Open, "another user of the same session, who never had a second factor")
			wantCheck(t, r, bob, "", factor.Open, "nobody's session")
		})
	}
}

// That another session was let in without a second factor, because the account is gone,
// doesn't let the one in that holds a grant.
func TestAccountLostAndRemembered(t *testing.T) {
	w := newWorld(t)
	_, grant := w.enrol(t, w.node(t), alice)
	w.forget(t, alice)
	r := w.node(t)
	wantCheck(t, r, alice, "", factor.Open, "a session that holds nothing")
	if verdict, known := r.Remembered(alice.ID, grant); known {
		t.Errorf("one that holds a grant: got %v remembered, want the store to be asked", verdict)
	}
	if verdict, _, err := r.Check(t.Context(), alice.ID, grant); !errors.Is(err, factor.ErrAccountLost) || verdict != factor.Locked {
		t.Errorf("one that holds a grant: got %v, %v, want ErrAccountLost", verdict, err)
	}
}

// A report about a challenge whose account is gone makes no account.
func TestReportWithoutAccount(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, rejecting)
	w.enrol(t, r, alice)
	token := expect.Try(r.Begin(t.Context(), alice, session("begun"), browser)).OrFail(t)
	w.forget(t, alice)
	if _, err := r.Decide(t.Context(), token, false); !errors.Is(err, factor.ErrAccountLost) {
		t.Errorf("got %v, want ErrAccountLost", err)
	}
	expect.Equal(t, w.account(t, alice).Version, 0, "an account")
}

// An account that is forgotten and made anew has another epoch: what was proved
// before doesn't count.
func TestAccountMadeAnew(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	_, before := w.enrol(t, r, alice)
	s := session("begun before")
	token := expect.Try(r.Begin(t.Context(), alice, s, browser)).OrFail(t)
	s.Token = token
	expect.Try(r.Decide(t.Context(), token, true)).OrFail(t)
	w.forget(t, alice)
	w.enrol(t, r, alice)
	w.clock.Add(factor.CacheLifetime)
	wantCheck(t, r, alice, before, factor.Locked, "a grant of the former account")
	if secret, err := r.Consume(t.Context(), alice, s, far); secret != "" || err != nil {
		t.Errorf("an approval of the former account: got a grant %t, %v", secret != "", err)
	}
}

// That an account is older than it was stands in the log.
func TestVersionGoesDown(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	wantCheck(t, r, alice, "", factor.Locked, "before")
	w.change(t, alice, func(a *records.Account) { a.Failures++ })
	w.clock.Add(factor.CacheLifetime)
	wantCheck(t, r, alice, "", factor.Locked, "changed")
	const line = "an account is older than it was"
	if log := w.log.String(); strings.Contains(log, line) {
		t.Fatalf("got logged before anything happened:\n%s", log)
	}
	w.forget(t, alice)
	w.clock.Add(factor.CacheLifetime)
	wantCheck(t, r, alice, "", factor.Open, "deleted")
	if log := w.log.String(); strings.Count(log, line) != 1 {
		t.Errorf("got logged, want the line once:\n%s", log)
	}
}

// A48: that a node has seen the account a while ago doesn't hide from a session that was
// asked for a proof that it is lost, whatever the clock does.
func TestA48_PendingAccountLost(t *testing.T) {
	for _, set := range []time.Duration{0, -time.Hour, time.Hour} {
		w := newWorld(t)
		r := w.node(t)
		w.enrol(t, r, alice)
		wantCheck(t, r, alice, "", factor.Locked, "before")
		w.forget(t, alice)
		if err := r.CheckPending(t.Context(), alice.ID); err != nil {
			t.Errorf("at once: got %v, want what is remembered", err)
		}
		w.clock.Add(factor.CacheLifetime)
		w.clock.Set(w.clock.Now().Add(set))
		expect.Is(t, r.CheckPending(t.Context(), alice.ID), factor.ErrAccountLost, "clock set by %v", set)
	}
}

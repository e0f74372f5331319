package factor_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// A request that wasn't approved counts once, whoever finds out, and although the
// report was cut off between challenge and account.
func TestA25_CountsOnce(t *testing.T) {
	report := func(t *testing.T, _ *world, r *factor.Rules, token string) {
		t.Helper()
		expect.Try(r.Decide(t.Context(), token, false)).OrFail(t)
	}
	cutOff := func(t *testing.T, w *world, r *factor.Rules, token string) {
		t.Helper()
		w.store.setFaultOf(store.Accounts, errDown)
		if _, err := r.Decide(t.Context(), token, false); !errors.Is(err, errDown) {
			t.Errorf("got %v, want the fault", err)
		}
		w.store.setFault(nil)
	}
	yes := func(t *testing.T, _ *world, r *factor.Rules, token string) {
		t.Helper()
		expect.Try(r.Decide(t.Context(), token, true)).OrFail(t)
	}
	over := func(t *testing.T, _ *world, r *factor.Rules, token string) {
		t.Helper()
		s := session("s")
		s.Token = token
		expect.NoError(t, r.Abandon(t.Context(), alice, s))
	}
	for _, c := range []struct {
		name  string
		steps []func(*testing.T, *world, *factor.Rules, string)
		want  int
	}{
		{"no report", nil, 1},
		{"reported", []func(*testing.T, *world, *factor.Rules, string){report}, 1},
		{"reported twice", []func(*testing.T, *world, *factor.Rules, string){report, report}, 1},
		{"cut off", []func(*testing.T, *world, *factor.Rules, string){cutOff}, 1},
		{"cut off, and reported again", []func(*testing.T, *world, *factor.Rules, string){cutOff, report}, 1},
		{"approved, and not used", []func(*testing.T, *world, *factor.Rules, string){yes}, 0},
		{"approved, and logged out", []func(*testing.T, *world, *factor.Rules, string){yes, over}, 0},
		{"logged out", []func(*testing.T, *world, *factor.Rules, string){over}, 1},
		{"approved, then false", []func(*testing.T, *world, *factor.Rules, string){yes, report}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t)
			w.enrol(t, r, alice)
			s := begun(t, r, alice, "s")
			for _, do := range c.steps {
				do(t, w, r, s.Token)
			}
			w.clock.Add(factor.DefaultTokenLifetime)
			begun(t, r, alice, "next")
			expect.Equal(t, w.account(t, alice).Push.Unapproved, c.want, "counted")
		})
	}
}

// One that was forgotten counts too: otherwise one every hour would never pause.
func TestA25_ForgottenCounts(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	begun(t, r, alice, "s")
	w.clock.Add(2 * time.Hour)
	expect.Try(w.records.DeleteExpired(t.Context(), w.clock.Now(), 10)).OrFail(t)
	begun(t, r, alice, "next")
	expect.Equal(t, w.account(t, alice).Push.Unapproved, 1, "counted")
}

// Who logs out while the phone is being asked doesn't avoid the pauses either. A fault
// of the service isn't the user's.
func TestA25_GivenUpWhileBegun(t *testing.T) {
	for name, c := range map[string]struct {
		down error
		want int
	}{"logged out": {nil, 1}, "a fault": {errDown, 0}} {
		w := newWorld(t)
		r := w.node(t)
		w.enrol(t, r, alice)
		s := session("s")
		w.service.setDown(c.down)
		w.service.creating = func() {
			if err := r.Abandon(t.Context(), alice, s); err != nil {
				t.Error(err)
			}
		}
		_, _ = r.Begin(t.Context(), alice, s, browser)
		w.service.setDown(nil)
		w.service.creating = nil
		w.clock.Add(factor.DefaultTokenLifetime)
		begun(t, r, alice, "next")
		expect.Equal(t, w.account(t, alice).Push.Unapproved, c.want, "%s, counted", name)
	}
}

// What is refused writes nothing, but for what is found out by it.
func TestA50_RefusedPushesWriteNothing(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	for range 2 {
		begun(t, r, alice, "s")
		w.clock.Add(factor.DefaultTokenLifetime)
	}
	var limit *factor.PushLimit
	refused := func() records.Account {
		t.Helper()
		if _, err := r.Begin(t.Context(), alice, session("more"), browser); !errors.As(err, &limit) || !limit.Paused {
			t.Errorf("got %v, want a pause", err)
		}
		return w.account(t, alice)
	}
	before := refused()
	expect.Equal(t, before.Push.Unapproved, 2, "counted")
	for range 3 {
		expect.Equal(t, refused().Version, before.Version, "the account was written")
	}
}

// A rejection that comes between a right code and the session's new ID stops it; in a
// session that had gone on before, it changes nothing.
func TestA49_RejectedMeanwhile(t *testing.T) {
	for _, moved := range []bool{false, true} {
		w := newWorld(t)
		r := w.node(t, rejecting)
		p, _ := w.enrol(t, r, alice)
		s := session("s")
		s.Ends = far
		answer, secret, err := r.VerifyCode(t.Context(), alice, s, w.proof(t, alice, p.code()), far)
		if err != nil || answer.Result != factor.CodeAccepted {
			t.Fatalf("got %v, %v", answer.Result, err)
		}
		move := func() error {
			return r.Succeed(t.Context(), alice, s, "", factor.Entry{Secret: secret, Method: eagate.TOTP}, far)
		}
		if moved {
			expect.NoError(t, move())
		}
		expect.NoError(t, r.Reject(t.Context(), alice, s))
		mark, err := r.SessionEnd(t.Context(), alice, s)
		if err != nil || !mark.Over || mark.Ended == moved || mark.Rejected == moved {
			t.Errorf("moved %t: got %+v, %v", moved, mark, err)
		}
		want := factor.Verified
		if !moved {
			want = factor.Locked
			expect.Is(t, move(), factor.ErrSessionOver)
		}
		if verdict, _, err := r.Check(t.Context(), alice.ID, secret); err != nil || verdict != want {
			t.Errorf("moved %t: got %v, %v, want %v", moved, verdict, err, want)
		}
	}
}

// Ten sign-ins in a quarter of an hour that are approved are no attack: each gives back
// its own request, by the one write that forgives, and no other's. Requests that aren't
// approved stay counted.
func TestA25_HonestSignIns(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	begun(t, r, alice, "given up")
	for i := range 10 {
		w.clock.Add(time.Minute)
		before, writes := w.account(t, alice), w.store.writes(store.Accounts)
		s := begun(t, r, alice, fmt.Sprint("sign-in ", i))
		expect.Try(r.Decide(t.Context(), s.Token, true)).OrFail(t)
		secret, err := r.Consume(t.Context(), alice, s, far)
		if err != nil || secret == "" {
			t.Fatalf("sign-in %d: got %v", i, err)
		}
		after := w.account(t, alice)
		if n := len(after.Push.Unused); n != 1 || !after.Push.Unused[0].Equal(before.Push.Unused[0]) {
			t.Errorf("sign-in %d: got %d requests that count, want only the one that was given up", i, n)
		}
		// The place is taken, the request is live, its approval was used.
		expect.Equal(t, w.store.writes(store.Accounts)-writes, 3, "sign-in %d, the account written times", i)
	}
	for i := range 2 {
		begun(t, r, alice, fmt.Sprint("not approved ", i))
	}
	var limit *factor.PushLimit
	if _, err := r.Begin(t.Context(), alice, session("one more"), browser); !errors.As(err, &limit) || limit.Paused {
		t.Errorf("after three that weren't approved: got %v, want a limit", err)
	}
}

package factor_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// begun returns the session in which a challenge has begun.
func begun(t testing.TB, r *factor.Rules, user eagate.User, id string) factor.Session {
	t.Helper()
	s := session(id)
	var err error
	if s.Token, err = r.Begin(t.Context(), user, s, browser); err != nil || s.Token == "" {
		t.Fatalf("begin: got token %q, %v", s.Token, err)
	}
	return s
}

func (w *world) challenge(t testing.TB, r *factor.Rules, user eagate.User, s factor.Session) records.Challenge {
	t.Helper()
	view := expect.Try(look(t, r, user, s)).OrFail(t)
	c := expect.Try(w.records.Challenge(t.Context(), view.ID)).OrFail(t)
	return c
}

// What a report does to a challenge in each state: the first decision stands.
func TestDecide(t *testing.T) {
	for _, c := range []struct {
		state    records.ChallengeState
		approved bool
		expired  bool
		want     factor.Decision
		then     records.ChallengeState
	}{
		{records.Pending, true, false, factor.DecisionTaken, records.Approved},
		{records.Pending, false, false, factor.DecisionTaken, records.Rejected},
		{records.Pending, true, true, factor.DecisionTooLate, records.Pending},
		{records.Pending, false, true, factor.DecisionTooLate, records.Pending},
		{records.Approved, true, false, factor.DecisionRepeated, records.Approved},
		{records.Approved, false, false, factor.DecisionTooLate, records.Approved},
		{records.Approved, true, true, factor.DecisionRepeated, records.Approved},
		{records.Approved, false, true, factor.DecisionTooLate, records.Approved},
		{records.Rejected, true, false, factor.DecisionTooLate, records.Rejected},
		{records.Rejected, false, false, factor.DecisionRepeated, records.Rejected},
		{records.Rejected, true, true, factor.DecisionTooLate, records.Rejected},
		{records.Rejected, false, true, factor.DecisionRepeated, records.Rejected},
		{records.Consumed, true, false, factor.DecisionRepeated, records.Consumed},
		{records.Consumed, false, false, factor.DecisionTooLate, records.Consumed},
		{records.Consumed, true, true, factor.DecisionRepeated, records.Consumed},
		{records.Consumed, false, true, factor.DecisionTooLate, records.Consumed},
		{records.Void, true, false, factor.DecisionTooLate, records.Void},
		{records.Void, false, false, factor.DecisionTooLate, records.Void},
		{records.Void, true, true, factor.DecisionTooLate, records.Void},
		{records.Void, false, true, factor.DecisionTooLate, records.Void},
	} {
		t.Run(fmt.Sprintf("%v, %t, expired %t", c.state, c.approved, c.expired), func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t, rejecting)
			w.enrol(t, r, alice)
			s := begun(t, r, alice, "s")
			before := w.challenge(t, r, alice, s)
			decided := w.clock.Now()
			err := w.records.UpdateChallenge(t.Context(), before.ID, func(ch *records.Challenge) error {
				ch.State = c.state
				if c.state != records.Pending {
					ch.DecidedAt = decided
				}
				return nil
			})
			expect.NoError(t, err)
			w.clock.Set(before.ExpiresAt.Add(-time.Microsecond))
			if c.expired {
				w.clock.Set(before.ExpiresAt)
			}
			got, err := r.Decide(t.Context(), s.Token, c.approved)
			if err != nil || got != c.want {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
			after, err := w.records.Challenge(t.Context(), before.ID)
			if err != nil || after.State != c.then {
				t.Errorf("got state %v, %v, want %v", after.State, err, c.then)
			}
			if got == factor.DecisionTaken {
				decided = w.clock.Now()
			}
			paused := time.Time{}
			if c.then == records.Rejected && got != factor.DecisionTooLate {
				paused = decided.Add(factor.FirstPushPause)
			}
			if got := w.account(t, alice).Push.PausedUntil; !got.Equal(paused) {
				t.Errorf("got push paused until %v, want %v", got, paused)
			}
		})
	}
}

func TestDecideUnknown(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	s := begun(t, r, alice, "s")
	before := w.account(t, alice).Version
	for _, token := range []string{"", "x", s.Token + " ", s.Token[1:], w.challenge(t, r, alice, s).ID} {
		if got, err := r.Decide(t.Context(), token, true); err != nil || got != factor.DecisionUnknown {
			t.Errorf("token %q: got %v, %v, want unknown", token, got, err)
		}
	}
	expect.Equal(t, w.account(t, alice).Version, before, "the account was changed")
	expect.Equal(t, expect.Try(look(t, r, alice, s)).OrFail(t).Phase, factor.PhasePending)
}

// A whole way: what the session sees, and who may use the approval.
func TestConsume(t *testing.T) {
	for _, c := range []struct {
		name  string
		after func(t *testing.T, w *world, r *factor.Rules, s *factor.Session, user *eagate.User)
		want  bool
	}{
		{"at once", func(*testing.T, *world, *factor.Rules, *factor.Session, *eagate.User) {}, true},
		{"at the last moment", func(_ *testing.T, w *world, _ *factor.Rules, _ *factor.Session, _ *eagate.User) {
			w.clock.Add(5*time.Minute - 1)
		}, true},
		{"expired", func(_ *testing.T, w *world, _ *factor.Rules, _ *factor.Session, _ *eagate.User) {
			w.clock.Add(5 * time.Minute)
		}, false},
		{"by token alone", func(_ *testing.T, _ *world, _ *factor.Rules, s *factor.Session, _ *eagate.User) {
			s.Binding = factor.Binding("renamed")
		}, true},
		{"by binding alone", func(_ *testing.T, _ *world, _ *factor.Rules, s *factor.Session, _ *eagate.User) {
			s.Token = ""
		}, true},
		{"by another session", func(_ *testing.T, _ *world, _ *factor.Rules, s *factor.Session, _ *eagate.User) {
			*s = session("other")
		}, false},
		{"by a session without an ID", func(_ *testing.T, _ *world, _ *factor.Rules, s *factor.Session, _ *eagate.User) {
			*s = factor.Session{}
		}, false},
		{"by another user of the session", func(t *testing.T, w *world, r *factor.Rules, _ *factor.Session, user *eagate.User) {
			w.enrol(t, r, bob)
			*user = bob
		}, false},
		{"after a newer challenge", func(t *testing.T, _ *world, r *factor.Rules, _ *factor.Session, _ *eagate.User) {
			begun(t, r, alice, "newer")
		}, true},
		{"by another browser of the session", func(_ *testing.T, _ *world, _ *factor.Rules, s *factor.Session, _ *eagate.User) {
			s.Browsers = []string{"another"}
		}, false},
		{"by no browser", func(_ *testing.T, _ *world, _ *factor.Rules, s *factor.Session, _ *eagate.User) {
			s.Browsers = nil
		}, false},
		{"after another browser wanted to take over", func(t *testing.T, _ *world, r *factor.Rules, s *factor.Session, _ *eagate.User) {
			other := *s
			other.Browsers = []string{"another"}
			expect.Is(t, r.MakeRoom(t.Context(), alice, other), factor.ErrOtherBrowser)
		}, true},
		{"while a newer challenge begins", func(t *testing.T, w *world, _ *factor.Rules, _ *factor.Session, _ *eagate.User) {
			w.change(t, alice, func(a *records.Account) {
				a.Push.Live, a.Push.Reserved, a.Push.ReservedUntil = "", "x", w.clock.Now().Add(time.Minute)
			})
		}, true},
		{"after a logout", func(t *testing.T, _ *world, r *factor.Rules, s *factor.Session, _ *eagate.User) {
			expect.NoError(t, r.Abandon(t.Context(), alice, *s))
		}, false},
		{"after another enrolment", func(t *testing.T, w *world, r *factor.Rules, _ *factor.Session, _ *eagate.User) {
			w.reEnrol(t, r)
		}, false},
		{"of the factor before, though named live", func(t *testing.T, w *world, r *factor.Rules, _ *factor.Session, _ *eagate.User) {
			live := w.account(t, alice).Push.Live
			w.reEnrol(t, r)
			w.change(t, alice, func(a *records.Account) { a.Push.Live = live })
		}, false},
		{"of another user, though named live", func(t *testing.T, w *world, r *factor.Rules, _ *factor.Session, user *eagate.User) {
			live, epoch := w.account(t, alice).Push.Live, w.account(t, alice).Epoch
			w.enrol(t, r, bob)
			w.change(t, bob, func(b *records.Account) { b.Push.Live, b.Epoch = live, epoch })
			*user = bob
		}, false},
		{"after switching off", func(t *testing.T, w *world, r *factor.Rules, _ *factor.Session, _ *eagate.User) {
			expect.Try(r.Disable(t.Context(), alice, w.fresh(t, alice))).OrFail(t)
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t)
			w.enrol(t, r, alice)
			s, user := begun(t, r, alice, "s"), alice
			if grant, err := r.Consume(t.Context(), alice, s, far); err != nil || grant != "" {
				t.Fatalf("before the approval: got grant %t, %v", grant != "", err)
			}
			expect.Equal(t, expect.Try(r.Decide(t.Context(), s.Token, true)).OrFail(t), factor.DecisionTaken, "approve")
			c.after(t, w, r, &s, &user)
			grant, err := r.Consume(t.Context(), user, s, far)
			if err != nil || (grant != "") != c.want {
				t.Errorf("got grant %t, %v, want %t", grant != "", err, c.want)
			}
			if c.want {
				wantCheck(t, r, alice, grant, factor.Verified, "afterwards")
			}
			expect.Equal(t, expect.Try(r.Consume(t.Context(), user, s, far)).OrFail(t), "", "again: grant")
		})
	}
}

// Of two requests that both have seen the approval, one gets it.
func TestConsumeTogether(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	s := begun(t, r, alice, "s")
	expect.Try(r.Decide(t.Context(), s.Token, true)).OrFail(t)
	var first string
	w.store.whileReading(func() { // the account, and then
		w.store.whileReading(func() { // the challenge
			var err error
			if first, err = w.node(t).Consume(t.Context(), alice, s, far); err != nil || first == "" {
				t.Errorf("first: got grant %t, %v, want one", first != "", err)
			}
		})
	})
	second, err := r.Consume(t.Context(), alice, s, far)
	if err != nil || second != "" {
		t.Errorf("second: got grant %t, %v, want none", second != "", err)
	}
	wantCheck(t, r, alice, first, factor.Verified, "the first")
}

// What ends an approval between the look at it and its use, ends it.
func TestConsumeMeanwhile(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, w *world, r *factor.Rules, s factor.Session) error{
		"its time": func(_ *testing.T, w *world, _ *factor.Rules, _ factor.Session) error {
			w.clock.Add(5 * time.Minute)
			return nil
		},
		"a logout": func(t *testing.T, _ *world, r *factor.Rules, s factor.Session) error {
			return r.Abandon(t.Context(), alice, s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t)
			w.enrol(t, r, alice)
			s := begun(t, r, alice, "s")
			expect.Try(r.Decide(t.Context(), s.Token, true)).OrFail(t)
			w.store.whileReading(func() { // the account, and then
				w.store.whileReading(func() { // the challenge
					if err := end(t, w, w.node(t), s); err != nil {
						t.Error(err)
					}
				})
			})
			expect.Equal(t, expect.Try(r.Consume(t.Context(), alice, s, far)).OrFail(t), "", "a grant")
		})
	}
}

// One live request: the newest, in whichever session.
func TestPhases(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, rejecting)
	w.enrol(t, r, alice)
	want := func(s factor.Session, want factor.Phase, when string) {
		t.Helper()
		if view, err := look(t, r, alice, s); err != nil || view.Phase != want {
			t.Errorf("%s: got %v, %v, want %v", when, view.Phase, err, want)
		}
	}
	a := session("a")
	want(a, factor.PhaseNone, "at first")
	a = begun(t, r, alice, "a")
	want(a, factor.PhasePending, "begun")
	want(session("b"), factor.PhaseNone, "another session")
	b := begun(t, r, alice, "b")
	want(a, factor.PhaseReplaced, "another session began later")
	want(b, factor.PhasePending, "the later")
	expect.Try(r.Decide(t.Context(), a.Token, true)).OrFail(t)
	want(a, factor.PhaseReplaced, "approved after it was replaced")
	expect.Try(r.Decide(t.Context(), b.Token, true)).OrFail(t)
	want(b, factor.PhaseApproved, "approved")
	secret := expect.Try(r.Consume(t.Context(), alice, b, far)).OrFail(t)
	want(b, factor.PhaseConsumed, "consumed")
	expect.NoError(t, r.Unconsume(t.Context(), alice, b, secret))
	want(b, factor.PhaseApproved, "given back")
	wantCheck(t, r, alice, secret, factor.Locked, "the grant that was given back")
	w.clock.Add(5 * time.Minute)
	want(b, factor.PhaseExpired, "expired")
	c := begun(t, r, alice, "c")
	expect.Try(r.Decide(t.Context(), c.Token, false)).OrFail(t)
	want(c, factor.PhaseRejected, "rejected")
	expect.NoError(t, r.Abandon(t.Context(), alice, c))
	want(c, factor.PhaseNone, "given up")
}

// A25: three requests in a quarter of an hour, a pause after a rejection.
func TestA25_PushBudget(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, rejecting)
	w.enrol(t, r, alice)
	first := w.clock.Now()
	for i := range 3 {
		begun(t, r, alice, fmt.Sprint(i))
		w.clock.Add(time.Minute)
	}
	var limit *factor.PushLimit
	refused := func(until time.Time, rejected bool) {
		t.Helper()
		before, _ := w.service.asked()
		_, err := r.Begin(t.Context(), alice, session("more"), browser)
		if !errors.As(err, &limit) || !limit.Until.Equal(until) || limit.Paused != rejected {
			t.Errorf("got %v, want a limit until %v", err, until)
		}
		if after, _ := w.service.asked(); after != before {
			t.Error("the service was asked")
		}
	}
	refused(first.Add(factor.PushWindow), false)
	w.clock.Set(first.Add(factor.PushWindow - 1))
	refused(first.Add(factor.PushWindow), false)
	w.clock.Set(first.Add(factor.PushWindow))
	s := begun(t, r, alice, "after the first has aged")
	refused(first.Add(time.Minute+factor.PushWindow), false)
	expect.Try(r.Decide(t.Context(), s.Token, false)).OrFail(t)
	rejected := w.clock.Now()
	refused(rejected.Add(factor.FirstPushPause), true)
	w.clock.Set(rejected.Add(factor.FirstPushPause - 1))
	refused(rejected.Add(factor.FirstPushPause), true)
	// A repeated report doesn't lengthen the pause.
	expect.Try(r.Decide(t.Context(), s.Token, false)).OrFail(t)
	w.clock.Set(rejected.Add(factor.FirstPushPause))
	next := begun(t, r, alice, "after the pause")
	// Nor does it shorten that of a later rejection.
	for _, token := range []string{next.Token, s.Token} {
		expect.Try(r.Decide(t.Context(), token, false)).OrFail(t)
	}
	// It is the third in a row: one had run out before.
	refused(w.clock.Now().Add(2*factor.FirstPushPause), true)
	if _, err := r.Begin(t.Context(), bob, session("bob"), browser); !errors.Is(err, factor.ErrOff) {
		t.Errorf("a user without a second factor: got %v, want %v", err, factor.ErrOff)
	}
}

func TestA25_PushTogether(t *testing.T) {
	for _, c := range []struct {
		name     string
		sessions int
		want     int
	}{{"one session", 1, 1}, {"twenty sessions", 20, 3}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			nodes := []*factor.Rules{w.node(t), w.node(t)}
			w.enrol(t, nodes[0], alice)
			// The service takes its time, so that all come while the first is at it.
			var wg sync.WaitGroup
			returned := make(chan struct{}, 20)
			w.service.mu.Lock()
			for i := range 20 {
				wg.Go(func() {
					defer func() { returned <- struct{}{} }()
					_, err := nodes[i%2].Begin(t.Context(), alice, session(fmt.Sprint(i%c.sessions)), browser)
					var limit *factor.PushLimit
					if err != nil && !errors.As(err, &limit) {
						t.Error(err)
					}
				})
			}
			late := time.After(10 * time.Second)
			for range 20 - c.want {
				select {
				case <-returned:
				case <-late:
					t.Error("too many requests are at the service")
				}
			}
			w.service.mu.Unlock()
			wg.Wait()
			if got, _ := w.service.asked(); got != c.want {
				t.Errorf("got %d requests to the phone, want %d", got, c.want)
			}
		})
	}
}

// A request that was never sent doesn't count; one that may have been does.
func TestPushCounts(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{{nil, 1}, {errDown, 1}, {client.ErrCircuitOpen, 0}} {
		w := newWorld(t)
		r := w.node(t)
		w.enrol(t, r, alice)
		w.service.setDown(c.err)
		if _, err := r.Begin(t.Context(), alice, session("s"), browser); !errors.Is(err, c.err) {
			t.Errorf("got %v, want %v", err, c.err)
		}
		push := w.account(t, alice).Push
		expect.Equal(t, len(push.Sent), c.want, "%v, counted", c.err)
		if c.err != nil && (push.Live != "" || push.Reserved != "") {
			t.Errorf("%v: got %+v, want no challenge and no reservation", c.err, push)
		}
	}
}

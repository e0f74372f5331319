package factor_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// requiring has the users need that.
func requiring(need eagate.Requirement) func(*factor.Config) {
	return func(c *factor.Config) { c.Required = func(eagate.User) eagate.Requirement { return need } }
}

func wantMissing(t testing.TB, r *factor.Rules, user eagate.User, want factor.Standing, when string) {
	t.Helper()
	expect.Equal(t, expect.Try(r.Missing(t.Context(), user)).OrFail(t), want, "%s: verdict", when)
}

// Nodes whose clocks differ keep the earliest time, and each of them stops the
// user no later than when the grace has passed by its own clock.
func TestRequiredSinceIsTheEarliest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	need := requiring(eagate.Require(time.Hour))
	var wg sync.WaitGroup
	for behind := range 8 {
		clock := func() time.Time { return w.clock.Now().Add(-time.Duration(behind) * time.Minute) }
		r := w.node(t, need, func(c *factor.Config) { c.Now = clock })
		wg.Go(func() { wantMissing(t, r, alice, factor.Open, "at once") })
	}
	wg.Wait()
	if got, want := w.account(t, alice).RequiredSince, start.Add(-7*time.Minute); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	w.clock.Add(53 * time.Minute)
	wantMissing(t, w.node(t, need), alice, factor.MustEnrol, "after the grace")
}

// A node that hasn't heard of what another has just written writes nothing else.
func TestRequiredSinceIsWrittenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	need := requiring(eagate.Require(time.Hour))
	nodes := []*factor.Rules{
		w.node(t, need), w.node(t, need),
		w.node(t, need, func(c *factor.Config) { c.Now = func() time.Time { return w.clock.Now().Add(time.Second) } }),
	}
	for _, r := range nodes {
		wantCheck(t, r, alice, "", factor.Open, "before anybody has been seen")
	}
	for _, r := range nodes {
		wantMissing(t, r, alice, factor.Open, "seen")
	}
	if a := w.account(t, alice); !a.RequiredSince.Equal(start) || a.Version != 1 {
		t.Errorf("got %v in version %d, want %v in version 1", a.RequiredSince, a.Version, start)
	}
}

// What can't be read is no reason to pass, whatever was said before.
func TestRequiredStoreFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.node(t, requiring(eagate.Require(time.Hour)))
	wantMissing(t, r, alice, factor.Open, "at first")
	w.store.setFault(errDown)
	if got, err := r.Missing(t.Context(), alice); got != factor.Locked || !errors.Is(err, errDown) {
		t.Errorf("got verdict %v, %v, want %v, %v", got, err, factor.Locked, errDown)
	}
	if got, err := r.Duty(t.Context(), alice); got != (factor.Duty{}) || !errors.Is(err, errDown) {
		t.Errorf("duty: got %v, %v, want none, %v", got, err, errDown)
	}
}

// Somebody who has just got a second factor on another node isn't let pass
// without it, nor sent to get one.
func TestRequiredSwitchedOnElsewhere(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{"seen before": true, "not seen before": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if known {
				w.change(t, alice, func(a *records.Account) { a.RequiredSince = start })
			}
			here := w.node(t, requiring(eagate.Require(time.Hour)))
			wantCheck(t, here, alice, "", factor.Open, "at first")
			w.enrol(t, w.node(t), alice) // which takes longer than the cache lives
			wantMissing(t, here, alice, factor.Locked, "switched on")
			w.clock.Add(-30 * time.Second) // what is cached doesn't become young again
			wantMissing(t, here, alice, factor.Locked, "the clock set back")
		})
	}
}

// What is so all the time is said once, however many requests meet it.
func TestRequiredIsSaidOnce(t *testing.T) {
	t.Parallel()
	for kind, need := range map[eagate.EventKind]eagate.Requirement{
		eagate.EventStopped: eagate.Require(0), eagate.EventWouldStop: eagate.ReportOnly(),
	} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var said atomic.Int32
			r := w.node(t, requiring(need), func(c *factor.Config) {
				c.Events = func(_ context.Context, e eagate.Event) {
					if e.Kind == kind && (e.UserID == alice.ID || e.UserID == bob.ID) && e.Email != "" {
						said.Add(1)
					}
				}
			})
			for _, step := range []struct {
				after time.Duration
				user  eagate.User
				want  int32
			}{
				{0, alice, 1}, {factor.RemarkAgain - 1, alice, 1}, {0, bob, 2}, {time.Microsecond, alice, 3}, {-time.Hour, alice, 4},
			} {
				w.clock.Add(step.after)
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						if _, err := r.Missing(t.Context(), step.user); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				expect.Equal(t, said.Load(), step.want, "%v later, %s, events", step.after, step.user.Email)
			}
		})
	}
}

package handlers_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
)

// Each thing that happens to a challenge reaches those who wait for it, wherever it
// happens, and whether the store can be watched or not.
func TestWaitingPagesAreTold(t *testing.T) {
	t.Parallel()
	hold := apptest.Setup{Options: []middleware.Option{middleware.WithFalseResult(eagate.Rejection), middleware.WithHoldOnRejection()}}
	for _, row := range []struct {
		name   string
		setup  apptest.Setup
		happen func(t *testing.T, at *apptest.App, w waiter)
		event  string
		poll   string // or the status of an answer that isn't 200
	}{
		{"approved", apptest.Setup{}, func(t *testing.T, at *apptest.App, w waiter) { report(t, at, w.token, "true") }, "approved", "approved"},
		{"not approved", apptest.Setup{}, func(t *testing.T, at *apptest.App, w waiter) { report(t, at, w.token, "false") }, "not_approved", "not_approved"},
		{"rejected", apptest.Rejecting(), func(t *testing.T, at *apptest.App, w waiter) { report(t, at, w.token, "false") }, "rejected", "rejected"},
		{"rejected and held", hold, func(t *testing.T, at *apptest.App, w waiter) { report(t, at, w.token, "false") }, "rejected", "rejected"},
		{"held", hold, func(t *testing.T, at *apptest.App, _ waiter) {
			at.ChangeAccount(t, alice, func(a *records.Account) { a.HeldSince = at.Clock.Now() })
		}, "none", "none"},
		{"replaced", apptest.Setup{}, func(t *testing.T, at *apptest.App, _ waiter) { at.Stopped(t, alice) }, "none", "none"},
		{"logged out", apptest.Setup{}, func(_ *testing.T, at *apptest.App, w waiter) { w.On(at).Copy().Post("/logout") }, "none", "401"},
		{"reset", apptest.Setup{}, func(t *testing.T, at *apptest.App, _ waiter) {
			expect.NoError(t, at.Gate.Admin().Reset(t.Context(), apptest.UserID(alice), "lost"))
		}, "none", "401"}, // there is nothing to prove any more, and the session is over
		{"revoked", apptest.Setup{}, func(t *testing.T, at *apptest.App, _ waiter) {
			expect.NoError(t, at.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "stolen"))
		}, "none", "none"},
		{"password changed", apptest.Setup{}, func(t *testing.T, at *apptest.App, w waiter) {
			expect.NoError(t, at.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
			report(t, at, w.token, "true") // which isn't taken any more
		}, "none", "none"},
		{"expired", apptest.Setup{}, func(_ *testing.T, at *apptest.App, _ waiter) { at.Clock.Add(5 * time.Minute) }, "expired", "expired"},
	} {
		for _, way := range []struct {
			name        string
			watch, same bool
		}{
			{"same node", false, true},
			{"other node, looking", false, false},
			{"other node, watching", true, false},
		} {
			t.Run(row.name+"/"+way.name, func(t *testing.T) {
				t.Parallel()
				world := apptest.NewWorld(t)
				var watched *apptest.Watched
				if way.watch {
					watched = world.Watch()
				}
				one := world.Node(t, row.setup)
				w := wait(t, one, alice)
				at := one
				if !way.same {
					at = world.Node(t, row.setup)
				}
				events := listen(t, w.Browser)
				events.want("pending")
				poller := w.Copy()
				if way.watch {
					settle(t, world, watched)
				}
				row.happen(t, at, w)
				begin := time.Now()
				events.want(row.event)
				events.wantEnd()
				if d := time.Since(begin); way.watch && row.name != "expired" && d > soon {
					t.Errorf("the event came after %v, it as soon as it is told", d)
				}
				var last string
				await(t, row.poll+" by polling", func() bool {
					last = polled(poller.GetJSON("/2fa/challenge/status"))
					return last != "pending"
				})
				expect.Equal(t, last, row.poll, "polling")
			})
		}
	}
}

// settle waits until a node watches the store, and has read what it begins with.
func settle(t *testing.T, world *apptest.World, watched *apptest.Watched) {
	t.Helper()
	await(t, "both watches", func() bool { now, _ := watched.Watches(); return now == 2 })
	asked, times := world.Store.Asked(), 0
	await(t, "a quiet store", func() bool {
		if now := world.Store.Asked(); now != asked {
			asked, times = now, 0
		}
		times++
		return times > 10
	})
}

// A page is told that its challenge is no longer being made, though none came of it.
func TestEventsOfAChallengeThatIsNotMade(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	watched := world.Watch()
	w := wait(t, world.Node(t), alice)
	c := expect.Try(world.Records(t).Challenge(t.Context(), world.Account(t, alice).Push.Live)).OrFail(t)
	events := listen(t, w.Browser)
	events.want("pending")
	settle(t, world, watched)
	world.ChangeAccount(t, alice, func(a *records.Account) {
		a.Push.Live, a.Push.Reserved, a.Push.ReservedBy, a.Push.ReservedUntil = "", c.Binding, c.Browser, world.Clock.Now().Add(15*time.Second)
	})
	if event := events.want("pending"); event["number"] != nil {
		t.Errorf("got event %v, want no number yet", event)
	}
	settle(t, world, watched)
	begin := time.Now()
	world.ChangeAccount(t, alice, func(a *records.Account) { a.Push.Reserved = "" })
	events.want("none")
	if d := time.Since(begin); d > soon {
		t.Errorf("the event came after %v, it as soon as it is told", d)
	}
}

// polled is what an answer to a poll says.
func polled(a apptest.Answer) string {
	if a.Status != 200 {
		return fmt.Sprint(a.Status)
	}
	return fmt.Sprint(a.JSON("state"))
}

// An account that is closed by hand, and opened again, has its challenge wait again.
func TestPollsOfAHeldAccount(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	world.Watch()
	one, two := world.Node(t), world.Node(t)
	w := wait(t, one, alice)
	state := func() string { return polled(w.GetJSON("/2fa/challenge/status")) }
	world.ChangeAccount(t, alice, func(a *records.Account) { a.HeldSince = world.Clock.Now() })
	await(t, "none", func() bool { return state() == "none" })
	expect.NoError(t, two.Gate.Admin().Unlock(t.Context(), apptest.UserID(alice), "a test"))
	await(t, "pending", func() bool { return state() == "pending" })
	report(t, two, w.token, "true")
	await(t, "approved", func() bool { return state() == "approved" })
}

// Where the store can be watched, polls of a session that waits cost it nothing.
func TestPollsAskNothing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		former bool // whether the session still holds what unlocked it once
	}{{"first time", false}, {"revoked since", true}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			world := apptest.NewWorld(t)
			watched := world.Watch()
			app := world.Node(t)
			w := wait(t, app, alice)
			if row.former {
				apptest.Approve(t, w.phone)
				w.unlock(t)
				expect.NoError(t, app.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "to ask again"))
				w.Stop()
				w = waitOn(t, w.Browser, w.phone)
			}
			await(t, "both watches", func() bool { now, _ := watched.Watches(); return now == 2 })
			w.wantState(t, "once more", "pending")
			events := listen(t, w.Browser)
			events.want("pending")
			await(t, "100 polls that ask nothing", func() bool { // what the watch has begun with may still be read
				asked := world.Store.Asked()
				for range 100 {
					w.wantState(t, "polling", "pending")
				}
				return world.Store.Asked() == asked
			})
		})
	}
}

// A session isn't told of another one's challenge, though it is of the same user, and
// known here.
func TestPollsAreOfTheirSession(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	first := wait(t, app, alice)
	second := waitOn(t, app.Stopped(t, alice), first.phone)
	report(t, app, second.token, "true")
	second.wantState(t, "the second", "approved")
	first.wantState(t, "the first", "none")
	other := app.Browser(t).Login(alice)
	expect.Equal(t, other.GetJSON("/2fa/challenge/status").JSON("state"), "none", "a session without a challenge")
	first.SendNew()
	second.wantState(t, "the second, after a new one of the first", "approved")
}

// While a watch is broken, what is written meanwhile is looked for, and once it goes
// on, nothing of it has been missed.
func TestEventsWhenTheWatchBreaksOff(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	watched := world.Watch()
	one, two := world.Node(t), world.Node(t)
	w := wait(t, one, alice)
	other := wait(t, one, bob)
	events, others := listen(t, w.Browser), listen(t, other.Browser)
	events.want("pending")
	others.want("pending")
	await(t, "both watches", func() bool { now, _ := watched.Watches(); return now == 2 })
	watched.Break(errors.New("the server was restarted"))
	report(t, two, w.token, "true")
	events.want("approved")
	watched.Break(nil)
	await(t, "both watches, anew", func() bool { now, _ := watched.Watches(); return now == 2 })
	begin := time.Now()
	report(t, two, other.token, "true")
	others.want("approved")
	if d := time.Since(begin); d > soon {
		t.Errorf("the event came after %v, it as soon as it is told", d)
	}
}

// All tabs of a session are told.
func TestEventsInSixTabs(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	one, two := world.Node(t), world.Node(t)
	w := wait(t, one, alice)
	var tabs []*stream
	for i := range 6 {
		b := w.Browser
		if i%2 == 1 {
			b = w.On(two)
		}
		s := listen(t, b)
		s.want("pending")
		tabs = append(tabs, s)
	}
	report(t, one, w.token, "true")
	for _, s := range tabs {
		s.want("approved")
		s.wantEnd()
	}
}

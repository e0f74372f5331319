package middleware_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
)

// clockTricks are what may happen to the clock of a node while two seconds pass in
// truth.
var clockTricks = map[string]func(*apptest.Clock){
	"right":                       func(c *apptest.Clock) { c.Add(2 * time.Second) },
	"an hour back":                func(c *apptest.Clock) { c.Add(2 * time.Second); c.Set(-time.Hour) },
	"stands, but monotonic":       func(c *apptest.Clock) { c.Add(2 * time.Second); c.Set(-2 * time.Second) },
	"suspended for two seconds":   func(c *apptest.Clock) { c.Set(2 * time.Second) },
	"suspended for an hour":       func(c *apptest.Clock) { c.Set(time.Hour) },
	"suspended, and an hour back": func(c *apptest.Clock) { c.Set(time.Hour); c.Set(-2 * time.Hour) },
}

// twoNodes returns two nodes on one store. The first has a clock of its own.
func twoNodes(t *testing.T, setups ...apptest.Setup) (here, there *apptest.App, clock *apptest.Clock) {
	t.Helper()
	world := apptest.NewWorld(t)
	clock = apptest.NewClock(world.Clock)
	return world.Node(t, append(setups, apptest.Setup{Clock: clock})...), world.Node(t, setups...), clock
}

// A48: whatever a node's clock does, what was revoked on another node passes no longer
// than two seconds, and with the store down nothing passes.
func TestA48_RevokedElsewhere(t *testing.T) {
	t.Parallel()
	for name, trick := range clockTricks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there, clock := twoNodes(t)
			phone := there.Enrolled(t, alice)
			clock.Add(apptest.Step)
			b := byPush(t, here, phone)
			expect.NoError(t, there.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "test"))
			here.Store.Fail(apptest.All)
			clock.Add(2*time.Second - time.Microsecond)
			b.WantIn("within two seconds, the store down")
			trick(clock)
			for _, a := range []apptest.Answer{b.Get("/account"), b.GetJSON("/account")} {
				if a.Secret() || a.Status != http.StatusServiceUnavailable {
					t.Errorf("store down: got %d, want 503", a.Status)
				}
			}
			here.Store.Fail(0)
			b.WantLocked("store back")
		})
	}
}

// A48: nor does the password alone, of a user who has just enrolled on another node.
func TestA48_EnrolledElsewhere(t *testing.T) {
	t.Parallel()
	for name, trick := range clockTricks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there, clock := twoNodes(t)
			b := here.Browser(t).Login(alice)
			b.WantIn("without a second factor")
			there.Enrolled(t, alice)
			clock.Add(2*time.Second - time.Microsecond)
			trick(clock)
			b.WantLocked("enrolled on another node")
			here.Store.Fail(apptest.All)
			if a := b.GetJSON("/account"); a.Secret() || a.Status != http.StatusServiceUnavailable {
				t.Errorf("store down: got %d, want 503", a.Status)
			}
		})
	}
}

// days is how far the clock is ahead for a moment.
const days = 48 * time.Hour

// A48: what was restricted by a clock that was ahead keeps nobody out when it is right
// again: neither on the phone nor by a code.
func TestA48_RestrictedAhead(t *testing.T) {
	t.Parallel()
	for name, restrict := range map[string]func(t *testing.T, app *apptest.App, phone *emulator.Phone){
		"paused codes": func(t *testing.T, app *apptest.App, phone *emulator.Phone) {
			b := app.Browser(t).Login(alice)
			for range 5 {
				b.Post("/2fa/challenge/totp", "code", app.WrongCode(t, phone))
			}
			if a := b.PostJSON("/2fa/challenge/totp", `{"code":"`+apptest.Code(t, phone)+`"}`); a.Status != http.StatusTooManyRequests {
				t.Errorf("a code after five wrong ones: got %d, want 429", a.Status)
			}
		},
		"paused recovery codes": func(t *testing.T, app *apptest.App, _ *emulator.Phone) {
			app.ChangeAccount(t, alice, func(a *records.Account) {
				a.RecoveryFailures, a.RecoveryLockedUntil = 12, app.Clock.Now().Add(time.Hour)
			})
		},
		"three requests": func(t *testing.T, app *apptest.App, _ *emulator.Phone) {
			for range 3 {
				app.Stopped(t, alice)
			}
			app.Browser(t).Login(alice).PostJSON("/2fa/challenge", "").Want(t, http.StatusTooManyRequests, "a fourth request")
		},
		"a paused phone": func(t *testing.T, app *apptest.App, phone *emulator.Phone) {
			app.Stopped(t, alice)
			apptest.Deny(t, phone)
		},
		"an accepted code": func(t *testing.T, app *apptest.App, phone *emulator.Phone) {
			app.Browser(t).Login(alice).Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
			if last := app.Account(t, alice).LastStep; last < app.Clock.Now().Unix()/30 {
				t.Errorf("got last step %d, want the one that was accepted", last)
			}
		},
	} {
		for way, prove := range map[string]func(t *testing.T, app *apptest.App, phone *emulator.Phone, recovery string){
			"by the phone": func(t *testing.T, app *apptest.App, phone *emulator.Phone, _ string) {
				byPush(t, app, phone)
			},
			"by a code": func(t *testing.T, app *apptest.App, phone *emulator.Phone, _ string) {
				code := apptest.Code(t, phone)
				byCode(t, app, phone)
				again := app.Browser(t).Login(alice)
				again.Post("/2fa/challenge/totp", "code", code)
				again.WantLocked("by the same code")
			},
			"by a recovery code": func(t *testing.T, app *apptest.App, _ *emulator.Phone, recovery string) {
				b := app.Browser(t).Login(alice)
				b.Post("/2fa/challenge/recovery", "code", recovery)
				b.WantIn("by a recovery code")
			},
		} {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithFalseResult(eagate.Rejection)}})
				phone := app.Enrolled(t, alice)
				recovery := recoveryCode(t, app, alice)
				app.Clock.Set(days)
				restrict(t, app, phone)
				app.Clock.Set(-days)
				app.Clock.Add(apptest.Step)
				prove(t, app, phone, recovery)
			})
		}
	}
}

// A48: a session whose request to the phone was cut off in the middle while the clock
// was ahead sends another when it is right again.
func TestA48_CutOffAhead(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	app.ChangeAccount(t, alice, func(a *records.Account) {
		a.Push.Live, a.Push.Reserved = "", factor.Binding(b.Cookie("session"))
		a.Push.ReservedUntil = app.Clock.Now().Add(days + 15*time.Second)
	})
	expect.Differ(t, b.GetJSON("/2fa/challenge/status").JSON("state"), "pending")
	b.PostJSON("/2fa/challenge", "").Want(t, http.StatusCreated, "another request")
	apptest.Approve(t, phone)
	b.WantIn("by another request")
}

// A48: what a clock that was ahead has written down doesn't keep a rejection from
// having its effect when the clock is right again.
func TestA48_RejectedWhenRightAgain(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(t *testing.T, app *apptest.App, phone *emulator.Phone){
		"rejected ahead": func(t *testing.T, app *apptest.App, phone *emulator.Phone) {
			app.Stopped(t, alice)
			apptest.Deny(t, phone)
			expect.NoError(t, app.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
		},
		"password changed ahead": func(t *testing.T, app *apptest.App, _ *emulator.Phone) {
			expect.NoError(t, app.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Options: []middleware.Option{
				middleware.WithFalseResult(eagate.Rejection), middleware.WithHoldOnRejection(),
			}})
			phone := app.Enrolled(t, alice)
			app.Clock.Set(days)
			before(t, app, phone)
			app.Clock.Set(-days)
			app.Stopped(t, alice)
			apptest.Deny(t, phone)
			acct := app.Account(t, alice)
			if acct.HeldSince.IsZero() {
				t.Error("the account isn't held")
			}
			if until := acct.Push.PausedUntil; until.Before(app.Clock.Now()) || until.After(app.Clock.Now().Add(24*time.Hour)) {
				t.Errorf("got the phone paused until %v, it from now, %v, on", until, app.Clock.Now())
			}
		})
	}
}

// recoveryCode gives a user new ones, and returns the first.
func recoveryCode(t *testing.T, app *apptest.App, email string) string {
	t.Helper()
	b := app.Browser(t).Login(email)
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, app.Emulator.Phone(email)))
	list, _ := b.PostJSON("/2fa/recovery-codes", "").JSON("codes").([]any)
	if len(list) == 0 {
		t.Fatal("got no recovery codes")
	}
	app.Clock.Add(apptest.Step)
	return list[0].(string)
}

// A48: what was permitted by a clock that was ahead doesn't count when it is right
// again: the user is asked anew, and gets in.
func TestA48_PermittedAhead(t *testing.T) {
	t.Parallel()
	const ahead = 6 * time.Second // more than nodes may differ by
	for name, permit := range map[string]func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser{
		"verified": func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
			b := byPush(t, app, phone)
			b.WantIn("ahead")
			return b
		},
		"verified by a code": func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
			b := app.Browser(t).Login(alice)
			b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
			b.WantIn("ahead")
			return b
		},
		"a trusted device": func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
			b := app.Browser(t).Login(alice)
			b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone), "trust", "1")
			b.Login(alice).WantIn("trusted, ahead")
			return b.Login(alice)
		},
		"asked": func(t *testing.T, app *apptest.App, _ *emulator.Phone) *apptest.Browser {
			return app.Stopped(t, alice)
		},
		"approved": func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
			b := app.Stopped(t, alice)
			apptest.Approve(t, phone)
			return b
		},
		"asked before, approved ahead": func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
			app.Clock.Set(-ahead)
			b := app.Stopped(t, alice)
			app.Clock.Set(ahead)
			apptest.Approve(t, phone)
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithTrustedDevices(30 * 24 * time.Hour)}})
			phone := app.Enrolled(t, alice)
			app.Clock.Set(ahead)
			b := permit(t, app, phone)
			app.Clock.Set(-ahead)
			app.Clock.Add(time.Microsecond)
			spy := app.Spy(t)
			b.WantLocked("right again")
			expect.Equal(t, spy.Grants(), 0, "right again, new grants")
			if name == "asked" {
				apptest.Approve(t, phone)
				expect.Equal(t, spy.Moves(records.Pending, records.Approved), 0, "a report was taken for a request that seems to come from ahead")
				b.WantLocked("approved when right again")
			}
			b.PostJSON("/2fa/challenge", "").Want(t, http.StatusCreated, "asking anew")
			apptest.Approve(t, phone)
			b.WantIn("asked anew")
		})
	}
}

// A48: five seconds that nodes differ by change nothing.
func TestA48_NodesDifferBySeconds(t *testing.T) {
	t.Parallel()
	for _, differ := range []time.Duration{-5 * time.Second, 5 * time.Second} {
		here, there, clock := twoNodes(t)
		phone := there.Enrolled(t, alice)
		clock.Add(apptest.Step)
		clock.Set(differ)
		b := here.Stopped(t, alice)
		apptest.Approve(t, phone)
		b.On(there).WantIn("asked here")
		b.WantIn("let in there")
		b.PostJSON("/2fa/recovery-codes", "").Want(t, http.StatusOK, "a change by a session that was verified just now")
	}
}

// A48: a node whose clock is behind lets a session in that was verified on another one
// as soon as it has caught up, although it has asked anew in between.
func TestA48_NodeCatchesUp(t *testing.T) {
	t.Parallel()
	here, there, clock := twoNodes(t)
	phone := there.Enrolled(t, alice)
	clock.Add(apptest.Step - 10*time.Second)
	b := byPush(t, there, phone)
	for range 3 {
		b.On(here).WantLocked("on the node that is behind")
	}
	b.WantIn("on the other one")
	clock.Add(5 * time.Second)
	b.On(here).WantIn("on the node that was behind")
}

// A48: an enrolment that was begun by a clock that was ahead lives no longer for it.
func TestA48_StagedAhead(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b := app.Browser(t).Login(alice)
	app.Clock.Set(days)
	b.PostJSON("/2fa/enable", "")
	app.Clock.Set(-days)
	expect.Lacks(t, b.Get("/2fa/enable").Body, "otpauth:", "the secret is shown when the clock is right again")
	phone := b.Enrol(alice)
	byPush(t, app, phone).WantIn("enrolled anew")
}

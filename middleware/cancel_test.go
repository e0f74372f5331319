package middleware_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
)

// Cancelling ends a sign-in; whoever is signed in stays so, and is asked for nothing.
func TestCancel(t *testing.T) {
	t.Parallel()
	nobody := func(_ *testing.T, app *apptest.App, _ *emulator.Phone) *apptest.Browser { return app.Browser(t) }
	waiting := func(t *testing.T, app *apptest.App, _ *emulator.Phone) *apptest.Browser { return app.Stopped(t, alice) }
	verified := func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
		return byPush(t, app, phone)
	}
	asked := func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
		b := byCode(t, app, phone)
		b.Get("/push")
		b.Get("/2fa/challenge")
		return b
	}
	storeFails := func(app *apptest.App) func() {
		app.Store.Fail(apptest.All)
		return func() { app.Store.Fail(0) }
	}
	userFails := func(app *apptest.App) func() {
		app.Users.Fail(errors.New("the database is down"))
		return func() { app.Users.Fail(nil) }
	}
	for _, c := range []struct {
		name   string
		who    func(*testing.T, *apptest.App, *emulator.Phone) *apptest.Browser
		fault  func(*apptest.App) (heal func())
		to     string
		stays  string // who is signed in afterwards
		voided int
	}{
		{"nobody", nobody, nil, "/login", "", 0},
		{"locked", waiting, nil, "/login", "", 1},
		{"locked, the store is down", waiting, storeFails, "/login", "", 0},
		{"locked, the user can't be told", waiting, userFails, "/login", "", 1},
		{"verified", verified, nil, "/", alice, 0},
		{"asked once more", asked, nil, "/", alice, 1},
		{"asked once more, the store is down", asked, storeFails, "/", alice, 0},
		{"asked once more, the user can't be told", asked, userFails, "/", alice, 1},
		{"without a second factor", func(t *testing.T, app *apptest.App, _ *emulator.Phone) *apptest.Browser {
			return app.Browser(t).Login(bob)
		}, nil, "/", bob, 0},
		{"must have one", func(t *testing.T, app *apptest.App, _ *emulator.Phone) *apptest.Browser {
			return app.Browser(t).Login(dave)
		}, nil, "/login", "", 0},
		{"switched off since", func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
			b := app.Stopped(t, alice)
			other := byPush(t, app, phone)
			other.Post("/2fa/disable")
			return b
		}, nil, "/login", "", 0},
	} {
		for _, accept := range []string{"text/html", "application/json"} {
			t.Run(c.name+", "+accept, func(t *testing.T) {
				t.Parallel()
				p := newPolicy(dave, eagate.Require(0))
				app := apptest.New(t, p.setup(), apptest.Setup{Routes: stepUps})
				b := c.who(t, app, app.Enrolled(t, alice))
				spy := app.Spy(t)
				heal := func() {}
				if c.fault != nil {
					heal = c.fault(app)
				}
				a := b.Do("POST", "/2fa/cancel", "", "Accept", accept)
				if accept == "text/html" {
					a.WantTo(t, c.to)
				} else if a.Status != http.StatusOK || a.JSON("state") != "none" || a.JSON("next") != c.to || (a.JSON("verified") == true) != (c.stays != "") {
					t.Errorf("got %d %s, want 200 and next %s", a.Status, a.Body, c.to)
				}
				heal()
				expect.Equal(t, spy.Moves(records.Pending, records.Void), c.voided, "requests to the phone withdrawn")
				if a := b.Get("/account"); !a.Secret() || a.Header.Get("X-User") != c.stays {
					t.Errorf("afterwards: got %d for user %q, want the page for %q", a.Status, a.Header.Get("X-User"), c.stays)
				}
				if a := b.Get("/2fa/challenge"); c.stays != "" && a.Location != "/" {
					t.Errorf("the challenge, when nothing is to be proved: got %d to %q, want 303 home", a.Status, a.Location)
				}
			})
		}
	}
}

// What was begun can't be finished any more, whatever comes afterwards.
func TestCancelEndsWhatWasBegun(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	late, id := b.Copy(), b.Cookie("session")
	saved, _, err := app.Scs.Find(id)
	expect.NoError(t, err)
	b.Post("/2fa/cancel")
	expect.NoError(t, app.Scs.Commit(id, saved, time.Now().Add(time.Hour)))
	late.WantLocked("with the session that a late request wrote back, and its approval")
	late.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
	late.WantLocked("and with a code")

	b = byCode(t, app, phone)
	b.Get("/push")
	b.Get("/2fa/challenge")
	apptest.Approve(t, phone)
	b.Post("/2fa/cancel")
	b.Get("/push")
	b.Get("/2fa/challenge")
	wantAsked(t, b, "/push", "with an approval that came before it was cancelled")
}

// The session must be gone before anybody is told so.
func TestCancelWithoutTheSessionStore(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	app.Scs.FailDeletes()
	if a := b.Post("/2fa/cancel"); a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("got %d, want 503 with Retry-After", a.Status)
	}
}

func TestWithCancel(t *testing.T) {
	t.Parallel()
	var called []string
	writes := false
	var app *apptest.App
	app = apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithCancel(func(w http.ResponseWriter, r *http.Request) {
		called = append(called, fmt.Sprintf("user %q", app.SignedIn(r)))
		http.SetCookie(w, &http.Cookie{Name: "remember", Path: "/", MaxAge: -1})
		if writes {
			w.WriteHeader(http.StatusTeapot)
		}
	})}})
	phone := app.Enrolled(t, alice)
	for _, c := range []struct {
		name   string
		b      *apptest.Browser
		writes bool
		status int
		called int
	}{
		{"nobody", app.Browser(t), true, http.StatusSeeOther, 0},
		{"verified", byCode(t, app, phone), true, http.StatusSeeOther, 0},
		{"locked", app.Stopped(t, alice), false, http.StatusSeeOther, 1},
		{"locked, and it answers", app.Stopped(t, alice), true, http.StatusTeapot, 1},
	} {
		called, writes = nil, c.writes
		a := c.b.Post("/2fa/cancel")
		if a.Status != c.status || len(called) != c.called {
			t.Errorf("%s: got %d, and called for %q, want %d and %d calls", c.name, a.Status, called, c.status, c.called)
		}
		if c.called == 0 {
			continue
		}
		expect.Equal(t, called[0], `user ""`, "%s: called", c.name)
		if got := fmt.Sprint(a.Header["Set-Cookie"]); !strings.Contains(got, "remember=;") || !strings.Contains(got, "session=;") {
			t.Errorf("%s: got cookies %s, want both of them gone", c.name, got)
		}
	}
}

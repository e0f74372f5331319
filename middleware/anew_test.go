package middleware_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// beginnings are ways in which a lost account comes into being anew, without the
// second factor that it had.
var beginnings = map[string]func(t *testing.T, app *apptest.App){
	"a session that must have a second factor": func(t *testing.T, app *apptest.App) {
		app.Browser(t).Login(alice).Get("/account")
	},
	"an enrolment": func(t *testing.T, app *apptest.App) {
		app.Browser(t).Login(alice).PostJSON("/2fa/enable", "")
	},
	"an operator who unlocks": func(t *testing.T, app *apptest.App) {
		expect.NoError(t, app.Gate.Admin().Unlock(t.Context(), apptest.UserID(alice), "asked for"))
	},
	"an operator who revokes": func(t *testing.T, app *apptest.App) {
		expect.NoError(t, app.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "asked for"))
	},
}

// An account that was lost and has come into being anew is no account whose second
// factor was switched off: sessions that were asked for it stay closed.
func TestAccountIsBegunAnew(t *testing.T) {
	t.Parallel()
	for session, begin := range proving {
		for what, beginAnew := range beginnings {
			t.Run(session+", "+what, func(t *testing.T) {
				t.Parallel()
				p := newPolicy(alice, eagate.Require(day))
				app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithRequired(p.of)}})
				b := begin(t, app, app.Enrolled(t, alice))
				losses["the account"](t, app.World, alice)
				app.Clock.Add(3 * time.Second)
				beginAnew(t, app)
				document(t, app.World, store.Accounts, apptest.UserID(alice))
				wantAbsent(t, b, "begun anew, cached")
				app.Clock.Add(3 * time.Second)
				wantAbsent(t, b, "begun anew")

				// An operator can say that it is off.
				expect.NoError(t, app.Gate.Admin().Reset(t.Context(), apptest.UserID(alice), "the account was lost"))
				wantOver(t, b, "after the reset")
				b.Login(alice).WantIn("signed in again")
			})
		}
	}
}

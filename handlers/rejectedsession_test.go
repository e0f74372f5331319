package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// A session that the application gives another ID while the phone is asked is rejected
// under that one too.
func TestA49_RejectedUnderAnotherID(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Rejecting(), apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
		mux.HandleFunc("GET /open/renew", func(_ http.ResponseWriter, r *http.Request) {
			if err := app.Sessions.RenewToken(r.Context()); err != nil {
				t.Error(err)
			}
		})
	}})
	phone := app.Enrolled(t, alice)
	thief := app.Stopped(t, alice)
	thief.Get("/open/renew")
	cookie := thief.Cookie("session")
	before, found, err := app.Scs.Find(cookie)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	apptest.Deny(t, phone)
	thief.Get("/2fa/challenge").WantPage(t, 401, `data-message="rejected"`)
	app.Clock.Add(2 * time.Hour)
	expect.Try(app.Records(t).DeleteExpired(t.Context(), app.Clock.Now(), 100)).OrFail(t)
	expect.NoError(t, app.Scs.Commit(cookie, before, time.Now().Add(time.Hour)))
	thief.SetCookie("session", cookie)
	wantProblem(t, "a code", thief.PostJSON(totp, `{"code":"`+apptest.Code(t, phone)+`"}`), 401, "rejected", "")
}

// A session whose request was rejected stays rejected, although its challenge was
// forgotten, the owner has signed in since, and a slow request has brought the session
// back as it was before the phone was asked.
func TestA49_RejectedStaysRejected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		looks     bool // at the page that says so, which destroys the session
		logsOut   bool
		forgotten bool
	}{
		"at once":                             {false, false, false},
		"at once, seen":                       {true, false, false},
		"forgotten":                           {false, false, true},
		"forgotten, seen":                     {true, false, true},
		"forgotten, logged out besides":       {false, true, true},
		"forgotten, seen, and logged out too": {true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Rejecting())
			phone := app.Enrolled(t, alice)
			thief := app.Browser(t).Login(alice)
			cookie := thief.Cookie("session")
			before, found, err := app.Scs.Find(cookie)
			if err != nil || !found {
				t.Fatal(found, err)
			}
			writeBack := func() {
				t.Helper()
				expect.NoError(t, app.Scs.Commit(cookie, before, time.Now().Add(time.Hour)))
				thief.SetCookie("session", cookie)
			}
			thief.Stop()
			apptest.Deny(t, phone)
			if c.looks {
				thief.WantLockedOrOut("rejected")
				thief.Get("/2fa/challenge")
			}
			if c.logsOut {
				writeBack()
				thief.Post("/logout")
			}
			owner := app.Browser(t).Login(alice)
			wantGuess(t, "another sign-in", owner, totp, apptest.Code(t, phone), "accepted")
			app.Clock.Add(apptest.Step)
			if c.forgotten {
				app.Clock.Add(2 * time.Hour)
				expect.Try(app.Records(t).DeleteExpired(t.Context(), app.Clock.Now(), 100)).OrFail(t)
			}
			requests := len(app.Emulator.Requests())

			writeBack()
			wantProblem(t, "a code", thief.Copy().PostJSON(totp, `{"code":"`+apptest.Code(t, phone)+`"}`), 401, "rejected", "")
			writeBack()
			thief.PostJSON("/2fa/challenge", "").Want(t, 401, "a request")
			writeBack()
			thief.Get("/account")
			if page, _ := thief.Follow("/2fa/challenge"); page.Status != 401 || !strings.Contains(page.Body, `data-message="rejected"`) {
				t.Errorf("the page: got %d\n%s\nwant the one that says so", page.Status, page.Body)
			}
			writeBack()
			thief.WantLocked("brought back")
			if n := len(app.Emulator.Requests()); n != requests {
				t.Errorf("the phone was asked %d times more", n-requests)
			}
			owner.WantIn("the owner")
		})
	}
}

package middleware_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// errUsers reads differently each time, as one that names a connection does.
var errUsers error = new(lost)

type lost struct{ n atomic.Int64 }

func (e *lost) Error() string { return fmt.Sprintf("users: connection %d lost", e.n.Add(1)) }

// While the application can't tell who is logged in, nothing that is guarded passes,
// in whatever session, and afterwards each is what it was.
func TestA43_WithUserFails(t *testing.T) {
	app := apptest.New(t, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
		stepUps(app, mux)
		mux.HandleFunc("GET /open/note", func(_ http.ResponseWriter, r *http.Request) {
			app.Sessions.Put(r.Context(), "note", "has been here")
		})
	}})
	phone := app.Enrolled(t, alice)
	verified, locked, plain := byPush(t, app, phone), app.Stopped(t, alice), app.Browser(t).Login(bob)
	commits, changes := app.Scs.Commits(), app.Store.Writes()

	app.Users.Fail(errUsers)
	passed := app.Passed.Load()
	for name, b := range map[string]*apptest.Browser{"verified": verified, "locked": locked, "no second factor": plain} {
		for _, path := range []string{"/account", "/recent", "/open/push", "/2fa/", "/2fa/challenge", "/2fa/enable", "/2fa/recovery-codes"} {
			a := b.Get(path)
			wantUnavailable(t, a, name+": page "+path)
			expect.Contains(t, a.Header.Get("Content-Type"), "text/html", "%s: page %s, want a page for people", name, path)
			a = b.GetJSON(path)
			wantUnavailable(t, a, name+": call "+path)
			expect.Equal(t, a.JSON("type"), "urn:eagate:problem:unavailable", "%s: call %s: problem", name, path)
		}
		for _, path := range []string{"/account", "/push", "/2fa/challenge", "/2fa/challenge/totp", "/2fa/challenge/continue", "/2fa/enable", "/2fa/disable"} {
			wantUnavailable(t, b.Post(path, "code", apptest.Code(t, phone)), name+": form "+path)
		}
		wantUnavailable(t, b.GetJSON("/2fa/challenge/status"), name+": status")
		b.Get("/open/x").Want(t, http.StatusOK, "%s: exempt route", name)
		if a := b.Get("/2fa/assets/eagate.js"); a.Status == http.StatusServiceUnavailable {
			t.Errorf("%s: asset: got %d", name, a.Status)
		}
	}
	expect.Equal(t, app.Passed.Load()-passed, 0, "times the guarded handlers were called")
	expect.Equal(t, app.Scs.Commits()-commits, 0, "sessions were written")
	// A handler that writes into the session is no other user either.
	for _, b := range []*apptest.Browser{verified, locked} {
		b.Get("/open/note").Want(t, http.StatusOK, "exempt route that writes")
	}
	expect.Equal(t, app.Store.Writes()-changes, 0, "times the store was written to")
	expect.Equal(t, strings.Count(app.Log.String(), `"level":"ERROR"`), 1, "errors logged")
	for _, want := range []string{"WithUser", "users: connection", "the zero User"} {
		expect.Contains(t, app.Log.String(), want, "the log")
	}

	app.Users.Fail(nil)
	if a := verified.Get("/account"); !a.Secret() || a.Header.Get("X-Verified") != "true" {
		t.Errorf("verified: got %d, verified %q, want in and verified", a.Status, a.Header.Get("X-Verified"))
	}
	verified.Get("/push").WantSecret(t, "verified: step-up")
	plain.WantIn("no second factor")
	locked.WantLocked("afterwards")
	apptest.Approve(t, phone)
	locked.WantIn("by the request that was on the phone before")
}

// A logout ends the session even if it can't be told whose it was.
func TestA43_LogoutWhileWithUserFails(t *testing.T) {
	for _, name := range []string{"verified", "locked"} {
		t.Run(name, func(t *testing.T) {
			s := newSlow()
			app := apptest.New(t, apptest.Setup{Routes: s.routes})
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			request := phone.Pending()[0]
			if name == "verified" {
				apptest.Approve(t, phone)
				b.WantIn("after the approval")
			}
			thief := b.Copy()
			s.during(b.Copy(), "/open/slow", func() { // which writes the session back
				app.Users.Fail(errUsers)
				defer app.Users.Fail(nil)
				b.Post("/logout").Want(t, http.StatusOK, "logout")
			})
			app.Clock.Add(3 * time.Second)
			thief.WantLockedOrOut("with the cookies from before the logout")
			if name == "locked" {
				expect.Try(app.Emulator.Report(t.Context(), request.Token, true)).OrFail(t)
				thief.WantLockedOrOut("with an approval after the logout")
			}
		})
	}
}

// A login as somebody else ends what the session was verified for, even if it couldn't
// be told before whose it was; as the same user, it doesn't.
func TestA43_UserKnownAgainAfterTheRequest(t *testing.T) {
	for user, want := range map[string]bool{alice: true, bob: false} {
		t.Run(user, func(t *testing.T) {
			app := apptest.New(t, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
				mux.HandleFunc("GET /open/become", func(_ http.ResponseWriter, r *http.Request) {
					app.Users.Fail(nil)
					app.Sessions.Put(r.Context(), apptest.KeyUser, apptest.UserID(user))
				})
				mux.HandleFunc("GET /open/return", func(_ http.ResponseWriter, r *http.Request) {
					app.Sessions.Put(r.Context(), apptest.KeyUser, apptest.UserID(alice))
				})
			}})
			phone := app.Enrolled(t, alice)
			b := byPush(t, app, phone)
			app.Users.Fail(errUsers)
			b.Get("/open/become")
			b.Get("/open/return")
			expect.Equal(t, b.Get("/account").Secret(), want, "in")
		})
	}
}

// An address without an ID is a mistake, and not nobody; nor does a panic open.
func TestA43_WithUserIsWrong(t *testing.T) {
	for name, user := range map[string]func(*http.Request) (middleware.User, error){
		"no ID": func(*http.Request) (middleware.User, error) { return middleware.User{Email: alice}, nil },
		"both":  func(*http.Request) (middleware.User, error) { return middleware.User{ID: "7", Email: alice}, errUsers },
		"panic": func(*http.Request) (middleware.User, error) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithUser(user)}, Routes: stepUps})
			b := app.Browser(t).Quiet()
			for _, path := range []string{"/account", "/recent", "/2fa/", "/2fa/challenge"} {
				a := b.Get(path)
				if name == "panic" {
					if a.Status == http.StatusOK || a.Secret() {
						t.Errorf("%s: got %d, want no page", path, a.Status)
					}
					continue
				}
				wantUnavailable(t, a, path)
			}
			expect.Equal(t, app.Passed.Load(), 0, "guarded handlers were called")
		})
	}
}

// A user is the same under whatever spelling of the address the login was.
func TestA43_AnotherSpellingOfTheAddress(t *testing.T) {
	app := apptest.New(t)
	app.Enrolled(t, alice)
	app.Browser(t).Login("Alice@Example.com").WantLocked("under another spelling")
}

func TestA43_EnrolmentDueWhileWithUserFails(t *testing.T) {
	var due bool
	app := apptest.New(t, apptest.Setup{
		Options: []middleware.Option{middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.Require(time.Hour) })},
		Routes: func(app *apptest.App, mux *http.ServeMux) {
			mux.HandleFunc("GET /open/due", func(_ http.ResponseWriter, r *http.Request) { _, due = app.Gate.EnrolmentDue(r) })
		},
	})
	b := app.Browser(t).Login(bob)
	for _, test := range []struct {
		fault error
		want  bool
	}{{nil, true}, {errUsers, false}} {
		app.Users.Fail(test.fault)
		b.Get("/open/due")
		expect.Equal(t, due, test.want, "with %v, due", test.fault)
	}
}

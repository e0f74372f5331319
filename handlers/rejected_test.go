package handlers_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// ear hears the events of a gate.
type ear struct {
	mu     sync.Mutex
	events []eagate.Event
}

func (e *ear) setup() apptest.Setup {
	return apptest.Setup{Options: []middleware.Option{middleware.WithEvents(func(_ context.Context, event eagate.Event) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.events = append(e.events, event)
	})}}
}

// take returns the kinds of what was heard since the last time, with reasons.
func (e *ear) take() (heard []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.events {
		name := event.Kind.String()
		if event.Method != 0 {
			name += " " + event.Method.String()
		}
		if event.Reason != "" {
			name += ": " + event.Reason
		}
		heard = append(heard, name)
	}
	e.events = nil
	return heard
}

func (e *ear) want(t *testing.T, when string, want ...string) {
	t.Helper()
	expect.Slice(t, e.take(), want, "%s: heard", when)
}

// The application hears of everything that matters, with the reason.
func TestEventsAreHeard(t *testing.T) {
	t.Parallel()
	var e ear
	app := apptest.New(t, e.setup(), trusting(), apptest.Rejecting())
	owner, codes := enrolWithCodes(t, app, alice)
	phone := app.Emulator.Phone(alice)
	e.want(t, "switched on", "enabled", "recovery_made: first")
	b := app.Stopped(t, alice)
	e.want(t, "first page", "push_sent push")
	guess(t, b, totp, app.WrongCode(t, phone))
	e.want(t, "wrong code", "code_refused totp: wrong")
	apptest.Approve(t, phone)
	b.WantIn("by push")
	e.want(t, "approved", "approved push", "verified push")
	b = app.Stopped(t, alice)
	guess(t, b, totp, apptest.Code(t, phone))
	e.want(t, "code", "push_sent push", "verified totp")
	guess(t, app.Browser(t).Login(alice), totp, apptest.Code(t, phone))
	e.want(t, "the same code", "code_refused totp: used")
	for range 3 {
		guess(t, app.Browser(t).Login(alice), totp, app.WrongCode(t, phone))
	}
	e.take()
	guess(t, app.Browser(t).Login(alice), totp, app.WrongCode(t, phone))
	e.want(t, "the fifth", "code_refused totp: wrong", "paused totp")
	guess(t, app.Browser(t).Login(alice), totp, app.WrongCode(t, phone))
	e.want(t, "in the pause", "code_refused totp: paused")
	app.Clock.Add(time.Minute)
	guess(t, app.Browser(t).Login(alice), recoveryPath, codes[0])
	e.want(t, "recovery code", "recovery_used recovery", "verified recovery")
	app.Stopped(t, alice)
	apptest.Deny(t, phone)
	e.want(t, "rejected", "push_sent push", "rejected push")
	app.Browser(t).Login(alice).PostJSON("/2fa/challenge", "")
	e.want(t, "after a rejection", "push_limited push: paused")
	b = app.Browser(t).Login(alice)
	app.Clock.Add(apptest.Step)
	b.Post(totp, "code", apptest.Code(t, phone), "trust", "1")
	e.want(t, "trusted", "verified totp", "device_added")
	b.Post("/logout")
	b.Login(alice).WantIn("on a trusted device")
	e.want(t, "on a trusted device", "device_used device")
	app.Clock.Add(apptest.Step)
	guess(t, owner, "/2fa/recovery-codes", apptest.Code(t, phone))
	e.want(t, "new codes", "recovery_made")
	app.Clock.Add(apptest.Step)
	guess(t, owner, "/2fa/disable", apptest.Code(t, phone))
	e.want(t, "switched off", "disabled")
	admin := app.Gate.Admin()
	for name, do := range map[string]func(context.Context, string, string) error{
		"reset": admin.Reset, "unblocked": admin.Unlock, "revoked": admin.Revoke,
	} {
		expect.NoError(t, do(t.Context(), apptest.UserID(alice), "lost it"))
		e.want(t, name, name+": lost it")
		if err := do(t.Context(), apptest.UserID(alice), " "); err == nil {
			t.Errorf("%s: without a reason: got no error", name)
		}
		e.want(t, name+" without a reason")
	}
	for _, want := range []string{`"msg":"eagate: code_refused","event":"code_refused","user":"id of alice@example.com","method":"totp","reason":"wrong"`} {
		expect.Contains(t, app.Log.String(), want, "log: want %s in", want)
	}
}

// A function for events that panics keeps nobody out.
func TestEventsPanic(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{
		middleware.WithEvents(func(context.Context, eagate.Event) { panic("the application's") }),
	}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("by push")
	expect.Contains(t, app.Log.String(), "function for events panicked", "the log")
}

// A rejection closes the account until the password has been changed, if it is to.
func TestHoldOnRejection(t *testing.T) {
	t.Parallel()
	var e ear
	app := apptest.New(t, e.setup(), trusting(), apptest.Rejecting(), apptest.Setup{Options: []middleware.Option{middleware.WithHoldOnRejection()}})
	owner, codes := enrolWithCodes(t, app, alice)
	phone := app.Emulator.Phone(alice)
	device := trusted(t, app, alice)
	thief := app.Stopped(t, alice)
	request := expect.Try(phone.Wait(t.Context())).OrFail(t) // the newest: an earlier one was ended by a code
	token := request.Token
	e.take()
	apptest.Deny(t, phone)
	e.want(t, "rejected", "held: rejected on the phone", "rejected push")
	thief.WantLockedOrOut("the rejected login")
	for name, login := range map[string]func() *apptest.Browser{
		"by code": func() *apptest.Browser {
			b := app.Browser(t).Login(alice)
			wantGuess(t, "held", b, totp, apptest.Code(t, phone), "held")
			return b
		},
		"by recovery code": func() *apptest.Browser {
			b := app.Browser(t).Login(alice)
			wantGuess(t, "held", b, recoveryPath, codes[0], "held")
			return b
		},
		"on a trusted device": func() *apptest.Browser { return device.Login(alice) },
	} {
		b := login()
		b.WantLocked(name)
		b.Get("/2fa/challenge").WantPage(t, 403, `data-message="held"`, "%s", name)
	}
	app.Clock.Add(time.Hour)
	app.Browser(t).Login(alice).PostJSON("/2fa/challenge", "").Want(t, 403, "a new push")
	owner.WantIn("verified before")
	wantGuess(t, "to switch off", owner, "/2fa/disable", apptest.Code(t, phone), "held")
	for _, path := range []string{"/2fa/disable", "/2fa/enable", "/2fa/recovery-codes"} {
		owner.Post(path, "code", apptest.Code(t, phone)).WantPage(t, 403, `data-message="held"`, "%s", path)
	}
	expect.Equal(t, len(app.Account(t, alice).Recovery.Hashes), 10, "recovery codes left")

	e.take()
	for _, want := range [][]string{{"released", "device_revoked: password changed"}, nil} { // nothing to say the second time
		expect.NoError(t, app.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
		e.want(t, "the password was changed", want...)
	}
	// The service may report the old rejection again.
	expect.Try(app.Emulator.Report(t.Context(), token, false)).OrFail(t)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("after the password was changed")
	expect.NoError(t, app.Gate.PasswordChanged(t.Context(), apptest.UserID(bob)), "of somebody without a second factor")
}

// A code that isn't looked at, because the account is closed, is heard of with what it
// was a code of.
func TestEventsOfAClosedAccount(t *testing.T) {
	t.Parallel()
	var e ear
	app := apptest.New(t, e.setup(), apptest.Rejecting(), apptest.Setup{Options: []middleware.Option{middleware.WithHoldOnRejection()}})
	_, codes := enrolWithCodes(t, app, alice)
	phone := app.Emulator.Phone(alice)
	app.Stopped(t, alice)
	apptest.Deny(t, phone)
	e.take()
	guess(t, app.Browser(t).Login(alice), totp, apptest.Code(t, phone))
	e.want(t, "a code of the phone", "code_refused totp: held")
	guess(t, app.Browser(t).Login(alice), recoveryPath, codes[0])
	e.want(t, "a recovery code", "code_refused recovery: held")
}

// So is one that isn't even tried, because of the route or of the session.
func TestEventsOfCodesThatAreNotTried(t *testing.T) {
	t.Parallel()
	var e ear
	app := apptest.New(t, e.setup(), apptest.Rejecting(), apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
		mux.Handle("GET /push", app.Gate.RequireMethod(eagate.Push)(http.NotFoundHandler()))
	}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	former := b.Copy()
	apptest.Approve(t, phone)
	b.WantIn("by the approval")
	owner := app.Browser(t).Login(alice)
	owner.Post(totp, "code", apptest.Code(t, phone))
	owner.Get("/push")
	app.Clock.Add(apptest.Step)
	e.take()
	owner.PostJSON(totp, `{"code":"`+apptest.Code(t, phone)+`"}`)
	e.want(t, "a route that doesn't accept it", "code_refused totp: not accepted here")
	b.Post("/logout")
	former.PostJSON(totp, `{"code":"`+apptest.Code(t, phone)+`"}`)
	e.want(t, "a session that was logged out", "code_refused totp: session over")
	rejected := app.Stopped(t, alice)
	copied := rejected.Copy()
	apptest.Deny(t, phone)
	e.take()
	copied.PostJSON(totp, `{"code":"`+apptest.Code(t, phone)+`"}`)
	e.want(t, "a session that was rejected", "code_refused totp: session rejected")
}

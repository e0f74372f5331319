package handlers_test

import (
	"html"
	"testing"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
)

// A report of false is like a request that ran out: nothing ends.
func TestNotApproved(t *testing.T) {
	t.Parallel()
	var e ear
	app := apptest.New(t, e.setup())
	w := wait(t, app, alice)
	id := w.Cookie("session")
	events := listen(t, w.Browser)
	events.want("pending")
	e.take()
	report(t, app, w.token, "false")
	e.want(t, "reported", "not_approved push")
	events.want("not_approved")
	events.wantEnd()
	w.wantState(t, "reported", "not_approved")
	for lang, want := range map[string][]string{
		"en": {`data-state="not_approved"`, "The request wasn’t approved", "Choose below how to go on", "Send a new request", `action="/2fa/challenge/totp"`},
		"th": {"คำขอไม่ได้รับการอนุมัติ", "ส่งคำขอใหม่"},
	} {
		page := html.UnescapeString(w.Do("GET", "/2fa/challenge", "", "Accept", "text/html", "Accept-Language", lang).Body)
		for _, text := range want {
			expect.Contains(t, page, text, "%s page", lang)
		}
	}
	expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone: the page must not ask again by itself")
	a := w.PostJSON("/2fa/challenge", "")
	if a.Status != 201 || a.JSON("state") != "pending" {
		t.Errorf("a new request: got %d %s, it pending", a.Status, a.Body)
	}
	expect.Equal(t, w.Cookie("session"), id, "the session got another ID")
	apptest.Approve(t, w.phone)
	w.WantIn("by the second request")
}

// Codes go on working, in the same session.
func TestNotApprovedThenCode(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	report(t, app, w.token, "false")
	wantGuess(t, "a code", w.Browser, totp, apptest.Code(t, w.phone), "accepted")
	w.WantIn("by code")
}

// The first decision stands, and what comes later is only told of.
func TestA04_NotApprovedStands(t *testing.T) {
	t.Parallel()
	var e ear
	app := apptest.New(t, e.setup())
	w := wait(t, app, alice)
	e.take()
	for _, result := range []string{"false", "false", "true", "true"} {
		report(t, app, w.token, result)
	}
	e.want(t, "reports", "not_approved push", "late_report push: approved", "late_report push: approved")
	w.wantState(t, "false, then true", "not_approved")
	w.WantLocked("false, then true")
	w = waitOn(t, app.Stopped(t, alice), w.phone)
	e.take()
	report(t, app, w.token, "true")
	report(t, app, w.token, "false")
	e.want(t, "the other way", "approved push", "late_report push: not_approved")
	w.WantIn("true, then false")
}

// In the hosted modes, what the browser brings back is a text: neither a decision,
// nor the end of anything.
func TestNotApprovedIsNoWordOfTheBrowser(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		for name, setup := range map[string]apptest.Setup{"not approved": {}, "rejection": apptest.Rejecting()} {
			app := apptest.New(t, hosted(mode), setup)
			w := wait(t, app, alice)
			for _, said := range []string{"REJECT", "TIMEOUT", "INTERNAL_SERVER_ERROR"} {
				w.Get("/2fa/return?error=" + said)
				w.wantState(t, name+", "+said, "pending")
				page := html.UnescapeString(w.Get("/2fa/challenge").Body)
				for _, not := range []string{"sign-in has ended", "is locked", "signed out"} {
					expect.Lacks(t, page, not, "%s: %s: the page says", name, said)
				}
				expect.Contains(t, page, "/2fa/challenge/totp", "%s: %s: the page offers no code", name, said)
			}
			if c, err := app.Records(t).Challenge(t.Context(), app.Account(t, alice).Push.Live); err != nil || c.State != records.Pending {
				t.Errorf("%s: got %v, %v, it pending", name, c.State, err)
			}
			apptest.Approve(t, w.phone)
			w.WantIn(name + ": by the approval")
		}
	})
}

package middleware_test

import (
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// A verified session that is asked for more stays verified when the request isn't
// approved, and makes the phone ring again by itself only when its time is over.
func TestNotApprovedStepUp(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	phone := app.Enrolled(t, alice)
	b := byCode(t, app, phone)
	rung := func(want int) {
		t.Helper()
		expect.Equal(t, len(app.Emulator.Requests()), want, "requests to the phone")
	}
	before := len(app.Emulator.Requests())
	b.Follow("/push")
	rung(before + 1)
	apptest.Deny(t, phone)
	a, _ := b.Follow("/push")
	page := a.Body
	if !strings.Contains(page, "The request wasn’t approved") || strings.Contains(page, "Choose below") || !strings.Contains(page, "Send a new request") {
		t.Errorf("got\n%s\nwant the page that says so", page)
	}
	rung(before + 1)
	b.WantIn("after the report")
	app.Clock.Add(5 * time.Minute)
	b.Follow("/push")
	rung(before + 2)
}

// A rejection ends no session that is verified: what wanted a step-up can be asked for
// again, after the pause.
func TestA49_RejectedStepUp(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps}, apptest.Rejecting())
	phone := app.Enrolled(t, alice)
	b := byCode(t, app, phone)
	b.Get("/push")
	b.Follow("/push")
	apptest.Deny(t, phone)
	b.WantIn("after the rejection")
	app.Clock.Add(15 * time.Minute)
	b.PostJSON("/2fa/challenge", "").Want(t, 201, "after the pause")
	apptest.Approve(t, phone)
	if a, at := b.Follow("/push"); !a.Secret() {
		t.Errorf("approved: got %d at %s, want the page", a.Status, at)
	}
}

package middleware_test

import (
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
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
		if n := len(app.Emulator.Requests()); n != want {
			t.Errorf("got %d requests to the phone, want %d", n, want)
		}
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

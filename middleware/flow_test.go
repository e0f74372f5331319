package middleware_test

import (
	"testing"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// The whole way, from switching on to switching off.
func TestFlow(t *testing.T) {
	app := apptest.New(t)
	b := app.Browser(t).Login("alice@example.com")
	b.WantIn("without a second factor")
	phone := b.Enrol("alice@example.com")
	b.WantIn("after enrolling")
	b.Post("/logout").Want(t, 200, "logout")

	b = app.Stopped(t, "alice@example.com")
	b.WantLocked("before the approval")
	page := b.Get("/2fa/challenge")
	request := expect.Try(phone.Wait(t.Context())).OrFail(t)
	if a := b.GetJSON("/2fa/challenge/status"); a.JSON("state") != "pending" || a.JSON("number") != request.Number {
		t.Errorf("status: got %s, want pending with %s", a.Body, request.Number)
	}
	page.Want(t, 200, "challenge page")
	apptest.Approve(t, phone)
	a := b.GetJSON("/2fa/challenge/status")
	if a.JSON("state") != "approved" || a.JSON("next") != "/2fa/challenge" {
		t.Errorf("status: got %s, want approved", a.Body)
	}
	if a, at := b.Follow("/2fa/challenge"); !a.Secret() || at != "/account" {
		t.Errorf("after the approval: got %d at %s, want the page at /account", a.Status, at)
	}
	expect.Equal(t, len(app.Emulator.Calls(emulator.CreateSession)), 1, "session-token calls for one login")
	b.Post("/2fa/disable").Want(t, 200, "disable")
	b.WantIn("after switching off")
	app.Browser(t).Login("alice@example.com").Get("/account").WantSecret(t, "new login after switching off")
	var actions []string
	for _, c := range app.Emulator.Calls(emulator.SyncStatus) {
		actions = append(actions, string(c.Body))
	}
	expect.Equal(t, len(actions), 2, "status calls %q", actions)
}

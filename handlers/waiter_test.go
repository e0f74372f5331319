package handlers_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// A waiter is a user whose browser waits at the challenge.
type waiter struct {
	*apptest.Browser
	phone  *emulator.Phone
	token  string // the service's
	number string
}

// wait enrols a user and leads a new browser to the challenge.
func wait(t *testing.T, app *apptest.App, email string) waiter {
	t.Helper()
	phone := app.Enrolled(t, email)
	return waitOn(t, app.Stopped(t, email), phone)
}

func waitOn(t *testing.T, b *apptest.Browser, phone *emulator.Phone) waiter {
	t.Helper()
	request := expect.Try(phone.Wait(t.Context())).OrFail(t)
	w := waiter{b, phone, request.Token, request.Number}
	w.wantState(t, "at the start", "pending")
	return w
}

func (w waiter) wantState(t *testing.T, when, want string) {
	t.Helper()
	expect.Equal(t, w.GetJSON("/2fa/challenge/status").JSON("state"), any(want), "%s, state", when)
}

// unlock lets the browser use an approval that has come.
func (w waiter) unlock(t *testing.T) {
	t.Helper()
	if a, at := w.Follow("/2fa/challenge"); !a.Secret() {
		t.Fatalf("unlocking: got %d at %s, want the page", a.Status, at)
	}
}

// service is a client that is no browser of anybody.
func service(t *testing.T, app *apptest.App) *apptest.Browser { return app.Browser(t) }

func callback(app *apptest.App) string { return apptest.CallbackPath(app.Gate) }

func query(token, result string) string {
	return "?" + url.Values{"result": {result}, "session_token": {token}}.Encode()
}

// report is what the service sends; it wants the same answer always.
func report(t *testing.T, app *apptest.App, token, result string) {
	t.Helper()
	if a := service(t, app).GetJSON(callback(app) + query(token, result)); a.Status != 200 || a.Body != `{"code":"SUCCESS"}` {
		t.Errorf("report of %s: got %d %s, want 200 and SUCCESS", result, a.Status, a.Body)
	}
}

// look is all that an answer tells, but the time of day.
func look(a apptest.Answer) string {
	a.Header.Del("Date")
	return fmt.Sprint(a.Status, a.Header, a.Body)
}

// flip changes the letter case at one place.
func flip(s string) string {
	for i := range len(s) {
		if c := s[i] ^ 0x20; c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			return s[:i] + string(c) + s[i+1:]
		}
	}
	return s
}

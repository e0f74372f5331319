package browser_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// login logs in by password.
func (e *engine) login(email string) {
	e.t.Helper()
	e.open("/login")
	e.fill("E-mail address", email)
	e.fill("Password", app.Password)
	e.push(button, "Sign in")
}

// stopped logs in and waits for the challenge.
func (e *engine) stopped(email string) {
	e.t.Helper()
	e.world.Clock.Add(20 * time.Minute) // the requests until now don't count
	e.login(email)
	e.see(waiting)
}

// signOut ends what stopped began.
func (e *engine) signOut() {
	e.t.Helper()
	e.see(verifiedIn)
	e.wantPath("/account")
	e.push(button, "Sign out")
	e.see(`main a[href="/login"]`)
}

func TestThoroughFirefox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.walk(t, w.firefox(t))
}

func TestThoroughWebKit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.walk(t, w.webkit(t))
}

// walk goes the whole way: from the enrolment to each way in, and out.
func (w *world) walk(t *testing.T, e *engine) {
	t.Helper()
	e.login(alice)
	e.see(lockedIn)
	e.open("/2fa/")
	e.push(button, "Switch on")
	e.see("#qr svg")
	phone := w.Emulator.Phone(alice)
	link := e.must("WebDriver:ExecuteScript", map[string]any{"script": `return document.querySelector("a[href^=otpauth]").href`, "args": []any{}})
	uri := expect.Try(value[string](link, nil)).OrFail(t)
	expect.NoError(t, phone.AddAccount(uri))
	e.fill("Type the code that the app shows", apptest.Code(t, phone))
	e.push(button, "Confirm")
	codes := e.texts("#codes li")
	e.open("/account")
	e.signOut()

	e.stopped(alice)
	if number, want := e.texts("#number")[0], phone.Pending()[0].Number; number != want {
		t.Errorf("the page shows %q, the phone wants %q", number, want)
	}
	answer(t, phone.Approve)
	e.signOut() // is in without a click

	e.stopped(alice)
	e.push("summary", useCode)
	e.fill(codeField, w.code(t, phone))
	e.push(button, sendCode)
	e.signOut()

	e.stopped(alice)
	e.push("summary", useRecovery)
	e.fill(recoveryField, codes[0])
	e.push(button, sendRecovery)
	e.signOut()

	e.stopped(alice)
	e.push("summary", useCode)
	e.fill(codeField, "12")
	answer(t, phone.Approve)
	e.wantStatus("You approved it on your phone")
	e.push("link", "Continue")
	e.signOut()

	e.stopped(alice)
	e.push(button, cancelSignIn)
	e.wantPath("/login")
}

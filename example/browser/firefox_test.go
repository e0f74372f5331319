package browser_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/internal/apptest"
)

// login logs in by password.
func (f *fox) login(email string) {
	f.t.Helper()
	f.open("/login")
	f.fill("E-mail address", email)
	f.fill("Password", app.Password)
	f.push(button, "Sign in")
}

// stopped logs in and waits for the challenge.
func (f *fox) stopped(email string) {
	f.t.Helper()
	f.world.Clock.Add(20 * time.Minute) // the requests until now don't count
	f.login(email)
	f.see(waiting)
}

// signOut ends what stopped began.
func (f *fox) signOut() {
	f.t.Helper()
	f.see(verifiedIn)
	f.wantPath("/account")
	f.push(button, "Sign out")
	f.see(`main a[href="/login"]`)
}

// The whole way in Firefox: from the enrolment to each way in, and out.
func TestThoroughFirefox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.firefox(t)
	f.login(alice)
	f.see(lockedIn)
	f.open("/2fa/")
	f.push(button, "Switch on")
	f.see("#qr svg")
	phone := w.Emulator.Phone(alice)
	link := f.must("WebDriver:ExecuteScript", map[string]any{"script": `return document.querySelector("a[href^=otpauth]").href`, "args": []any{}})
	uri, err := value[string](link, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := phone.AddAccount(uri); err != nil {
		t.Fatal(err)
	}
	f.fill(codeField, apptest.Code(t, phone))
	f.push(button, "Confirm")
	codes := f.texts("#codes li")
	f.open("/account")
	f.signOut()

	f.stopped(alice)
	if number, want := f.texts("#number")[0], phone.Pending()[0].Number; number != want {
		t.Errorf("the page shows %q, the phone wants %q", number, want)
	}
	answer(t, phone.Approve)
	f.signOut() // is in without a click

	f.stopped(alice)
	f.push("summary", useCode)
	f.fill(codeField, w.code(t, phone))
	f.push(button, sendCode)
	f.signOut()

	f.stopped(alice)
	f.push("summary", useRecovery)
	f.fill(recoveryField, codes[0])
	f.push(button, sendRecovery)
	f.signOut()

	f.stopped(alice)
	f.push("summary", useCode)
	f.fill(codeField, "12")
	answer(t, phone.Approve)
	f.wantStatus("You approved it on your phone")
	f.push("link", "Continue")
	f.signOut()

	f.stopped(alice)
	f.push(button, cancelSignIn)
	f.wantPath("/login")
}

package browser_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
)

// codeLogin signs in by a code, as when the phone can't be reached.
func (b *tab) codeLogin(email, code string) {
	b.t.Helper()
	b.stopped(email)
	b.click(codeWay)
	b.enter("#code", code)
	b.click(`form[action="/2fa/challenge/totp"] button`)
	b.see(verifiedIn)
}

// A transfer wants the phone: a code let the user in, but isn't enough for it.
func TestTransfer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.codeLogin(alice, w.code(t, phone))
	w.Clock.Add(20 * time.Minute) // the login's request to the phone is out of the way
	b.click("#transfer")
	b.see(`main[data-state="pending"] #number`)
	b.wantPath("/2fa/challenge")
	for _, text := range []string{"Confirm it’s you to go on", "Signed in as " + alice, "a code isn’t enough here", "Back to Acme"} {
		b.wantText(text)
	}
	b.click("#cancel")
	b.see(verifiedIn)
	b.click("#transfer")
	b.see(`main[data-state="pending"] #number`)
	answer(t, phone.Approve)
	b.see("#amount")
	b.wantPath("/transfer")

	// The form waits until the confirmation is too old.
	w.Clock.Add(20 * time.Minute)
	b.enter("#to", "Bob")
	b.enter("#amount", "5")
	b.click(`form[action="/transfer"] button`)
	b.see("#resend")
	b.wantText("please send it again")
	answer(t, phone.Approve)
	b.see("#amount")
	b.wantPath("/transfer")
	b.enter("#to", "Bob")
	b.enter("#amount", "5")
	b.click(`form[action="/transfer"] button`)
	b.see("#done")
	b.wantText("5 € would now be on the way to Bob")
}

// Where the phone can't be reached, the page says so and leads back.
func TestTransferWithoutThePhone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	w.Emulator.Misbehave(emulator.AnyOp, emulator.ResetFault(), 0)
	b := w.browser(t)
	b.login(alice)
	b.enter("#code", w.code(t, phone))
	b.click(`form[action="/2fa/challenge/totp"] button`)
	b.see(verifiedIn)
	b.click("#transfer")
	b.see(`main[data-state="none"]`)
	for _, text := range []string{"We can’t reach your phone right now.", "please come back to it later", "Try the phone again"} {
		b.wantText(text)
	}
	b.click("#cancel")
	b.see(verifiedIn)
	b.wantPath("/account")
}

// Who has no second factor is told to switch it on.
func TestTransferWithoutASecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.login(alice)
	b.click("#transfer")
	b.see(`main[data-message="enrol-first"]`)
	b.click("#next")
	b.see(`main[data-page="security"]`)
}

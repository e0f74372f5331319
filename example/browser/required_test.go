package browser_test

import (
	"testing"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

const dave = "dave@example.com"

// Whoever must have a second factor is led through the enrolment, and then to
// where the login led.
func TestRequired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.login(dave)
	b.see(`main[data-page="required"]`)
	b.wantPath("/2fa/enable")
	b.wantText("Acme requires it for your account")
	b.open("/account")
	b.see(`main[data-page="required"]`)
	b.open("/2fa/")
	b.see("#required")
	b.open("/account")
	b.click(`form[action="/2fa/enable"] button`)
	b.see("#qr svg")
	phone := w.Emulator.Phone(dave)
	expect.NoError(t, phone.AddAccount(b.readQR()))
	b.enter("#code", apptest.Code(t, phone))
	b.click(`form[action="/2fa/enable/confirm"] button`)
	b.see(`main[data-page="recovery"]`)
	b.click("#next")
	b.see(verifiedIn)
	b.wantPath("/account")

	b.click("#security")
	b.see(`main[data-page="security"][data-state="on"]`)
	b.wantText("so it can’t be switched off")
}

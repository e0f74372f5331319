package browser_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// The whole way in a browser with two tabs: the application, and the phone.
func TestPhone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.open("/")
	b.fits()
	b.open("/login")
	b.fits()
	b.login(alice)
	b.see(lockedIn)
	b.fits()

	b.click("#security")
	b.see(`main[data-page="security"][data-state="off"]`)
	b.click(`form[action="/2fa/enable"] button`)
	b.see("#qr svg")
	uri := b.attribute("#otpauth", "href")
	expect.Equal(t, b.readQR(), uri, "the QR code says, the link %q", uri)

	phone := b.another()
	phone.do(chromedp.Navigate(w.Emulator.URL + emulator.PhonePath))
	phone.click("#add")
	phone.enter("#uri", uri)
	phone.click(`form:has(#uri) button`)
	phone.see(".said") // the page before this one may show the account too, and go
	code := phone.text(`[data-account="` + alice + `"] [data-code]`)

	b.enter("#code", code)
	b.click(`form[action="/2fa/enable/confirm"] button`)
	b.see(`main[data-page="recovery"]`)
	b.click("#next")
	b.see(verifiedIn)
	b.click(`form[action="/logout"] button`)
	b.see(`main a[href="/login"]`)
	w.Clock.Add(apptest.Step)

	b.stopped(alice)
	b.wantPath("/2fa/challenge")
	number := b.text("#number")
	phone.see(`[data-request][data-email="` + alice + `"]`)
	phone.fits()
	phone.click(`[data-request] button[value="` + number + `"]`)
	b.see(verifiedIn) // without a click
	b.wantPath("/account")
	b.wantText("on the phone")
	b.fits()
	expect.Equal(t, len(w.Emulator.Calls(emulator.CreateSession)), 1, "calls for session tokens")

	b.click("#security")
	b.see(`main[data-page="security"][data-state="on"]`)
	b.click(`form[action="/2fa/disable"] button.danger`)
	b.see(`main[data-message="disabled"]`)
	b.click("#next")
	b.see(lockedIn)
	if got, want := w.actions(t), []string{"ENABLE", "DISABLE"}; !slices.Equal(got, want) {
		t.Errorf("the service was told %q, want %q", got, want)
	}
}

// actions are the changes that the service was told of.
func (w *world) actions(t *testing.T) []string {
	t.Helper()
	var actions []string
	for _, call := range w.Emulator.Calls(emulator.SyncStatus) {
		var body struct{ Action string }
		expect.NoError(t, json.Unmarshal(call.Body, &body))
		actions = append(actions, body.Action)
	}
	return actions
}

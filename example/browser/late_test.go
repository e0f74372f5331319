package browser_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/client/emulator"
)

// While the service hasn't been told of a change, the user's page says so in
// plain words, and since when.
func TestLateSync(t *testing.T) {
	t.Parallel()
	needChromium(t)
	w := newWorld(t)
	w.Emulator.Misbehave(emulator.SyncStatus, emulator.ResetFault(), 0)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	answer(t, phone.Approve)
	b.see(verifiedIn)
	b.open("/2fa/")
	b.see("#late")
	b.wantText("hasn’t been told yet")
	b.wantText("Waiting since")

	w.Emulator.Behave()
	w.Clock.Add(time.Hour)
	w.Sync(t)
	b.open("/2fa/")
	b.see(`main[data-state="on"]`)
	if get(b, chromedp.Evaluate[bool](`document.querySelector("#late") !== null`)) {
		t.Error("the page says that the service hasn't been told, and it has")
	}
}

package browser_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// The codes are shown once, and one of them is the way in without the phone; then
// the browser isn't asked any more, until it is to be again.
func TestRecoveryAndDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.login(alice)
	b.see(lockedIn)
	b.click("#security")
	b.click(`form[action="/2fa/enable"] button`)
	b.see("#qr svg")
	phone := w.Emulator.Phone(alice)
	expect.NoError(t, phone.AddAccount(b.attribute("#otpauth", "href")))
	code := w.code(t, phone)
	b.enter("#code", " "+code[:3]+" "+code[3:]) // as the app shows it
	b.click(`form[action="/2fa/enable/confirm"] button`)
	b.see(`main[data-page="recovery"] #print`)
	codes := strings.Fields(b.text("#codes"))
	if len(codes) != 10 {
		t.Fatalf("got codes %q, want ten", codes)
	}
	// The file has them too.
	file, err := url.PathUnescape(b.attribute("#download", "href"))
	if err != nil || !strings.Contains(file, strings.Join(codes, "\n")) {
		t.Errorf("the file has %q, %v, want the codes", file, err)
	}
	// They stay until they are kept, whatever is pressed.
	for name, press := range map[string]func(){
		"reload":              func() { b.do(chromedp.Reload()) },
		"back and forward":    func() { b.do(chromedp.NavigateBack()); b.do(chromedp.NavigateForward()) },
		"elsewhere, and back": func() { b.open("/2fa/"); b.see("#unkept"); b.do(chromedp.NavigateBack()) },
	} {
		press()
		b.see("#codes")
		expect.Slice(t, strings.Fields(b.text("#codes")), codes, "%s, codes", name)
	}
	b.click("#next")
	b.see(verifiedIn)
	b.wantPath("/account")
	b.do(chromedp.NavigateBack())
	b.see("#said")
	b.wantText("You have kept these codes")
	b.open("/account")
	b.click(`form[action="/logout"] button`)
	b.see(`main a[href="/login"]`)
	w.Clock.Add(apptest.Step)

	b.stopped(alice)
	b.click(`details:has(#recovery) summary`)
	b.see("#recovery")
	b.enter("#recovery", "0000-0000-0000-000")
	b.next(`button[formaction="/2fa/challenge/recovery"]`)
	b.see("#recovery-error")
	b.wantText("A recovery code has 16 letters and digits.")
	expect.Equal(t, b.attribute("#recovery", "value"), "0000-0000-0000-000", "in the field (what was typed)")
	b.enter("#recovery", "0000-0000-0000-0000") // in its place
	b.next(`button[formaction="/2fa/challenge/recovery"]`)
	b.see("#recovery-error")
	b.wantText("That is not one of your recovery codes")
	b.enter("#recovery", "“3. "+strings.ToLower(strings.ReplaceAll(codes[0], "-", "–"))+"”") // out of a document
	b.click(`input[name="trust"]`)
	b.click(`button[formaction="/2fa/challenge/recovery"]`)
	b.see(verifiedIn)
	b.wantText("by a recovery code")
	b.click(`form[action="/logout"] button`)
	b.see(`main a[href="/login"]`)

	b.login(alice) // nothing is asked
	b.see(verifiedIn)
	b.wantText("on this trusted device")
	b.click("#security")
	b.see(`main[data-page="security"][data-state="on"]`)
	b.wantText("9 left")
	b.click("#devices")
	b.see(`main[data-page="devices"] #revoke-0`)
	b.wantText("this device")
	b.click("#revoke-0")
	b.see(`main[data-page="challenge"]`) // the session that it let in has ended too
}

// The box for trusting the browser goes with an approval on the phone too.
func TestTrustByPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	b.click(`input[name="trust"]`)
	answer(t, phone.Approve)
	b.see(verifiedIn) // without a click
	b.wantText("on the phone")
	b.click(`form[action="/logout"] button`)
	b.see(`main a[href="/login"]`)
	w.Clock.Add(time.Hour)
	b.login(alice)
	b.see(verifiedIn)
	b.wantText("on this trusted device")
}

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

package browser_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/templates"
)

// The pages that are seldom seen, and the way on from each. How they look in each language
// is for the gallery.
func TestThoroughPages(t *testing.T) {
	t.Parallel()
	needChromium(t)
	for name, walk := range map[string]func(*testing.T){
		"phone": walkPhone, "step-up": walkStepUp, "codes": walkCodes, "addresses": walkAddresses, "ends": walkEnds,
	} {
		t.Run(name, walk)
	}
}

// walkPhone goes from another browser's request to one of this one's, which isn't
// approved, and to a pause.
func walkPhone(t *testing.T) {
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	b.loseAttempts()
	b.open("/2fa/challenge")
	b.see(`main[data-state="other_browser"]`)
	b.click(`form[action="/2fa/challenge/continue"] button`)
	b.see(waiting)

	b.click(codeWay)
	b.enter("#code", "12")
	answer(t, phone.Deny)
	b.see("#notice a")
	b.fits()
	b.click("#notice a")
	b.see(`form[action="/2fa/challenge"] button`)
	b.click(`form[action="/2fa/challenge"] button`)
	b.see(waiting)
	answer(t, phone.Deny)
	b.see(`main[data-state="not_approved"]:not(:has(form[action="/2fa/challenge"]))`)
	b.loseAttempts()
	b.open("/2fa/challenge")
	b.see(`main[data-page="challenge"]`)

	b.enterCode(w.code(t, phone))
	b.click(`form[action="/2fa/challenge/totp"] button`)
	b.see(verifiedIn)
}

// walkStepUp goes the same way when somebody who is signed in is asked once more, and
// back from a pause.
func walkStepUp(t *testing.T) {
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.codeLogin(alice, w.code(t, phone))
	w.Clock.Add(20 * time.Minute) // the login's request to the phone is out of the way
	b.click("#transfer")
	b.see(waiting)
	b.loseAttempts()
	b.open("/transfer")
	b.see(`main[data-state="other_browser"]`)
	b.click(`form[action="/2fa/challenge/continue"] button`)
	b.see(waiting)
	answer(t, phone.Deny)
	b.see(`main[data-state="not_approved"]`)
	b.click(`form[action="/2fa/challenge"] button`)
	b.see(waiting)
	answer(t, phone.Deny)
	b.see(`main[data-state="not_approved"]:not(:has(form[action="/2fa/challenge"]))`)
	b.click("#cancel")
	b.see(verifiedIn)
}

// walkCodes types wrong codes of both kinds until no more are taken.
func walkCodes(t *testing.T) {
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	answer(t, phone.Deny)
	b.see(`main[data-state="not_approved"]`)
	wrong := w.WrongCode(t, phone)
	for range 2 {
		b.enterCode(wrong)
		b.next(`form[action="/2fa/challenge/totp"] button`)
		b.see("#code-error")
	}

	w.change(t, func(a *records.Account) { a.RecoveryFailures = 49 })
	b.click(`details:has(#recovery) summary`)
	b.enter("#recovery", "0000-0000-0000-0000")
	b.next(`button[formaction="/2fa/challenge/recovery"]`)
	b.see("#recovery-error:not(:has(~ input))")
	w.change(t, func(a *records.Account) { a.Failures = 19 })
	b.enterCode(wrong)
	b.next(`form[action="/2fa/challenge/totp"] button`)
	b.see("#code-error")
}

// walkEnds sends a form before the proof, cancels, rejects a request, and finds the account
// closed and the way to open it.
func walkEnds(t *testing.T) {
	w := newWorld(t, middleware.WithFalseResult(eagate.Rejection), middleware.WithHoldOnRejection(),
		middleware.WithPages(templates.WithLinks(templates.Links{Password: "/forgotten", Help: "https://help.example/"})))
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	b.open("/")
	get(b, chromedp.Evaluate[any](`{
		const form = document.createElement("form");
		form.method = "post";
		form.action = "/transfer";
		document.body.append(form);
		form.submit();
	}`))
	b.see(`main[data-message="form-locked"]`)
	b.click("#next")
	b.see(waiting)
	b.click("#cancel")
	b.see(`input[name="password"]`)
	b.wantPath("/login")

	b.stopped(alice)
	answer(t, phone.Deny)
	b.see(`main[data-message="rejected"]`)
	b.login(alice)
	b.see(`main[data-message="held"]`)
	b.next("#next")
	b.wantPath("/forgotten")
}

// walkAddresses sets up a phone under an address that another user has already, who
// then gets another one.
func walkAddresses(t *testing.T) {
	var moved atomic.Bool
	w := newWorld(t, middleware.WithEmail(func(_ context.Context, userID string) (string, error) {
		if userID == aliceID && moved.Load() {
			return "alice@new.example.com", nil
		}
		return alice, nil
	}))
	w.enrolled(t, alice)
	b := w.browser(t)
	b.login("bob@example.com")
	b.see(lockedIn)
	b.click("#security")
	b.click(`form[action="/2fa/enable"] button`)
	b.see("#codes-only")
	phone := expect.Try(emulator.ParseAccount(b.attribute("#otpauth", "href"))).OrFail(t)
	code := expect.Try(phone.Code(w.Clock.Now())).OrFail(t)
	b.enter("#code", code)
	b.click(`form[action="/2fa/enable/confirm"] button`)
	b.see(`main[data-page="recovery"]`)
	b.open("/2fa/")
	b.see("#codes-only")
	b.open("/account")
	b.click(`form[action="/logout"] button`)
	b.see(`main a[href="/login"]`)
	b.login("bob@example.com")
	b.see(`main[data-page="challenge"][data-state="none"]`)

	moved.Store(true)
	b = w.browser(t)
	b.login(alice)
	b.see(`main[data-page="challenge"][data-state="none"]`)
	b.enter("#code", w.code(t, w.Emulator.Phone(alice)))
	b.click(`form[action="/2fa/challenge/totp"] button`)
	b.see(verifiedIn)
	b.open("/2fa/")
	b.see("#moved")
}

// aliceID is the application's ID of her.
const aliceID = "1"

// change changes what the store holds of her.
func (w *world) change(t *testing.T, change func(*records.Account)) {
	t.Helper()
	err := w.Records(t).UpdateAccount(t.Context(), aliceID, func(a *records.Account) error {
		change(a)
		return nil
	})
	expect.NoError(t, err)
}

// loseAttempts deletes the cookies by which the browser is known as the one that has
// begun something.
func (b *tab) loseAttempts() {
	b.t.Helper()
	all, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{b.world.url}})
	expect.NoError(b.t, err)
	lost := 0
	for _, c := range all.Cookies {
		if strings.HasPrefix(c.Name, "eagate-browser-") {
			lost++
			if _, err := chromedp.Call(b.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: c.Name, URL: b.world.url}); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	expect.Differ(b.t, lost, 0, "the browser has none of the cookies that are to be lost")
}

// next is click, and waits for another page.
func (b *tab) next(element string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`document.body.id = "before"`))
	b.click(element)
	b.see("body:not(#before)")
}

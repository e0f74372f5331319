package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/templates"
)

// The whole way by keyboard only in Arabic, from right to left, with scripts and without.
func TestRightToLeft(t *testing.T) {
	t.Parallel()
	for _, script := range []bool{true, false} {
		name := map[bool]string{true: "with script", false: "without"}[script]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, middleware.WithPages(templates.WithLanguages(templates.Arabic)))
			b := w.browser(t)
			if !script {
				b.withoutScript()
			}
			b.loginByKeys(alice)
			b.see(lockedIn)
			b.goBy("#security", `main[data-page="security"][data-state="off"]`)
			b.goBy(`form[action="/2fa/enable"] button`, "#qr svg")
			phone := w.Emulator.Phone(alice)
			expect.NoError(t, phone.AddAccount(b.attribute("#otpauth", "href")))
			b.tabTo("#code")
			b.press(apptest.Code(t, phone) + kb.Enter)
			b.see(`main[data-page="recovery"]`)
			b.wantFromTheRight()
			b.tabTo("#next")
			b.press(kb.Enter)
			b.see(verifiedIn)
			b.tabTo(`form[action="/logout"] button`)
			b.press(kb.Enter)
			b.see(`main a[href="/login"]`)

			b.loginByKeys(alice)
			b.see(waiting)
			b.wantFromTheRight()
			if script {
				b.tabTo(`#prove details:has(#code) summary`)
				b.press(kb.Enter)
			} else {
				b.goBy(`noscript a[href="/2fa/challenge?code=1"]`, "details[open] #code")
			}
			b.see("details[open] #code")
			b.tabTo("#code")
			b.press(w.WrongCode(t, phone) + kb.Enter)
			b.see("#code-error")
			b.wantFromTheRight()
			if !b.focused("#code") {
				t.Error("after a wrong code, the field doesn't have the focus")
			}
			b.press(w.code(t, phone) + kb.Enter)
			b.see(verifiedIn)
			b.wantPath("/account")
		})
	}
}

// loginByKeys is login by keyboard only.
func (b *tab) loginByKeys(email string) {
	b.t.Helper()
	b.open("/login")
	b.tabTo("#email")
	b.press(email)
	b.tabTo("#password")
	b.press(app.Password + kb.Enter)
}

// goBy follows a link, or presses a button, to a page from right to left, which shows an
// element.
func (b *tab) goBy(element, to string) {
	b.t.Helper()
	b.tabTo(element)
	b.press(kb.Enter)
	b.see(to)
	b.wantFromTheRight()
}

// wantFromTheRight fails the test unless the page begins at the right.
func (b *tab) wantFromTheRight() {
	b.t.Helper()
	expect.Equal(b.t, get(b, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("h1")).direction`)), "rtl", "the page")
}

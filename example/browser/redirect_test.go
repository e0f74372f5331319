package browser_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/middleware"
)

// newHosted is newWorld with the service's own page showing the number.
func newHosted(t *testing.T, mode eagate.Mode, options ...middleware.Option) *world {
	t.Helper()
	return newWorldIn(t, mode, func(app http.Handler) http.Handler { return app }, options...)
}

const (
	toWebview = `main[data-state="pending"] #webview`
	inWebview = `[data-number]` // of the emulator's page
)

// sent logs in and waits for the way to the service's page.
func (b *tab) sent(email string) {
	b.t.Helper()
	b.login(email)
	b.see(toWebview)
	b.wantPath("/2fa/challenge")
}

// The way to the service's page and back.
func TestRedirect(t *testing.T) {
	t.Parallel()
	w := newHosted(t, eagate.Redirect)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.sent(alice)
	b.click("#webview")
	b.see(inWebview)
	b.wantPath(emulator.WebviewPath)
	if got, want := b.text(inWebview), phone.Pending()[0].Number; got != want {
		t.Errorf("the service's page shows %q, want %q", got, want)
	}
	answer(t, phone.Approve)
	b.see(verifiedIn) // without a click
	b.wantPath("/account")
	b.wantText("on the phone")
}

// Whoever has no phone at hand goes back, and types a code.
func TestRedirectAndBack(t *testing.T) {
	t.Parallel()
	w := newHosted(t, eagate.Redirect)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.sent(alice)
	b.click("#webview")
	b.see(inWebview)
	b.do(chromedp.NavigateBack())
	b.see(toWebview)
	b.click(codeWay)
	b.enter("#code", w.code(t, phone))
	b.click(`form[action="/2fa/challenge/totp"] button`)
	b.see(verifiedIn)
	b.wantPath("/account")
	b.wantText("by a code")
}

func TestRedirectRejected(t *testing.T) {
	t.Parallel()
	w := newHosted(t, eagate.Redirect, middleware.WithFalseResult(eagate.Rejection))
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.sent(alice)
	b.click("#webview")
	b.see(inWebview)
	answer(t, phone.Deny)
	b.ended()
	b.login(alice)
	b.see("#code")
	b.enter("#code", w.code(t, phone))
	b.click(`form[action="/2fa/challenge/totp"] button`)
	b.see(verifiedIn)
	b.wantPath("/account")
}

// Each error of the service's page has a text and a next step, which a reload
// doesn't take away.
func TestRedirectErrors(t *testing.T) {
	t.Parallel()
	needChromium(t)
	for _, test := range []struct {
		code, said, text, next string
	}{
		{"REJECT", "rejected", "says that the sign-in was rejected", `form[action="/2fa/challenge"] button`},
		{"TIMEOUT", "timeout", "The time on the eAuthenticator page ran out", `form[action="/2fa/challenge"] button`},
		{"INTERNAL_SERVER_ERROR", "fault", "Something went wrong", "#webview"},
		{"<script>alert(1)</script>", "unclear", "without an answer", "#webview"},
	} {
		t.Run(test.said, func(t *testing.T) {
			t.Parallel()
			w := newHosted(t, eagate.Redirect)
			phone := w.enrolled(t, alice)
			b := w.browser(t)
			b.sent(alice)
			w.Emulator.Forge(func(r *emulator.Return) { r.Token, r.Error = "", test.code })
			b.click("#webview")
			page := `main[data-state="pending"] #returned[data-return="` + test.said + `"]`
			b.see(page)
			b.wantPath("/2fa/challenge")
			b.wantText(test.text)
			b.see(codeWay)
			b.do(chromedp.Reload())
			b.see(page)

			w.Emulator.Behave()
			b.click(test.next)
			if test.next != "#webview" {
				b.see(`#push:not(:has(#returned)) #webview`)
				b.click("#webview")
			}
			b.see(inWebview)
			answer(t, phone.Approve)
			b.see(verifiedIn)
			b.wantPath("/account")
		})
	}
}

// Where the service's report comes after the browser, the page waits for it.
func TestRedirectBeforeTheReport(t *testing.T) {
	t.Parallel()
	needChromium(t)
	for _, script := range []bool{true, false} {
		name := map[bool]string{true: "script", false: "no script"}[script]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newHosted(t, eagate.Redirect)
			phone := w.enrolled(t, alice)
			b := w.browser(t)
			if !script {
				b.withoutScript()
			}
			b.sent(alice)
			w.Emulator.Forge(func(*emulator.Return) {})
			b.click("#webview")
			b.see(`#returned[data-return="done"]`)
			answer(t, phone.Approve)
			b.see(verifiedIn) // without a click
			b.wantPath("/account")
		})
	}
}

// Without scripts, a link leads to the service's page in either mode.
func TestHostedWithoutScript(t *testing.T) {
	t.Parallel()
	needChromium(t)
	for _, mode := range []eagate.Mode{eagate.Redirect, eagate.Popup} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			w := newHosted(t, mode)
			phone := w.enrolled(t, alice)
			b := w.browser(t)
			b.withoutScript()
			b.sent(alice)
			b.click("#webview")
			b.see(inWebview)
			answer(t, phone.Approve)
			b.see(verifiedIn) // the emulator's page refreshes itself
			b.wantPath("/account")
		})
	}
}

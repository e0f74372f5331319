package browser_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/internal/expect"
)

// withoutScript switches scripts off.
func (b *tab) withoutScript() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		b.t.Fatal(err)
	}
}

// Without scripts, the page that waits looks again by itself.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.withoutScript()
	b.stopped(alice)
	b.see("noscript a")
	b.do(chromedp.WaitNotVisible(chromedp.CSS("#code"))) // what is typed would be lost
	request := expect.Try(phone.Wait(t.Context())).OrFail(t)
	expect.Equal(t, b.text("#number"), request.Number, "the number on the page")
	answer(t, phone.Approve)
	b.see(verifiedIn) // without a click
	b.wantPath("/account")
}

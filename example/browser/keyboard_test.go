package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/eagate/eagate/example/demo/app"
)

// tabTo goes on by the Tab key until the element has the focus.
func (b *tab) tabTo(element string) {
	b.t.Helper()
	for range 20 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if b.focused(element) {
			return
		}
	}
	b.t.Fatalf("the Tab key doesn't get to %s", element)
}

func (b *tab) focused(element string) bool {
	b.t.Helper()
	return get(b, chromedp.Evaluate[bool]("document.activeElement.matches(`"+element+"`)"))
}

// press presses keys, one after the other.
func (b *tab) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// The way in, by keyboard only: by the number, and by a code.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.open("/")
	b.tabTo(`main a[href="/login"]`)
	b.press(kb.Enter)
	b.see("#email:focus")
	b.press(alice)
	b.tabTo("#password")
	b.press(app.Password + kb.Enter)
	b.see(waiting)

	b.tabTo(codeWay)
	b.press(kb.Enter)
	b.see("details[open] #code:focus")
	b.press("000000" + kb.Enter)
	b.see("#code-error")
	if !b.focused("#code") {
		t.Error("after a wrong code, the field doesn't have the focus")
	}
	b.press(w.code(t, phone) + kb.Enter)
	b.see(verifiedIn)
	b.wantPath("/account")

	b.tabTo(`form[action="/logout"] button`)
	b.press(kb.Enter)
	b.see(`main a[href="/login"]`)
}

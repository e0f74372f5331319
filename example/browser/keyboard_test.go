package browser_test

import (
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
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
